// The yardstick: what a careful programmer writes in plain TypeScript with typed arrays. It reads Ethernet, IPv4, TCP and
// UDP, finds the flow by five-tuple and adds packets and bytes. No time, no reasons, no IPv6, no messages: it only counts.

import { FRAME_CAPTURED, FRAME_HEADER } from '../schema/frame.ts';

const SLOTS = 1 << 13;
const MASK = SLOTS - 1;
/** local address, remote address, ports, protocol + 1, packets in, packets out */
const WORDS = 6;

export class TypedArrayTable {
  readonly #words = new Int32Array(SLOTS * WORDS);
  /** Bytes in and out: doubles, exact to 2^53. */
  readonly #bytes = new Float64Array(SLOTS * 2);
  readonly #local: number;
  ignored = 0;

  /** local: IPv4 address as a big-endian number. */
  constructor(local: number) {
    this.#local = local | 0;
  }

  /** Counts the frames of a batch laid out as for the core (schema/frame.ts). */
  observe(batch: Uint8Array, length: number): void {
    const words = this.#words;
    const bytes = this.#bytes;
    const local = this.#local;
    let at = 0;
    while (at < length) {
      const captured =
        (batch[at + FRAME_CAPTURED] as number) | ((batch[at + FRAME_CAPTURED + 1] as number) << 8);
      const frame = at + FRAME_HEADER;
      at = frame + captured;
      const ip = frame + 14;
      if (
        captured < 34 ||
        batch[frame + 12] !== 8 ||
        batch[frame + 13] !== 0 ||
        (batch[ip] as number) >> 4 !== 4
      ) {
        this.ignored++;
        continue;
      }
      const header = ((batch[ip] as number) & 15) << 2;
      const protocol = batch[ip + 9] as number;
      const source = u32(batch, ip + 12);
      const destination = u32(batch, ip + 16);
      const transport = ip + header;
      const sourcePort = u16(batch, transport);
      const destinationPort = u16(batch, transport + 2);
      const out = source === local;
      if (!out && destination !== local) {
        this.ignored++;
        continue;
      }
      const remote = out ? destination : source;
      const ports = out ? (sourcePort << 16) | destinationPort : (destinationPort << 16) | sourcePort;
      let hash = Math.imul(remote ^ Math.imul(ports, 0x9e3779b1) ^ protocol, 0x85ebca6b);
      hash ^= hash >>> 15;
      let slot = hash & MASK;
      for (;;) {
        const word = slot * WORDS;
        const known = words[word + 3] as number;
        if (known === 0) {
          words[word] = local;
          words[word + 1] = remote;
          words[word + 2] = ports;
          words[word + 3] = protocol + 1;
          break;
        }
        if (words[word + 1] === remote && words[word + 2] === ports && known === protocol + 1) break;
        slot = (slot + 1) & MASK;
      }
      const direction = out ? 1 : 0;
      const counter = slot * WORDS + 4 + direction;
      words[counter] = (words[counter] as number) + 1;
      const total = slot * 2 + direction;
      bytes[total] = (bytes[total] as number) + u16(batch, ip + 2) - header;
    }
  }

  /** Packets counted, to check the benchmark by. */
  get packets(): number {
    let sum = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      sum += (this.#words[slot * WORDS + 4] as number) + (this.#words[slot * WORDS + 5] as number);
    }
    return sum;
  }
}

/** Big-endian, as signed 32-bit integers: small enough to stay out of the heap. */
function u16(batch: Uint8Array, at: number): number {
  return ((batch[at] as number) << 8) | (batch[at + 1] as number);
}

function u32(batch: Uint8Array, at: number): number {
  return (
    ((batch[at] as number) << 24) |
    ((batch[at + 1] as number) << 16) |
    ((batch[at + 2] as number) << 8) |
    (batch[at + 3] as number)
  );
}
