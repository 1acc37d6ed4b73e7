// The door for whoever measures detection: frames, and what is in them.
import type { PcapFrame } from '../../host/capture/pcap-writer.ts';
import { LINK_ETHERNET } from '../../schema/frame.ts';
import type { Direction } from '../attacks/attack.ts';
import { CALM, type Conditions } from '../conditions.ts';
import { DEVICE_KINDS, type DeviceKindName, type DeviceSetting, SERVED_ADDRESSES } from '../devices/index.ts';
import { cutFrames } from '../events/cut-frames.ts';
import { type CaptureFaults, lossyCapture } from '../events/lossy-capture.ts';
import { withReboots } from '../events/reboots.ts';
import { DEVICE, HomeNetwork } from '../home-network.ts';
import type { Family } from '../hosts.ts';
import { Playback } from '../playback.ts';
import { Random, seedFor } from '../random.ts';
import type { Period } from '../schedule.ts';
import type { Activity } from '../timeline.ts';

/** As DetectionKind of schema/message-3.0.proto names them. */
export type AttackKind =
  | 'HORIZONTAL_SCAN'
  | 'VERTICAL_SCAN'
  | 'ADDRESS_SWEEP'
  | 'SYN_FLOOD'
  | 'UDP_FLOOD'
  | 'ICMP_FLOOD'
  | 'REFLECTION'
  | 'BRUTE_FORCE'
  | 'BEACON'
  | 'DNS_TUNNEL'
  | 'ICMP_TUNNEL'
  | 'SUSPICIOUS_ADDRESS'
  | 'FIRST_CONTACT';

/** One attack to be put into a scenario. */
export interface AttackVariant {
  readonly kind: AttackKind;
  readonly direction: Direction;
  readonly family: Family;
  /** How fast, in the unit's words: 1.4 hosts/s, 60 s. */
  readonly rate: number;
  readonly unit: string;
  /** What else distinguishes it from others of its kind: 'TCP, silent'. */
  readonly manner: string;
  readonly durationMs: number;
  /** How long the device is looked at before; default a quarter to half an hour. */
  readonly leadInMs?: number;
  /** It needs a device that has several addresses. */
  readonly needsGateway?: boolean;
  /** Prefixes of a list that holds the attacker. */
  readonly indicators?: readonly string[];
  readonly make: (network: HomeNetwork, random: Random, startMs: number, durationMs: number) => Activity;
}

/** One attack as it is in a scenario. */
export interface ScenarioAttack {
  readonly kind: AttackKind;
  readonly direction: Direction;
  readonly family: Family;
  readonly rate: number;
  readonly unit: string;
  readonly manner: string;
  /** Since 1970. The last answers may come a little after the end. */
  readonly startMs: number;
  readonly endMs: number;
}

export interface Scenario {
  readonly name: string;
  readonly seed: number;
  /** The device that all of it happens to. */
  readonly device: DeviceKindName;
  /** Of the first attack; none where the device is at peace. */
  readonly kind?: AttackKind;
  /** Since 1970. */
  readonly attackStartMs?: number;
  readonly attacks: readonly ScenarioAttack[];
  /** What an indicator list has to hold for the attack to be seen. */
  readonly indicators: readonly string[];
  readonly period: Period;
  /** LINKTYPE_ */
  readonly linkType: number;
  /** The device's, with prefixes. */
  readonly localAddresses: readonly string[];
  /** In order of time; made anew, and the same, each time they are iterated. */
  readonly frames: Iterable<PcapFrame>;
}

export interface ScenarioOptions {
  readonly name: string;
  /** 32 bits count. */
  readonly seed: number;
  readonly device: DeviceKindName;
  readonly period: Period;
  readonly attacks?: ReadonlyArray<{ readonly variant: AttackVariant; readonly startMs: number }>;
  readonly conditions?: Conditions;
  /** Since 1970. */
  readonly rebootsMs?: readonly number[];
  /** What else goes on around the device. */
  readonly events?: (setting: DeviceSetting) => readonly Activity[];
  /** Bytes that the capture keeps of each frame; default all. */
  readonly snapLength?: number;
  /** Default none. */
  readonly captureFaults?: CaptureFaults;
}

export function scenario(options: ScenarioOptions): Scenario {
  const { name, seed, device, period, attacks = [], snapLength, captureFaults } = options;
  const facts = attacks.map(({ variant, startMs }): ScenarioAttack => {
    const { kind, direction, family, rate, unit, manner, durationMs } = variant;
    return { kind, direction, family, rate, unit, manner, startMs, endMs: startMs + durationMs };
  });
  const [first] = facts;
  return {
    name,
    seed,
    device,
    ...(first === undefined ? {} : { kind: first.kind, attackStartMs: first.startMs }),
    attacks: facts,
    indicators: attacks.flatMap(({ variant }) => variant.indicators ?? []),
    period,
    linkType: LINK_ETHERNET,
    localAddresses: localAddressesOf(device),
    frames: {
      [Symbol.iterator]: () => {
        const whole = framesOf(options);
        const random = new Random(seedFor('capture', seed));
        const frames = captureFaults === undefined ? whole : lossyCapture(whole, random, captureFaults);
        return snapLength === undefined ? frames : cutFrames(frames, snapLength);
      },
    },
  };
}

export function localAddressesOf(device: DeviceKindName): readonly string[] {
  const own = [`${DEVICE.address}/24`, `${DEVICE.addressV6}/64`];
  return device === 'gateway' ? [...own, ...SERVED_ADDRESSES] : own;
}

function framesOf(options: ScenarioOptions): Generator<PcapFrame> {
  const { seed, device, period, attacks = [], rebootsMs = [], events } = options;
  const playback = new Playback();
  const random = new Random(seed);
  const network = new HomeNetwork(playback, options.conditions ?? CALM);
  const start = (activity: Activity) => {
    playback.start(activity);
  };
  const setting = {
    network,
    random: random.fork(),
    period,
    boots: false,
    world: seedFor('world', seed),
    start,
  };
  playback.start(...withReboots(DEVICE_KINDS[device], setting, rebootsMs));
  const eventSetting = { ...setting, random: random.fork() };
  playback.start(...(events?.(eventSetting) ?? []));
  for (const { variant, startMs } of attacks) {
    playback.start(variant.make(network, random.fork(), startMs, variant.durationMs));
  }
  return playback.frames();
}
