// Seeded frames of every kind the core reads, and what breaks them. Most are well-formed and of the device; about a third
// are mutated. The bytes of a frame stand in a buffer that the next one overwrites.

import {
  LINK_ETHERNET,
  LINK_IPV4,
  LINK_IPV6,
  LINK_LINUX_SLL,
  LINK_LINUX_SLL2,
  LINK_LOOP,
  LINK_NULL,
  LINK_RAW,
  LINK_RAW_DLT,
  LINK_RAW_OPENBSD,
} from '../../schema/frame.ts';
import type { Own } from './configuration-block.ts';
import { v4, v6 } from './device.ts';
import type { Frame } from './packet-model.ts';
import type { SeededRandom } from './seeded-random.ts';

const LINKS = [
  LINK_ETHERNET,
  LINK_ETHERNET,
  LINK_ETHERNET,
  LINK_LINUX_SLL,
  LINK_LINUX_SLL2,
  LINK_RAW,
  LINK_RAW_DLT,
  LINK_RAW_OPENBSD,
  LINK_IPV4,
  LINK_IPV6,
  LINK_NULL,
  LINK_LOOP,
];
const AF_INET6 = [10, 24, 28, 30];
const VLAN_TYPES = [0x8100, 0x88a8, 0x9100];
/** HOPOPT, routing, fragment, AH, destination options. */
const EXTENSIONS = [0, 43, 44, 51, 60];
const TRANSPORTS_V4 = [6, 6, 6, 6, 6, 17, 17, 17, 17, 17, 1, 1, 2, 47, 58, 132];
const TRANSPORTS_V6 = [6, 6, 6, 6, 6, 6, 17, 17, 17, 17, 17, 17, 58, 58, 58, 1, 59, 50, 135];

export interface Neighbourhood {
  /** Addresses the device may have. */
  readonly locals: readonly Uint8Array[];
  readonly remotes: readonly Uint8Array[];
  /** Multicast, broadcast. */
  readonly groups: readonly Uint8Array[];
  /** Ports are drawn from [1, portMax]: few make few flows, many a scan. */
  readonly portMax: number;
  /** One frame in so many is mutated; 0: none. */
  readonly mutateOnce: number;
  /** Captured bytes at most, header of the batch not included. */
  readonly snap: number;
}

/** `remotes` of each family, and every kind of non-unicast address. */
export function neighbourhood(
  locals: readonly Uint8Array[],
  remotes: number,
  portMax: number,
  mutateOnce: number,
  snap: number,
): Neighbourhood {
  return {
    locals,
    remotes: Array.from({ length: remotes }, (_, i) => [
      v4(`192.0.${2 + (i >> 8)}.${i & 255}`),
      v6(`2001:db8:1::${i.toString(16)}`),
    ]).flat(),
    groups: [
      ...['224.0.0.251', '239.255.255.250', '255.255.255.255', '10.0.0.255', '10.0.255.255', '0.0.0.0'].map(
        v4,
      ),
      ...['ff02::fb', 'ff0e::1', 'fe80::1', '::'].map(v6),
    ],
    portMax,
    mutateOnce,
    snap,
  };
}

/** Up to `most` own connections, some of which the first few remotes of a neighbourhood with few ports are the far end of. */
export function randomOwn(random: SeededRandom, most: number): Own[] {
  return Array.from({ length: random.below(Math.min(most, 8) + 1) }, () => ({
    remote: random.pick(neighbourhood([], 2, 1, 0, 0).remotes),
    remotePort: random.once(8) ? random.between(1, 65_535) : random.between(1, 3),
    localPort: random.once(3) ? 0 : random.between(1, 3),
  }));
}

export class RandomFrames {
  readonly #random: SeededRandom;
  readonly #around: Neighbourhood;
  readonly #buffer = new Uint8Array(8192);
  readonly #view = new DataView(this.#buffer.buffer);
  #end = 0;
  /** Where IP header and transport header of the frame at hand begin. */
  #packetAt = 0;
  #transportAt = 0;
  /** Bytes on the wire behind the last one written. */
  #unwritten = 0;

  constructor(random: SeededRandom, around: Neighbourhood) {
    this.#random = random;
    this.#around = around;
  }

  next(): Frame {
    const random = this.#random;
    if (this.#around.mutateOnce && random.once(this.#around.mutateOnce * 8)) return this.#noise();
    const link = random.pick(LINKS);
    const family = link === LINK_IPV4 ? 4 : link === LINK_IPV6 ? 6 : random.below(5) < 3 ? 4 : 6;
    this.#end = 0;
    this.#unwritten = 0;
    this.#writeLink(link, family);
    this.#packetAt = this.#end;
    if (family === 4) this.#writeIpv4();
    else this.#writeIpv6();
    // Ethernet pads short frames; other trailers exist too.
    const trailer = random.once(4) ? random.below(20) : 0;
    this.#end += this.#unwritten ? 0 : trailer;
    let original = this.#end + this.#unwritten;
    if (this.#around.mutateOnce && random.once(this.#around.mutateOnce)) original = this.#mutate(original);
    const captured = Math.min(this.#end, this.#around.snap);
    return { link, bytes: this.#buffer.subarray(0, captured), original };
  }

  #writeLink(link: number, family: 4 | 6): void {
    const type = family === 4 ? 0x0800 : 0x86dd;
    if (link === LINK_ETHERNET) {
      this.#fill(12);
      this.#writeTags(type);
    } else if (link === LINK_LINUX_SLL) {
      this.#fill(14);
      this.#writeTags(type);
    } else if (link === LINK_LINUX_SLL2) {
      const tags = this.#tags();
      this.#u16(tags.shift() ?? type);
      this.#fill(18);
      for (let next = tags.shift(); next !== undefined; next = tags.shift()) this.#writeTag(next);
      if (this.#end > 20 || this.#view.getUint16(0) !== type) this.#writeTag(type);
    } else if (link === LINK_NULL || link === LINK_LOOP) {
      const number = family === 4 ? 2 : this.#random.pick(AF_INET6);
      this.#view.setUint32(this.#end, number, link === LINK_NULL && this.#random.once(2));
      this.#end += 4;
    }
  }

  #tags(): number[] {
    if (!this.#random.once(4)) return [];
    const count = this.#random.once(4) ? this.#random.below(11) : this.#random.between(1, 2);
    return Array.from({ length: count }, () => this.#random.pick(VLAN_TYPES));
  }

  #writeTags(type: number): void {
    const tags = this.#tags();
    this.#u16(tags.shift() ?? type);
    if (this.#view.getUint16(this.#end - 2) === type) return;
    for (const tag of tags) this.#writeTag(tag);
    this.#writeTag(type);
  }

  /** Control information, then the next EtherType. */
  #writeTag(type: number): void {
    this.#fill(2);
    this.#u16(type);
  }

  /** Source and destination: mostly the device and another, seldom strangers, itself, or a group. */
  #addresses(size: 4 | 16): [Uint8Array, Uint8Array] {
    const random = this.#random;
    const local = this.#one(this.#around.locals, size);
    const remote = this.#one(random.once(12) ? this.#around.groups : this.#around.remotes, size);
    const kind = random.below(16);
    if (kind === 0) return [this.#one(this.#around.remotes, size), remote];
    if (kind === 1) return [local, this.#one(this.#around.locals, size)];
    return random.once(2) ? [local, remote] : [remote, local];
  }

  #one(from: readonly Uint8Array[], size: 4 | 16): Uint8Array {
    // Throws where a neighbourhood lacks a family.
    return this.#random.pick(from.filter((address) => address.length === size));
  }

  #writeIpv4(): void {
    const random = this.#random;
    const options = random.once(4) ? random.below(11) : 0;
    const protocol = random.pick(TRANSPORTS_V4);
    const [source, destination] = this.#addresses(4);
    this.#u8(0x45 + options);
    this.#fill(1);
    const totalAt = this.#end;
    this.#u16(0);
    this.#fill(2);
    this.#u16(this.#fragment());
    this.#fill(1);
    this.#u8(protocol);
    this.#fill(2);
    this.#copy(source);
    this.#copy(destination);
    this.#fill(4 * options);
    this.#writeTransport(protocol);
    this.#view.setUint16(totalAt, Math.min(0xffff, this.#end + this.#unwritten - this.#packetAt));
  }

  /** IPv4 flags and fragment offset: whole, first or later. */
  #fragment(): number {
    const kind = this.#random.below(16);
    if (kind === 0) return 0x2000;
    return kind === 1 ? (this.#random.once(2) ? 0x2000 : 0) | this.#random.between(1, 0x1fff) : 0x4000;
  }

  #writeIpv6(): void {
    const random = this.#random;
    const transport = random.pick(TRANSPORTS_V6);
    const chain = random.once(3)
      ? Array.from({ length: random.once(4) ? random.below(12) : random.between(1, 3) }, () =>
          random.pick(EXTENSIONS),
        )
      : [];
    const [source, destination] = this.#addresses(16);
    this.#u8(0x60);
    this.#fill(3);
    const lengthAt = this.#end;
    this.#u16(0);
    this.#u8(chain[0] ?? transport);
    this.#fill(1);
    this.#copy(source);
    this.#copy(destination);
    chain.forEach((extension, index) => {
      this.#writeExtension(extension, chain[index + 1] ?? transport);
    });
    this.#writeTransport(transport);
    this.#view.setUint16(lengthAt, Math.min(0xffff, this.#end + this.#unwritten - this.#packetAt - 40));
  }

  #writeExtension(extension: number, next: number): void {
    const random = this.#random;
    this.#u8(next);
    if (extension === 44) {
      this.#fill(1);
      const offset = random.once(2) ? 0 : random.below(0x2000);
      this.#u16((offset << 3) | random.below(8));
      this.#fill(4);
      return;
    }
    const field = random.once(40) ? random.below(60) : random.below(4);
    this.#u8(field);
    const size = (extension === 51 ? (field + 2) * 4 : (field + 1) * 8) - 2;
    if ((extension === 0 || extension === 60) && !random.once(16)) this.#writeOptions(size);
    else this.#fill(size);
  }

  /** RFC 8200 4.2: type, length, data; type 0 is one byte of padding. */
  #writeOptions(size: number): void {
    const random = this.#random;
    for (let left = size; left > 0; ) {
      const isPadding = left === 1 || random.once(4);
      const data = isPadding ? 0 : random.below(Math.min(left - 2, 255) + 1);
      this.#u8(isPadding ? 0 : random.between(1, 255));
      if (!isPadding) {
        this.#u8(data);
        this.#fill(data);
      }
      left -= isPadding ? 1 : 2 + data;
    }
  }

  #writeTransport(protocol: number): void {
    const random = this.#random;
    this.#transportAt = this.#end;
    this.#u16(random.between(1, this.#around.portMax));
    this.#u16(random.between(1, this.#around.portMax));
    this.#fill(protocol === 6 ? 16 : 4);
    if (random.once(16)) this.#end -= random.below(protocol === 6 ? 20 : 8);
    else if (random.once(2)) this.#fill(random.below(32));
    // The rest of a long packet was on the wire only.
    if (random.once(3)) this.#unwritten = random.once(20) ? random.below(70_000) : random.below(1460);
  }

  /** Random bytes of a random link type. */
  #noise(): Frame {
    const random = this.#random;
    const length = random.below(Math.min(this.#around.snap, 120));
    this.#end = 0;
    this.#fill(length);
    const link = random.once(4) ? random.u32() & 0xffff : random.pick(LINKS);
    return { link, bytes: this.#buffer.subarray(0, length), original: random.below(2 * length + 1) };
  }

  /** Breaks the frame in one to three ways. Returns its length on the wire, true or not. */
  #mutate(original: number): number {
    const random = this.#random;
    for (let ways = random.between(1, 3); ways > 0; ways--) {
      switch (random.below(9)) {
        case 0:
        case 1:
          for (let bits = random.between(1, 8); bits > 0; bits--) {
            const at = random.below(Math.max(1, this.#end));
            this.#view.setUint8(at, this.#view.getUint8(at) ^ (1 << random.below(8)));
          }
          break;
        case 2:
          // The capture ends early, the frame does not.
          this.#end = random.below(this.#end + 1);
          break;
        case 3:
          // Frame and capture end early.
          this.#end = random.below(this.#end + 1);
          original = this.#end;
          break;
        case 4:
          // IPv4 total length, IPv6 payload length.
          this.#view.setUint16(this.#packetAt + random.pick([2, 4]), this.#length(original));
          break;
        case 5:
          // IPv4 header length, IPv6 next header, first extension header.
          this.#view.setUint8(this.#packetAt + random.pick([0, 6, 40, 41]), random.u32() & 0xff);
          break;
        case 6: {
          const at = random.below(Math.max(1, this.#end));
          for (let i = at; i < Math.min(this.#end, at + 8); i++) this.#view.setUint8(i, random.u32() & 0xff);
          break;
        }
        case 7:
          this.#end = Math.min(this.#end, this.#transportAt + random.below(5));
          break;
        default:
          original = random.pick([0, 1, this.#end - 1, this.#end + 1, 0xffff, 0x7fffffff, 0xffffffff]) >>> 0;
      }
    }
    return original;
  }

  /** A length that lies. */
  #length(original: number): number {
    const truth = original - this.#packetAt;
    return this.#random.pick([0, 1, 19, 20, 39, 40, truth - 1, truth + 1, truth - 40, 0xffff]) & 0xffff;
  }

  #u8(value: number): void {
    this.#view.setUint8(this.#end++, value);
  }

  #u16(value: number): void {
    this.#view.setUint16(this.#end, value);
    this.#end += 2;
  }

  #fill(length: number): void {
    for (let i = 0; i < length; i++) this.#u8(this.#random.u32() & 0xff);
  }

  #copy(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }
}
