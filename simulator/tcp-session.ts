// One TCP connection as its frames are seen at the device: handshake, data cut into segments, acknowledgements, end.
import type { HeaderOptions, HomeNetwork } from './home-network.ts';
import {
  ACK,
  type Address,
  addressBytes,
  FIN,
  maximumSegmentSize,
  PSH,
  RST,
  SYN,
  type TcpSegment,
  tcpSegment,
  WINDOW,
} from './packets/index.ts';
import type { Random } from './random.ts';

export type Side = 'device' | 'remote';

export interface TcpSessionOptions {
  readonly devicePort: number;
  readonly remoteAddress: Address;
  readonly remotePort: number;
  /** Of the first SYN. */
  readonly startMs: number;
  readonly roundTripMs: number;
  /** Who opens; default the device. */
  readonly initiator?: Side;
  /** Which of its addresses the device uses, where it has several. */
  readonly deviceAddress?: Address;
}

const NOTHING = new Uint8Array(0);
/** 1,500 less two headers of 20 bytes; over IPv6 20 bytes fewer. */
const SEGMENT = 1460;
const SEGMENT_V6 = 1440;
/** How long the device takes to answer, ms. */
const DEVICE_THINKS = [0.2, 1.5] as const;
/** Between two frames of one sender, ms: 1,500 bytes at 100 Mbit/s take 0.12. */
const BACK_TO_BACK = [0.12, 0.3] as const;

interface End {
  /** Of the next byte to be sent. */
  sequence: number;
  /** It has received data that it has not acknowledged yet. */
  owesAck: boolean;
  hasSpoken: boolean;
}

export class TcpSession {
  /** Of the latest frame, and where the next one is counted from. */
  timeMs: number;
  readonly #network: HomeNetwork;
  readonly #random: Random;
  readonly #options: TcpSessionOptions;
  readonly #initiator: Side;
  readonly #ends: Readonly<Record<Side, End>>;
  readonly #segment: number;
  readonly #header: HeaderOptions;
  #latest: Side | undefined;

  constructor(network: HomeNetwork, random: Random, options: TcpSessionOptions) {
    this.#network = network;
    this.#random = random;
    this.#options = options;
    this.#initiator = options.initiator ?? 'device';
    this.timeMs = options.startMs;
    this.#segment = addressBytes(options.remoteAddress).length === 16 ? SEGMENT_V6 : SEGMENT;
    const { deviceAddress } = options;
    this.#header = deviceAddress === undefined ? {} : { deviceAddress };
    this.#ends = {
      device: { sequence: random.next(), owesAck: false, hasSpoken: false },
      remote: { sequence: random.next(), owesAck: false, hasSpoken: false },
    };
  }

  /** The three-way handshake. */
  open(): this {
    return this.synchronise().accept().acknowledge(this.#initiator);
  }

  /** The answer to the SYN alone. */
  accept(): this {
    const other = opposite(this.#initiator);
    this.#emit(other, { flags: SYN | ACK, options: maximumSegmentSize(this.#segment) });
    this.#ends[other].sequence++;
    return this;
  }

  /** The first SYN alone, answered by nobody so far. */
  synchronise(): this {
    const options = maximumSegmentSize(this.#segment);
    this.#emit(this.#initiator, { flags: SYN, acknowledgement: 0, options });
    this.#ends[this.#initiator].sequence++;
    return this;
  }

  /** The first SYN once more: `afterMs` later than the latest frame. */
  retry(afterMs: number): this {
    this.timeMs += afterMs;
    this.#latest = undefined;
    this.#ends[this.#initiator].sequence--;
    return this.synchronise();
  }

  /** Every other full segment of a longer transfer is acknowledged on its way, the rest by what comes next. */
  send(from: Side, payload: Uint8Array): this {
    const to = opposite(from);
    this.#acknowledge(to);
    for (let at = 0, count = 1; at < payload.length; at += this.#segment, count++) {
      const piece = payload.subarray(at, at + this.#segment);
      const isLast = at + piece.length === payload.length;
      this.#emit(from, { flags: isLast ? ACK | PSH : ACK, payload: piece });
      this.#ends[from].sequence += piece.length;
      this.#ends[to].owesAck = true;
      if (count % 2 === 0 && !isLast) this.#acknowledge(to);
    }
    return this;
  }

  /** Nothing is said for so long, but for acknowledgements still owed. */
  idle(ms: number): this {
    this.#acknowledge('device');
    this.#acknowledge('remote');
    this.timeMs += ms;
    this.#latest = undefined;
    return this;
  }

  /** As idle, up to a time, which may have passed. */
  until(timeMs: number): this {
    return this.idle(Math.max(0, timeMs - this.timeMs));
  }

  /** Data that nobody acknowledges, and the same again after each of these pauses, ms. */
  sendInVain(from: Side, payload: Uint8Array, pausesMs: readonly number[]): this {
    const segment = { flags: ACK | PSH, payload: payload.subarray(0, this.#segment) };
    this.#emit(from, segment);
    for (const pauseMs of pausesMs) {
      this.idle(pauseMs);
      this.#emit(from, segment);
    }
    return this;
  }

  /** Both sides finish, `first` first. */
  close(first: Side): this {
    const other = opposite(first);
    this.#acknowledge(other);
    this.#emit(first, { flags: FIN | ACK });
    this.#ends[first].sequence++;
    this.#emit(other, { flags: FIN | ACK });
    this.#ends[other].sequence++;
    this.#emit(first, {});
    return this;
  }

  reset(from: Side): this {
    // RFC 9293 3.10.7.1: who refuses a SYN has no sequence number of its own.
    const refusal = this.#ends[from].hasSpoken ? {} : { sequence: 0 };
    this.#emit(from, { flags: RST | ACK, window: 0, ...refusal });
    return this;
  }

  /** What has come so far, by a segment of its own. */
  acknowledge(side: Side): this {
    this.#emit(side, {});
    return this;
  }

  #acknowledge(side: Side): void {
    if (this.#ends[side].owesAck) this.#emit(side, {});
  }

  #emit(from: Side, segment: Partial<TcpSegment>): void {
    const { devicePort, remotePort, remoteAddress } = this.#options;
    this.timeMs += this.#delay(from);
    this.#latest = from;
    const isDevice = from === 'device';
    const own = this.#ends[from];
    const transport = tcpSegment({
      sourcePort: isDevice ? devicePort : remotePort,
      destinationPort: isDevice ? remotePort : devicePort,
      sequence: segment.sequence ?? own.sequence,
      acknowledgement: segment.acknowledgement ?? this.#ends[opposite(from)].sequence,
      flags: segment.flags ?? ACK,
      window: segment.window ?? WINDOW,
      options: segment.options ?? NOTHING,
      payload: segment.payload ?? NOTHING,
    });
    own.owesAck = false;
    own.hasSpoken = true;
    if (isDevice) this.#network.fromDevice(this.timeMs, remoteAddress, transport, this.#header);
    else this.#network.toDevice(this.timeMs, remoteAddress, transport, this.#header);
  }

  #delay(from: Side): number {
    if (this.#latest === undefined) return 0;
    if (from === this.#latest) return this.#random.between(...BACK_TO_BACK);
    if (from === 'device') return this.#random.between(...DEVICE_THINKS);
    return this.#options.roundTripMs * this.#random.between(0.95, 1.25);
  }
}

function opposite(side: Side): Side {
  return side === 'device' ? 'remote' : 'device';
}
