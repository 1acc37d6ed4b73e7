// Messages as the real core writes them, for what reads messages.

import type { CoreConfiguration } from '../../bindings/js/configuration.ts';
import { writeFrame } from '../../bindings/js/frames.ts';
import { loadCore } from '../../bindings/js/load.ts';
import { frame, type PacketOptions } from './packets.ts';
import { type Profile, wasmBytes } from './profiles.ts';

export const START = 1_700_000_000_000;

/** Everything that one collection of all collectors says about the packets, copied out of the core. */
export async function coreMessages(
  packets: readonly PacketOptions[],
  configuration: CoreConfiguration = {},
  profile: Profile = 'standard',
): Promise<Uint8Array[]> {
  const core = await loadCore(wasmBytes(profile));
  core.configure({
    seed: new Uint8Array(32).fill(1),
    localAddresses: ['10.0.0.5/24', '2001:db8::5/64'],
    operatingSystem: 'Test OS 1',
    ...configuration,
  });
  core.start(START);
  for (const options of packets) {
    const { bytes, original } = frame(options);
    const length = writeFrame(core.input, 0, START + 5, bytes, { originalLength: original });
    core.observe(0, length);
  }
  const messages: Uint8Array[] = [];
  core.collect(START + 10_000);
  for (let message = core.nextMessage(); message; message = core.nextMessage()) {
    messages.push(message.bytes.slice());
    core.acknowledge(message.sequence);
    core.tick(START + 10_000);
  }
  return messages;
}
