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

/**
 * The flows of one address family: open addressing, at most half full. A flow is one run of u32 words, in one cache line:
 *
 *   | local, remote address | ports: local << 16, remote | PROTOCOL_ + 1, 0 empty | f64 bytes in | f64 bytes out | padding
 */
abstract class FamilyTotals {
  protected known = 0;
  protected mask: number;
  protected words: Int32Array;
  protected bytes: Float64Array;
  /** u32 of both addresses together. */
  readonly #addressWords: number;
  readonly #flowWords: number;

  /** slots: a power of 2, to begin with. */
  constructor(addressWords: number, flowWords: number, slots: number) {
    this.#addressWords = addressWords;
    this.#flowWords = flowWords;
    this.mask = slots - 1;
    this.words = new Int32Array(slots * flowWords);
    this.bytes = new Float64Array(this.words.buffer);
  }

  /** addresses: at `at`, local then remote, network order. */
  abstract add(
    addresses: DataView,
    at: number,
    ports: number,
    protocol: number,
    bytesIn: number,
    bytesOut: number,
  ): void;

  /** Of the five-tuple that begins at words[flow]. */
  protected abstract hashOf(words: Int32Array, flow: number): number;

  /** Distinct five-tuples. */
  get count(): number {
    return this.known;
  }

  /** A flow has been written into an empty slot. */
  protected added(): void {
    this.known++;
    if (this.known * 2 > this.mask) this.#grow();
  }

  #grow(): void {
    if (this.known > FLOWS_MAX) {
      throw new WardletError('WL_TOO_MANY_FLOWS', `the capture holds more than ${FLOWS_MAX} flows`, {
        hint: 'cut it into parts and inspect each: editcap -c 10000000 big.pcap part.pcap',
      });
    }
    const old = this.words;
    const size = this.#flowWords;
    const words = new Int32Array(old.length * 4);
    const mask = words.length / size - 1;
    const protocolAt = this.#addressWords + 1;
    for (let flow = 0; flow < old.length; flow += size) {
      if (old[flow + protocolAt] === 0) continue;
      let slot = this.hashOf(old, flow) & mask;
      while (words[slot * size + protocolAt] !== 0) slot = (slot + 1) & mask;
      for (let word = 0; word < size; word++) words[slot * size + word] = old[flow + word] as number;
    }
    this.words = words;
    this.bytes = new Float64Array(words.buffer);
    this.mask = mask;
  }

  /** Where each flow stands in words. */
  positions(): Uint32Array {
    const positions = new Uint32Array(this.count);
    const { words } = this;
    let found = 0;
    for (let flow = 0; flow < words.length; flow += this.#flowWords) {
      if (words[flow + this.#addressWords + 1] !== 0) positions[found++] = flow;
    }
    return positions;
  }

  bytesOf(flow: number): number {
    const at = (flow + this.#addressWords + 2) / 2;
    return (this.bytes[at] as number) + (this.bytes[at + 1] as number);
  }

  total(flow: number): FlowTotal {
    const addressBytes = this.#addressWords * 2;
    const addresses = new Uint8Array(this.words.buffer, flow * 4, 2 * addressBytes);
    const ports = this.words[flow + this.#addressWords] as number;
    const at = (flow + this.#addressWords + 2) / 2;
    return {
      protocol: PROTOCOLS[(this.words[flow + this.#addressWords + 1] as number) - 1] ?? 'TCP',
      localAddress: formatAddress(addresses, 0, addressBytes),
      localPort: ports >>> 16,
      remoteAddress: formatAddress(addresses, addressBytes, addressBytes),
      remotePort: ports & 0xffff,
      bytesIn: this.bytes[at] as number,
      bytesOut: this.bytes[at + 1] as number,
    };
  }
}

/** Entries taken together. */
const STAGED = 1024;

/**
 * Nearly every flow of nearly every capture is IPv4, and a large table lies in slow memory: entries are staged, the slots of all of
 * them touched in one short loop, where waits for memory overlap, and only then added: 40 ns an entry instead of 150.
 */
class V4Totals extends FamilyTotals {
  #staged = 0;
  /** As in words: local, remote, ports, protocol + 1. */
  readonly #keys = new Int32Array(STAGED * 4);
  readonly #counts = new Float64Array(STAGED * 2);
  readonly #hashes = new Int32Array(STAGED);
  /** Keeps the compiler from leaving out the loop that touches. */
  #touched = 0;

  constructor() {
    // 4 MB, of which only what is used is ever touched: few captures outgrow it.
    super(2, 8, 1 << 17);
  }

  add(
    addresses: DataView,
    at: number,
    ports: number,
    protocol: number,
    bytesIn: number,
    bytesOut: number,
  ): void {
    const entry = this.#staged++;
    const keys = this.#keys;
    keys[entry * 4] = addresses.getInt32(at, true);
    keys[entry * 4 + 1] = addresses.getInt32(at + 4, true);
    keys[entry * 4 + 2] = ports;
    keys[entry * 4 + 3] = protocol + 1;
    this.#counts[entry * 2] = bytesIn;
    this.#counts[entry * 2 + 1] = bytesOut;
    if (this.#staged === STAGED) this.#settle();
  }

  override get count(): number {
    this.#settle();
    return this.known;
  }

  #settle(): void {
    const staged = this.#staged;
    const hashes = this.#hashes;
    for (let entry = 0; entry < staged; entry++) hashes[entry] = this.hashOf(this.#keys, entry * 4);
    const { words, mask } = this;
    let touched = 0;
    for (let entry = 0; entry < staged; entry++) {
      touched ^= words[((hashes[entry] as number) & mask) * 8] as number;
    }
    this.#touched ^= touched;
    this.#staged = 0;
    for (let entry = 0; entry < staged; entry++) this.#addStaged(entry);
  }

  #addStaged(entry: number): void {
    const { words, bytes, mask } = this;
    const keys = this.#keys;
    const local = keys[entry * 4] as number;
    const remote = keys[entry * 4 + 1] as number;
    const ports = keys[entry * 4 + 2] as number;
    const protocol = keys[entry * 4 + 3] as number;
    const bytesIn = this.#counts[entry * 2] as number;
    const bytesOut = this.#counts[entry * 2 + 1] as number;
    for (let slot = (this.#hashes[entry] as number) & mask; ; slot = (slot + 1) & mask) {
      const flow = slot * 8;
      const count = slot * 4 + 2;
      if (
        words[flow + 1] === remote &&
        words[flow + 2] === ports &&
        words[flow] === local &&
        words[flow + 3] === protocol
      ) {
        bytes[count] = (bytes[count] as number) + bytesIn;
        bytes[count + 1] = (bytes[count + 1] as number) + bytesOut;
        return;
      }
      if (words[flow + 3] !== 0) continue;
      words[flow] = local;
      words[flow + 1] = remote;
      words[flow + 2] = ports;
      words[flow + 3] = protocol;
      bytes[count] = bytesIn;
      bytes[count + 1] = bytesOut;
      this.added();
      return;
    }
  }

  protected hashOf(words: Int32Array, flow: number): number {
    const first = finished((words[flow] as number) ^ (words[flow + 3] as number));
    return finished((words[flow + 1] as number) ^ finished((words[flow + 2] as number) ^ first));
  }
}

class V6Totals extends FamilyTotals {
  readonly #key = new Int32Array(10);

  constructor() {
    super(8, 16, 1 << 12);
  }

  add(
    addresses: DataView,
    at: number,
    ports: number,
    protocol: number,
    bytesIn: number,
    bytesOut: number,
  ): void {
    const { words, bytes, mask } = this;
    const key = this.#key;
    for (let word = 0; word < 8; word++) key[word] = addresses.getInt32(at + word * 4, true);
    key[8] = ports;
    key[9] = protocol + 1;
    for (let slot = this.hashOf(key, 0) & mask; ; slot = (slot + 1) & mask) {
      const flow = slot * 16;
      const count = slot * 8 + 5;
      if (words[flow + 9] === 0) {
        words.set(key, flow);
        bytes[count] = bytesIn;
        bytes[count + 1] = bytesOut;
        this.added();
        return;
      }
      let word = 0;
      while (word < 10 && words[flow + word] === key[word]) word++;
      if (word < 10) continue;
      bytes[count] = (bytes[count] as number) + bytesIn;
      bytes[count + 1] = (bytes[count + 1] as number) + bytesOut;
      return;
    }
  }

  protected hashOf(words: Int32Array, flow: number): number {
    let hash = 0;
    for (let word = 0; word < 10; word++) hash = finished(hash ^ (words[flow + word] as number));
    return hash;
  }
}

/** The finish of MurmurHash3 (Appleby 2011): every bit reaches every bit, so that addresses that differ in one byte do not cluster. */
function finished(hash: number): number {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return second ^ (second >>> 16);
}

export class FlowTotals {
  readonly #v4 = new V4Totals();
  readonly #v6 = new V6Totals();
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

  /** Every flow, most bytes first; among equals no particular order, but always the same. */
  *byBytes(): Generator<FlowTotal> {
    const v4 = this.#v4.positions();
    const v6 = this.#v6.positions();
    const sizes = new Float64Array(v4.length + v6.length);
    for (let flow = 0; flow < v4.length; flow++) sizes[flow] = this.#v4.bytesOf(v4[flow] as number);
    for (let flow = 0; flow < v6.length; flow++)
      sizes[v4.length + flow] = this.#v6.bytesOf(v6[flow] as number);
    for (const flow of descending(sizes)) {
      yield flow < v4.length
        ? this.#v4.total(v4[flow] as number)
        : this.#v6.total(v6[flow - v4.length] as number);
    }
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
