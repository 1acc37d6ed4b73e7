// Bytes per five-tuple over any number of messages, in typed arrays: a capture can hold millions of flows.

import { formatAddress } from '../../bindings/js/address.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import type { ProtocolName } from '../../bindings/js/messages/security-message.ts';

export interface FlowTotal {
  readonly protocol: ProtocolName;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Transport header + payload; exact to 2^53. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

const PROTOCOLS: readonly ProtocolName[] = ['TCP', 'UDP', 'ICMP'];

/** Bounds what one capture makes us remember: about 1 GB. */
const FLOWS_MAX = 1 << 24;
/** Places for flows and slots, to begin with: 36 KB a family, for most captures are small. */
const FLOWS_FIRST = 512;

/**
 * The flows of one address family, in the order they were met, and an index of them: open addressing, at most half full,
 * a slot holds the number of a flow + 1. A flow is one run of words:
 *
 *   | u32 local, remote address | u32 ports: local << 16, remote | u32 PROTOCOL_ + 1 | f64 bytes in | f64 bytes out |
 *
 * A core reports its flows in the same order at every collection. So where most flows are busy, and that is where there are
 * many entries, the flow after the one before is the one meant: no hash, no slot, and memory is read front to back. Where most
 * are silent the guess costs one comparison.
 */
class FamilyTotals {
  count = 0;
  readonly #addressBytes: number;
  /** Words of a five-tuple, and of a flow. */
  readonly #keyWords: number;
  readonly #flowWords: number;
  readonly #key: Int32Array;
  #words = new Int32Array(0);
  /** The same memory. */
  #bytes = new Float64Array(0);
  #octets = new Uint8Array(0);
  #index = new Uint32Array(FLOWS_FIRST * 2);
  #next = 0;

  /** addressBytes: 4 or 16. */
  constructor(addressBytes: number) {
    this.#addressBytes = addressBytes;
    this.#keyWords = addressBytes / 2 + 2;
    this.#flowWords = this.#keyWords + 4;
    this.#key = new Int32Array(this.#keyWords);
    this.#place(FLOWS_FIRST);
  }

  /** addresses: at `at`, local then remote, network order. */
  add(
    addresses: DataView,
    at: number,
    ports: number,
    protocol: number,
    bytesIn: number,
    bytesOut: number,
  ): void {
    const key = this.#key;
    const last = this.#keyWords - 1;
    for (let word = 0; word < last - 1; word++) key[word] = addresses.getInt32(at + word * 4, true);
    key[last - 1] = ports;
    key[last] = protocol + 1;
    const flow = this.#isKey(this.#next) ? this.#next : this.#find();
    this.#next = flow + 1;
    const counts = this.#countsAt(flow);
    const bytes = this.#bytes;
    bytes[counts] = (bytes[counts] as number) + bytesIn;
    bytes[counts + 1] = (bytes[counts + 1] as number) + bytesOut;
  }

  bytesOf(flow: number): number {
    const counts = this.#countsAt(flow);
    return (this.#bytes[counts] as number) + (this.#bytes[counts + 1] as number);
  }

  total(flow: number): FlowTotal {
    const length = this.#addressBytes;
    const at = flow * this.#flowWords;
    const ports = this.#words[at + this.#keyWords - 2] as number;
    const counts = this.#countsAt(flow);
    return {
      protocol: PROTOCOLS[(this.#words[at + this.#keyWords - 1] as number) - 1] ?? 'TCP',
      localAddress: formatAddress(this.#octets, at * 4, length),
      localPort: ports >>> 16,
      remoteAddress: formatAddress(this.#octets, at * 4 + length, length),
      remotePort: ports & 0xffff,
      bytesIn: this.#bytes[counts] as number,
      bytesOut: this.#bytes[counts + 1] as number,
    };
  }

  /** Where in #bytes. */
  #countsAt(flow: number): number {
    return (flow * this.#flowWords + this.#keyWords) >>> 1;
  }

  /** flow: up to count; the place behind the last flow is empty, and no key is zero. */
  #isKey(flow: number): boolean {
    const words = this.#words;
    const key = this.#key;
    const at = flow * this.#flowWords;
    // Local addresses are much the same for all flows: from the end.
    for (let word = key.length - 1; word >= 0; word--) if (words[at + word] !== key[word]) return false;
    return true;
  }

  /** The flow of the key; a new one where it is not known yet. */
  #find(): number {
    const index = this.#index;
    const mask = index.length - 1;
    let slot = hashOf(this.#key, 0, this.#keyWords) & mask;
    for (let number = index[slot] as number; number !== 0; number = index[slot] as number) {
      if (this.#isKey(number - 1)) return number - 1;
      slot = (slot + 1) & mask;
    }
    const flow = this.count++;
    index[slot] = this.count;
    this.#words.set(this.#key, flow * this.#flowWords);
    if (this.count * 2 === index.length) this.#grow();
    return flow;
  }

  #grow(): void {
    if (this.count > FLOWS_MAX) {
      throw new WardletError('WL_TOO_MANY_FLOWS', `the capture holds more than ${FLOWS_MAX} flows`, {
        hint: 'cut it into parts and inspect each: editcap -c 10000000 big.pcap part.pcap',
      });
    }
    const places = this.count * 4;
    this.#place(places);
    const index = new Uint32Array(places * 2);
    const mask = index.length - 1;
    for (let flow = 0; flow < this.count; flow++) {
      let slot = hashOf(this.#words, flow * this.#flowWords, this.#keyWords) & mask;
      while (index[slot] !== 0) slot = (slot + 1) & mask;
      index[slot] = flow + 1;
    }
    this.#index = index;
  }

  #place(flows: number): void {
    const words = new Int32Array(flows * this.#flowWords);
    words.set(this.#words);
    this.#words = words;
    this.#bytes = new Float64Array(words.buffer);
    this.#octets = new Uint8Array(words.buffer);
  }
}

/** Of words[from, from + count). */
function hashOf(words: Int32Array, from: number, count: number): number {
  let hash = 0;
  for (let word = 0; word < count; word++) hash = finished(hash ^ (words[from + word] as number));
  return hash;
}

/** The finish of MurmurHash3 (Appleby 2011): every bit reaches every bit, so that addresses that differ in one byte do not cluster. */
function finished(hash: number): number {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return second ^ (second >>> 16);
}

export class FlowTotals {
  readonly #v4 = new FamilyTotals(4);
  readonly #v6 = new FamilyTotals(16);
  bytesIn = 0;
  bytesOut = 0;

  get count(): number {
    return this.#v4.count + this.#v6.count;
  }

  /** addresses: at `at`, local then remote in network order, 4 or 16 bytes each. protocol: PROTOCOL_. */
  add(
    isV6: boolean,
    addresses: DataView,
    at: number,
    localPort: number,
    remotePort: number,
    protocol: number,
    bytesIn: number,
    bytesOut: number,
  ): void {
    this.bytesIn += bytesIn;
    this.bytesOut += bytesOut;
    const ports = (localPort << 16) | remotePort;
    if (isV6) this.#v6.add(addresses, at, ports, protocol, bytesIn, bytesOut);
    else this.#v4.add(addresses, at, ports, protocol, bytesIn, bytesOut);
  }

  /** Numbers of all flows for `total`, most bytes first; among equals in the order they were met. */
  byBytes(): Uint32Array {
    const v4 = this.#v4;
    const v6 = this.#v6;
    const sizes = new Float64Array(this.count);
    for (let flow = 0; flow < v4.count; flow++) sizes[flow] = v4.bytesOf(flow);
    for (let flow = 0; flow < v6.count; flow++) sizes[v4.count + flow] = v6.bytesOf(flow);
    return descending(sizes);
  }

  /** The flow of a number. */
  total(flow: number): FlowTotal {
    return flow < this.#v4.count ? this.#v4.total(flow) : this.#v6.total(flow - this.#v4.count);
  }
}

/** The indices of whole numbers, largest number first. */
function descending(sizes: Float64Array): Uint32Array {
  const count = sizes.length;
  let largest = 0;
  for (let index = 0; index < count; index++) largest = Math.max(largest, sizes[index] as number);
  const order = new Uint32Array(count);
  if ((largest + 1) * count > Number.MAX_SAFE_INTEGER) {
    for (let index = 0; index < count; index++) order[index] = index;
    return order.sort((one, other) => (sizes[other] as number) - (sizes[one] as number) || one - other);
  }
  // Size and index in one number: plain numbers sort ten times faster than by a function.
  const keys = new Float64Array(count);
  for (let index = 0; index < count; index++)
    keys[index] = (largest - (sizes[index] as number)) * count + index;
  keys.sort();
  for (let index = 0; index < count; index++) order[index] = (keys[index] as number) % count;
  return order;
}
