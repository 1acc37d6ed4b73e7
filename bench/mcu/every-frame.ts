// Frames of every kind the core reads, and broken ones: seeded, so that the same ones come every time.

import {
  LINK_ETHERNET,
  LINK_IPV4,
  LINK_IPV6,
  LINK_LINUX_SLL,
  LINK_LINUX_SLL2,
  LINK_LOOP,
  LINK_NULL,
  LINK_RAW,
} from '../../schema/frame.ts';

export interface Frame {
  readonly linkType: number;
  /** What was captured: all headers. */
  readonly bytes: Uint8Array;
  readonly originalLength: number;
}

export interface FrameKinds {
  /** Local addresses as the device has them, 4 or 16 bytes. */
  readonly locals: readonly Uint8Array[];
  /** Peers per family. */
  readonly remotes: number;
  /** One frame in so many is broken; 0: none. */
  readonly brokenOnce: number;
}

const LINKS = [
  LINK_ETHERNET,
  LINK_ETHERNET,
  LINK_LINUX_SLL,
  LINK_LINUX_SLL2,
  LINK_RAW,
  LINK_NULL,
  LINK_LOOP,
  LINK_IPV4,
  LINK_IPV6,
];
const VLAN = [0x81, 0, 0, 1];
const [HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION] = [0, 43, 44, 51, 60];
const EXTENSIONS = [HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION];
const [TCP, UDP, ICMP, ICMPV6, SCTP] = [6, 17, 1, 58, 132];

export class EveryFrame {
  readonly #kinds: FrameKinds;
  #state: number;

  constructor(seed: number, kinds: FrameKinds) {
    this.#state = seed;
    this.#kinds = kinds;
  }

  next(): Frame {
    const linkType = this.#pick(LINKS);
    const isIpv4 = linkType === LINK_IPV4 || (linkType !== LINK_IPV6 && this.#once(2));
    const packet = isIpv4 ? this.#ipv4() : this.#ipv6();
    const bytes = Uint8Array.from([...this.#linkHeader(linkType, isIpv4), ...packet]);
    // Payload, which is not captured.
    const originalLength = bytes.length + this.#below(1400);
    const lengthAt = bytes.length - packet.length + (isIpv4 ? 2 : 4);
    const length = originalLength - (bytes.length - packet.length) - (isIpv4 ? 0 : 40);
    new DataView(bytes.buffer).setUint16(lengthAt, length);
    const frame = { linkType, bytes, originalLength };
    return this.#kinds.brokenOnce && this.#once(this.#kinds.brokenOnce) ? this.#broken(frame) : frame;
  }

  #linkHeader(linkType: number, isIpv4: boolean): number[] {
    const type = isIpv4 ? [0x08, 0x00] : [0x86, 0xdd];
    const tags = this.#once(4) ? Array.from({ length: this.#below(10) }, () => VLAN).flat() : [];
    if (linkType === LINK_ETHERNET) return [...this.#noise(12), ...tags, ...type];
    if (linkType === LINK_LINUX_SLL) return [...this.#noise(14), ...tags, ...type];
    if (linkType === LINK_LINUX_SLL2) return [...type, ...this.#noise(18)];
    if (linkType === LINK_LOOP) return [0, 0, 0, isIpv4 ? 2 : 30];
    return linkType === LINK_NULL ? [isIpv4 ? 2 : 24, 0, 0, 0] : [];
  }

  #ipv4(): number[] {
    const options = this.#once(3) ? this.#below(11) : 0;
    const protocol = this.#pick([TCP, TCP, UDP, UDP, ICMP, SCTP]);
    const fragment = this.#once(8) ? [0x20, this.#below(3)] : [0x40, 0];
    return [
      ...[0x45 + options, 0, 0, 0, 0, 0, ...fragment, 64, protocol, 0, 0],
      ...this.#addresses(4),
      ...this.#noise(4 * options),
      ...this.#transport(protocol),
    ];
  }

  #ipv6(): number[] {
    const protocol = this.#pick([TCP, TCP, UDP, UDP, ICMPV6, SCTP]);
    const chain = this.#once(2) ? Array.from({ length: this.#below(10) }, () => this.#pick(EXTENSIONS)) : [];
    const headers = chain.flatMap((header, index) => this.#extension(header, chain[index + 1] ?? protocol));
    return [
      ...[0x60, 0, 0, 0, 0, 0, chain[0] ?? protocol, 64],
      ...this.#addresses(16),
      ...headers,
      ...this.#transport(protocol),
    ];
  }

  #extension(header: number, next: number): number[] {
    if (header === FRAGMENT) return [next, 0, 0, this.#once(4) ? 8 : 1, ...this.#noise(4)];
    const units = this.#below(3);
    const length = header === AUTHENTICATION ? (units + 2) * 4 : (units + 1) * 8;
    return [next, units, ...this.#noise(length - 2)];
  }

  #transport(protocol: number): number[] {
    const ports = [0, 1, 2, 3].map(() => this.#below(256));
    return [...ports, ...this.#noise(protocol === TCP ? 16 : 4)];
  }

  /** Source and destination: mostly the device and a peer, either way. */
  #addresses(size: 4 | 16): number[] {
    const local = [...this.#pick(this.#kinds.locals.filter((one) => one.length === size))];
    const number = this.#below(this.#kinds.remotes);
    const prefix = size === 4 ? [192, 0] : [0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    const remote = [...prefix, number >> 8, number & 255];
    const kind = this.#below(16);
    if (kind === 0) return [...remote, ...remote];
    if (kind === 1) return [...local, ...local];
    // Multicast.
    if (kind === 2) return [...local, size === 4 ? 224 : 0xff, ...remote.slice(1)];
    return kind < 9 ? [...local, ...remote] : [...remote, ...local];
  }

  #broken(frame: Frame): Frame {
    const { linkType, originalLength } = frame;
    const bytes = frame.bytes.slice(0, this.#below(frame.bytes.length + 1));
    switch (this.#below(3)) {
      case 0:
        // Cut by the capture.
        return { linkType, bytes, originalLength };
      case 1:
        // Cut on the wire.
        return { linkType, bytes, originalLength: bytes.length };
      default:
        for (let flips = 4; flips > 0; flips--)
          frame.bytes[this.#below(frame.bytes.length)] = this.#below(256);
        return frame;
    }
  }

  #noise(length: number): number[] {
    return Array.from({ length }, () => this.#below(256));
  }

  #pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.#below(choices.length)];
    if (chosen === undefined) throw new RangeError('nothing to pick from');
    return chosen;
  }

  #once(times: number): boolean {
    return this.#below(times) === 0;
  }

  /** mulberry32 (Tommy Ettinger): an integer in [0, bound). */
  #below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }
}
