// Frames for claims about detection: attempts and what becomes of them, at whatever pace, through a core; and what the core then says.

import { type DetectionRecord, readDetections } from '../../bindings/js/detections.ts';
import { KEY_UNICAST_ONLY } from '../../schema/configuration-block.ts';
import { type Entry, numbers } from './configuration-block.ts';
import { type DrivenCore, EPOCH, startedCore } from './driven-core.ts';
import type { Frame } from './packet-model.ts';
import { DEVICE_V4, DEVICE_V6, frame, type PacketOptions } from './packets.ts';
import type { Profile } from './profiles.ts';

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;

export type Way = 'out' | 'in';
/** What the other side makes of an attempt. */
export type Fate = 'silent' | 'refuses' | 'answers' | 'closes without data';

export interface Attempt {
  /** Whose it is; default out: the device's. */
  readonly way?: Way;
  readonly peer: Uint8Array;
  readonly protocol?: 'TCP' | 'UDP' | 'ICMP';
  /** Of the one who is asked. */
  readonly port?: number;
  /** Of the one who asks. */
  readonly from?: number;
  readonly fate?: Fate;
}

/** The profiles that notice anything. */
export const NOTICING: readonly Profile[] = ['standard', 'gateway'];

/** Laid out in order, each at its time; `detections` lets 10 s pass behind the last frame. */
export class DetectionRun {
  readonly core: DrivenCore;
  /** ms. */
  time = EPOCH;
  readonly #noticed = new Map<number, DetectionRecord>();
  #clientPort = 40_000;

  constructor(profile: Profile, ...entries: Entry[]) {
    this.core = startedCore(profile, numbers(KEY_UNICAST_ONLY, 0), ...entries);
    this.core.exports.connect();
  }

  wait(ms: number): this {
    this.time += ms;
    return this;
  }

  attempt({ way = 'out', peer, protocol = 'TCP', port = 23, from, fate = 'silent' }: Attempt): this {
    const client = from ?? 20_000 + (this.#clientPort++ % 40_000);
    const there = { ...between(way, peer), protocol, fromPort: client, toPort: port };
    const back = { ...between(way === 'out' ? 'in' : 'out', peer), protocol, fromPort: port, toPort: client };
    if (protocol !== 'TCP') {
      this.send(protocol === 'ICMP' ? echo(there, false) : frame({ ...there, payload: 12 }));
      if (fate === 'answers')
        this.send(protocol === 'ICMP' ? echo(back, true) : frame({ ...back, payload: 12 }), 20);
      return this;
    }
    this.send(tcp(there, SYN));
    if (fate === 'silent') return this;
    if (fate === 'refuses') return this.send(tcp(back, RST | ACK), 20);
    this.send(tcp(back, SYN | ACK), 20).send(tcp(there, ACK));
    if (fate === 'answers') return this.send(tcp(there, PSH | ACK, 40)).send(tcp(back, PSH | ACK, 60), 20);
    return this.send(tcp(there, RST | ACK));
  }

  /** A connection of so many packets with data each way, `ms` long. */
  session(
    { way = 'out', peer, port = 23 }: Attempt,
    {
      turns,
      payloadThere,
      payloadBack,
      ms,
    }: { turns: number; payloadThere: number; payloadBack: number; ms: number },
  ): this {
    const client = 20_000 + (this.#clientPort++ % 40_000);
    const there = { ...between(way, peer), fromPort: client, toPort: port };
    const back = { ...between(way === 'out' ? 'in' : 'out', peer), fromPort: port, toPort: client };
    this.send(tcp(there, SYN))
      .send(tcp(back, SYN | ACK), 10)
      .send(tcp(there, ACK));
    for (let turn = 0; turn < turns; turn++) {
      this.send(tcp(back, PSH | ACK, payloadBack), ms / turns / 2).send(
        tcp(there, PSH | ACK, payloadThere),
        ms / turns / 2,
      );
    }
    return this.send(tcp(there, FIN | ACK))
      .send(tcp(back, FIN | ACK))
      .send(tcp(there, ACK));
  }

  send(next: Frame, afterMs = 0): this {
    this.time += Math.round(afterMs);
    this.core.put(next, this.time);
    this.core.flush(() => this.#look());
    return this;
  }

  /** Everything noticed since the start, oldest first. */
  detections(): DetectionRecord[] {
    for (const end = this.time + 10_000; this.time < end; this.time += 1_000) this.tick();
    return [...this.#noticed.values()];
  }

  /** What was noticed, in short: `out HORIZONTAL_SCAN`. */
  kinds(): string[] {
    return this.detections().map(
      ({ direction, detection }) => `${direction === 'OUTBOUND' ? 'out' : 'in'} ${detection}`,
    );
  }

  tick(): void {
    this.core.tick(this.time);
    this.#look();
  }

  #look(): void {
    this.core.drain();
    const { DETECT } = this.core.exports;
    if (!DETECT) return;
    for (const detection of readDetections(this.core.view, DETECT.value)) {
      this.#noticed.set(detection.number, detection);
    }
  }
}

function between(way: Way, peer: Uint8Array): Pick<PacketOptions, 'from' | 'to'> {
  const device = peer.length === 4 ? DEVICE_V4 : DEVICE_V6;
  return way === 'out' ? { from: device, to: peer } : { from: peer, to: device };
}

function tcp(options: PacketOptions, flags: number, payload = 0): Frame {
  const made = frame({ ...options, protocol: 'TCP', payload });
  made.bytes[transportAt(options) + 13] = flags;
  return made;
}

function echo(options: PacketOptions, isReply: boolean): Frame {
  const made = frame({ ...options, protocol: 'ICMP', payload: 56 });
  const isV4 = options.to?.length === 4;
  made.bytes[transportAt(options)] = isV4 ? (isReply ? 0 : 8) : isReply ? 129 : 128;
  return made;
}

function transportAt({ to }: PacketOptions): number {
  return 14 + (to?.length === 16 ? 40 : 20);
}
