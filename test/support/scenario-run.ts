// Frames of a scenario through the real core, and beside it through the tests' own model of what a frame is worth.
import type { IgnoredReason } from '../../bindings/js/status.ts';
import type { PcapFrame } from '../../host/capture/index.ts';
import { LINK_ETHERNET } from '../../schema/frame.ts';
import { FIRST_AT_ONCE, intervals, STRICT, seed } from './configuration-block.ts';
import { type DeviceSettings, entriesOf, modelOf, v4, v6 } from './device.ts';
import { DrivenCore } from './driven-core.ts';
import { judge } from './packet-model.ts';

export interface Verdicts {
  /** By number of schema/reasons.ts, as the core counted them. */
  readonly core: readonly number[];
  /** As the model judged them, by name. */
  readonly model: Readonly<Partial<Record<'counted' | IgnoredReason, number>>>;
}

/** localAddresses: with prefixes or without. */
export function verdictsOn(frames: Iterable<PcapFrame>, localAddresses: readonly string[]): Verdicts {
  const settings: DeviceSettings = {
    locals: localAddresses.map((text) => {
      const [address = '', prefix = '0'] = text.split('/');
      return { address: address.includes(':') ? v6(address) : v4(address), prefix: Number(prefix) };
    }),
    unicastOnly: true,
    protocols: ['TCP', 'UDP', 'ICMP'],
    networkActivity: true,
  };
  const device = modelOf(settings);
  const model: Partial<Record<'counted' | IgnoredReason, number>> = {};
  const core = new DrivenCore('gateway');
  const code = core.configure(seed(1), STRICT, intervals(10, 30, 60), FIRST_AT_ONCE, ...entriesOf(settings));
  if (code !== 0) throw new Error(`the core does not take the configuration: ${code}`);
  let isStarted = false;
  for (const { timeMs, bytes, originalLength = bytes.length } of frames) {
    const time = Math.floor(timeMs);
    if (!isStarted) core.start(time);
    isStarted = true;
    const frame = { link: LINK_ETHERNET, bytes, original: originalLength };
    const { verdict } = judge(frame, device);
    model[verdict] = (model[verdict] ?? 0) + 1;
    if (core.put(frame, time)) continue;
    core.flush(() => core.drain());
    core.drain();
    core.put(frame, time);
  }
  core.flush(() => core.drain());
  return { core: core.verdicts(), model };
}
