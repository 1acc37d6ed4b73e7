// The captures of the demonstration: ten minutes of an ordinary device, and of one that is taken over in the middle.
import type { PcapFrame } from '../host/capture/pcap-writer.ts';
import { LINK_ETHERNET } from '../schema/frame.ts';
import { DEVICE, HomeNetwork } from './home-network.ts';
import { ordinaryDevice } from './ordinary-device.ts';
import { Random } from './random.ts';
import { type TelnetWorm, telnetWorm } from './telnet-worm.ts';
import { Timeline } from './timeline.ts';

export interface CaptureOptions {
  /** Of the first minute, since 1970; default 2025-06-02 08:00 UTC. */
  readonly startMs?: number;
}

export interface DeviceCapture {
  /** In order of time, whole frames. */
  readonly frames: readonly PcapFrame[];
  /** LINKTYPE_ */
  readonly linkType: number;
  /** The device's, with the prefixes of its networks. */
  readonly localAddresses: readonly string[];
}

export interface DemoCapture extends DeviceCapture {
  /** One sentence for people. */
  readonly description: string;
  readonly scan: TelnetWorm;
}

/** A Monday. */
const START_MS = 1_748_851_200_000;
const MINUTE = 60_000;
const DURATION_MS = 10 * MINUTE;
const SCAN_AFTER_MS = 4 * MINUTE;
const SCAN_TARGETS = 400;
const SCAN_HOSTS_PER_SECOND = 4;

/**
 * The same seed (32 bits count) gives the same bytes.
 *
 * @example
 * const { frames, linkType } = demoCapture(1);
 * writeFileSync('demo.pcap', pcapBytes(frames, { linkType }));
 */
export function demoCapture(seed: number, { startMs = START_MS }: CaptureOptions = {}): DemoCapture {
  const random = new Random(seed);
  const timeline = new Timeline();
  const network = new HomeNetwork(timeline);
  ordinaryDevice(network, random.fork(), { startMs, durationMs: DURATION_MS });
  const scan = telnetWorm(network, random.fork(), {
    startMs: startMs + SCAN_AFTER_MS,
    targets: SCAN_TARGETS,
    hostsPerSecond: SCAN_HOSTS_PER_SECOND,
  });
  return {
    ...captureOf(timeline),
    description: `Ten minutes of a sensor that talks to its hub and its vendor's cloud; after four minutes it is taken over and looks for telnet on ${SCAN_TARGETS} addresses.`,
    scan,
  };
}

/** Ten minutes of a device that nothing happens to; the same seed gives the same bytes. */
export function ordinaryCapture(seed: number, { startMs = START_MS }: CaptureOptions = {}): DeviceCapture {
  const timeline = new Timeline();
  const network = new HomeNetwork(timeline);
  ordinaryDevice(network, new Random(seed), { startMs, durationMs: DURATION_MS });
  return captureOf(timeline);
}

function captureOf(timeline: Timeline): DeviceCapture {
  return {
    frames: timeline.frames(),
    linkType: LINK_ETHERNET,
    localAddresses: [`${DEVICE.address}/24`, `${DEVICE.addressV6}/64`],
  };
}
