// What each five-tuple carried over any number of messages, in typed arrays: a capture can hold millions of flows.

import { formatAddress } from '../../bindings/js/address.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import {
  INITIATORS,
  type Named,
  nameOf,
  OUTCOMES,
  PROTOCOL_NAMES,
  type Protocol,
} from '../../bindings/js/messages/security-message.ts';
import type { VisitedFlow } from '../../bindings/js/messages/visited-flow.ts';

export interface FlowTotal {
  readonly protocol: Protocol;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Transport header + payload; exact to 2^53. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  // What schema 2.3 does not say is 0, unknown and undecided.
  readonly packetsIn: number;
  readonly packetsOut: number;
  /** Tenths of a second since 1970: the earliest and the latest of all messages. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** The first that was known. */
  readonly initiator: Named<typeof INITIATORS>;
  /** The furthest that it came: undecided, unanswered, refused, established, reset. */
  readonly outcome: Named<typeof OUTCOMES>;
}

/** The same as it stands in memory, for those who write millions of them. The next one read takes its place. */
export interface FlowRow {
  family: 4 | 6;
  /** As VisitedFlow has them. */
  protocol: number;
  initiator: number;
  outcome: number;
  /** Where the addresses stand: in `octets`, network order. */
  octets: Uint8Array;
  local: number;
  remote: number;
  localPort: number;
  remotePort: number;
  bytesIn: number;
  bytesOut: number;
  packetsIn: number;
  packetsOut: number;
  firstSeen: number;
  lastSeen: number;
}

/** Bounds what one capture makes us remember: about 2 GB. */
const FLOWS_MAX = 1 << 24;
/** Places for flows, to begin with, and how much more there are when they are full. */
const FLOWS_FIRST = 1024;
const GROWTH = 4;

/**
 * What may become of a flow, in the order it comes about: a connection that was refused can still be established, and one that was
 * established reset. By OUTCOME_ of schema 3.0; what a later schema adds counts least.
 */
const OUTCOME_RANKS = [0, 3, 2, 1, 4] as const;

/** Words of a flow behind its five-tuple: two for each count and time. */
const VALUE_WORDS = 12;
/** Of those, in units of 8 bytes. */
const BYTES_IN = 0;
const BYTES_OUT = 1;
const PACKETS_IN = 2;
const PACKETS_OUT = 3;
const FIRST_SEEN = 4;
const LAST_SEEN = 5;

/** The last word of a five-tuple: the protocol, never 0; above it what is no part of the key. */
const PROTOCOL_BITS = 0x1ff;
const PROTOCOL_IS_THERE = 0x100;
const INITIATOR_SHIFT = 9;
const OUTCOME_SHIFT = 17;
/** How far ahead the next flow is looked for before the index is asked. */
const LOOK_AHEAD = 6;

/**
 * The flows of one address family, in the order they were met, and an index of them: open addressing, at most half full,
 * a slot holds the number of a flow + 1. A flow is one run of words; of IPv4, one line of a cache:
 *
 *   | u32 local, remote address | u32 ports: local << 16, remote | u32 protocol, initiator, outcome |
 *   | f64 bytes in, out, packets in, out, first seen, last seen |
 *
 * A core reports its flows in much the same order at every collection. So where most flows are busy, and that is where there are
 * many entries, the flow is one of those after the one before: no hash, no slot, and memory is read front to back. Where most
 * are silent the guess costs a few comparisons.
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
  #values = new Float64Array(0);
  #octets = new Uint8Array(0);
  #index = new Uint32Array(FLOWS_FIRST * 2);
  #next = 0;

  /** addressBytes: 4 or 16. */
  constructor(addressBytes: number) {
    this.#addressBytes = addressBytes;
    this.#keyWords = addressBytes / 2 + 2;
    this.#flowWords = this.#keyWords + VALUE_WORDS;
    this.#key = new Int32Array(this.#keyWords);
    this.#place(FLOWS_FIRST);
  }

  /** `memory`: where the message stands, at `start`. */
  add(flow: VisitedFlow, memory: DataView, start: number): void {
    const key = this.#key;
    const last = this.#keyWords - 1;
    const half = this.#addressBytes / 4;
    for (let word = 0; word < half; word++) {
      key[word] = flow.local < 0 ? 0 : memory.getInt32(start + flow.local + word * 4, true);
      key[half + word] = flow.remote < 0 ? 0 : memory.getInt32(start + flow.remote + word * 4, true);
    }
    key[last - 1] = (flow.localPort << 16) | flow.remotePort;
    key[last] = PROTOCOL_IS_THERE | (flow.protocol & 0xff);
    const number = this.#find(flow);
    this.#next = number + 1;
    this.#merge(number, flow);
  }

  bytesOf(flow: number): number {
    const at = this.#valuesAt(flow);
    return (this.#values[at + BYTES_IN] as number) + (this.#values[at + BYTES_OUT] as number);
  }

  read(flow: number, row: FlowRow): void {
    const words = this.#words;
    const values = this.#values;
    const at = flow * this.#flowWords;
    const state = words[at + this.#keyWords - 1] as number;
    const value = this.#valuesAt(flow);
    const ports = words[at + this.#keyWords - 2] as number;
    row.family = this.#addressBytes === 4 ? 4 : 6;
    // An i8.
    row.protocol = (state << 24) >> 24;
    row.octets = this.#octets;
    row.local = at * 4;
    row.remote = row.local + this.#addressBytes;
    row.localPort = ports >>> 16;
    row.remotePort = ports & 0xffff;
    row.bytesIn = values[value + BYTES_IN] as number;
    row.bytesOut = values[value + BYTES_OUT] as number;
    row.packetsIn = values[value + PACKETS_IN] as number;
    row.packetsOut = values[value + PACKETS_OUT] as number;
    row.firstSeen = values[value + FIRST_SEEN] as number;
    row.lastSeen = values[value + LAST_SEEN] as number;
    row.initiator = (state >>> INITIATOR_SHIFT) & 0xff;
    row.outcome = (state >>> OUTCOME_SHIFT) & 0xff;
  }

  #merge(number: number, flow: VisitedFlow): void {
    const values = this.#values;
    const at = this.#valuesAt(number);
    values[at + BYTES_IN] = (values[at + BYTES_IN] as number) + flow.bytesIn;
    values[at + BYTES_OUT] = (values[at + BYTES_OUT] as number) + flow.bytesOut;
    values[at + PACKETS_IN] = (values[at + PACKETS_IN] as number) + flow.packetsIn;
    values[at + PACKETS_OUT] = (values[at + PACKETS_OUT] as number) + flow.packetsOut;
    if (flow.firstSeen < (values[at + FIRST_SEEN] as number)) values[at + FIRST_SEEN] = flow.firstSeen;
    if (flow.lastSeen > (values[at + LAST_SEEN] as number)) values[at + LAST_SEEN] = flow.lastSeen;
    const words = this.#words;
    const last = number * this.#flowWords + this.#keyWords - 1;
    const state = words[last] as number;
    const merged = mergedState(state, flow.initiator & 0xff, flow.outcome & 0xff);
    if (merged !== state) words[last] = merged;
  }

  /** Where in #values. */
  #valuesAt(flow: number): number {
    return (flow * this.#flowWords + this.#keyWords) >>> 1;
  }

  /** flow: below the places there are; those behind the last flow are empty, and no key is zero. */
  #isKey(flow: number): boolean {
    const words = this.#words;
    const key = this.#key;
    const at = flow * this.#flowWords;
    const last = key.length - 1;
    if ((((words[at + last] as number) ^ (key[last] as number)) & PROTOCOL_BITS) !== 0) return false;
    // Local addresses are much the same for all flows: from the end.
    for (let word = last - 1; word >= 0; word--) if (words[at + word] !== key[word]) return false;
    return true;
  }

  /** The flow of the key; a new one where it is not known yet. */
  #find(flow: VisitedFlow): number {
    const until = Math.min(this.#next + LOOK_AHEAD, this.count);
    for (let number = this.#next; number < until; number++) if (this.#isKey(number)) return number;
    const index = this.#index;
    const mask = index.length - 1;
    let slot = hashOf(this.#key, 0, this.#keyWords) & mask;
    for (let number = index[slot] as number; number !== 0; number = index[slot] as number) {
      if (this.#isKey(number - 1)) return number - 1;
      slot = (slot + 1) & mask;
    }
    const number = this.count++;
    index[slot] = this.count;
    this.#words.set(this.#key, number * this.#flowWords);
    const at = this.#valuesAt(number);
    this.#values[at + FIRST_SEEN] = flow.firstSeen;
    this.#values[at + LAST_SEEN] = flow.lastSeen;
    if (this.count * 2 === index.length) this.#grow();
    return number;
  }

  #grow(): void {
    if (this.count > FLOWS_MAX) {
      throw new WardletError('WL_TOO_MANY_FLOWS', `the capture holds more than ${FLOWS_MAX} flows`, {
        hint: 'cut it into parts and inspect each: editcap -c 10000000 big.pcap part.pcap',
      });
    }
    const places = this.count * GROWTH;
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
    this.#values = new Float64Array(words.buffer);
    this.#octets = new Uint8Array(words.buffer);
  }
}

/** The last word of a five-tuple with what a message says of the flow: the first initiator known, the furthest outcome. */
function mergedState(state: number, initiator: number, outcome: number): number {
  const known = (state >>> INITIATOR_SHIFT) & 0xff;
  const before = (state >>> OUTCOME_SHIFT) & 0xff;
  const further = rankOf(outcome) > rankOf(before) ? outcome : before;
  return (
    (state & PROTOCOL_BITS) |
    ((known === 0 ? initiator : known) << INITIATOR_SHIFT) |
    (further << OUTCOME_SHIFT)
  );
}

function rankOf(outcome: number): number {
  return OUTCOME_RANKS[outcome] ?? 0;
}

/** Of the five-tuple words[from, from + count). */
function hashOf(words: Int32Array, from: number, count: number): number {
  let hash = 0;
  for (let word = 0; word < count - 1; word++) hash = finished(hash ^ (words[from + word] as number));
  return finished(hash ^ ((words[from + count - 1] as number) & PROTOCOL_BITS));
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
  packetsIn = 0;
  packetsOut = 0;

  get count(): number {
    return this.#v4.count + this.#v6.count;
  }

  /** `memory`: where the message stands, at `start`. */
  add(flow: VisitedFlow, memory: DataView, start: number): void {
    this.bytesIn += flow.bytesIn;
    this.bytesOut += flow.bytesOut;
    this.packetsIn += flow.packetsIn;
    this.packetsOut += flow.packetsOut;
    if (flow.family === 6) this.#v6.add(flow, memory, start);
    else this.#v4.add(flow, memory, start);
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
    const row = newRow();
    this.read(flow, row);
    const { octets, local, remote, localPort, remotePort } = row;
    const size = row.family === 4 ? 4 : 16;
    return {
      protocol: nameOf(PROTOCOL_NAMES, row.protocol),
      localAddress: formatAddress(octets, local, size),
      localPort,
      remoteAddress: formatAddress(octets, remote, size),
      remotePort,
      bytesIn: row.bytesIn,
      bytesOut: row.bytesOut,
      packetsIn: row.packetsIn,
      packetsOut: row.packetsOut,
      firstSeen: row.firstSeen,
      lastSeen: row.lastSeen,
      initiator: nameOf(INITIATORS, row.initiator),
      outcome: nameOf(OUTCOMES, row.outcome),
    };
  }

  /** The flow of a number, without an object for it. */
  read(flow: number, row: FlowRow): void {
    if (flow < this.#v4.count) this.#v4.read(flow, row);
    else this.#v6.read(flow - this.#v4.count, row);
  }
}

/** An empty one, for FlowTotals.read. */
export function newRow(): FlowRow {
  return {
    family: 4,
    protocol: 0,
    initiator: 0,
    outcome: 0,
    octets: new Uint8Array(0),
    local: 0,
    remote: 0,
    localPort: 0,
    remotePort: 0,
    bytesIn: 0,
    bytesOut: 0,
    packetsIn: 0,
    packetsOut: 0,
    firstSeen: 0,
    lastSeen: 0,
  };
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
