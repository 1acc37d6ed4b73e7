// The flows of one FlowTable of schema 3.0 as protobuf: in the order of their classes, the rest in columns. One after the other,
// and without an object for any.

import {
  CLASS_EVERYTHING_ELSE,
  CLASS_FLAGS_IN_SHIFT,
  CLASS_FLAGS_OUT_SHIFT,
  CLASS_IN,
  CLASS_INITIATOR,
  CLASS_INITIATOR_SHIFT,
  CLASS_LOCAL_SHIFT,
  CLASS_OUT,
  CLASS_OUTCOME,
  CLASS_OUTCOME_SHIFT,
  CLASS_PROTOCOL,
  INITIATOR_REMOTE,
  TABLE_BYTES_IN,
  TABLE_BYTES_OUT,
  TABLE_CLASSES,
  TABLE_CLIENT_PORTS,
  TABLE_DURATION,
  TABLE_LAST_SEEN,
  TABLE_LOCAL_ADDRESSES,
  TABLE_PACKETS_IN,
  TABLE_PACKETS_OUT,
  TABLE_REMOTE_ADDRESSES,
  TABLE_SERVICE_PORTS,
} from '../../../schema/message-3.0-numbers.ts';
import { BytesColumn, type Column, NumberColumn, zigzag } from './protobuf-columns.ts';
import { refuse } from './protobuf-walk.ts';
import type { AddressFamily } from './security-message.ts';
import { FlowCursor } from './visited-flow.ts';

const TCP = 0;
const UDP = 1;
const PORT_MAX = 65_535;
const FIELDS = TABLE_BYTES_OUT + 1;
/** Numbers of a note before those of the columns. */
const NOTED = 4;

/** Where the columns of a table stand in the message. */
export class TablePlace {
  readonly family: AddressFamily;
  /** By field number: where it begins and ends; both 0 where it was left out. */
  readonly #bounds = new Uint32Array(2 * FIELDS);

  constructor(family: AddressFamily) {
    this.family = family;
  }

  /** A field of a later schema is passed over. */
  set(field: number, start: number, end: number): void {
    if (field < FIELDS) this.#bounds.set([start, end], 2 * field);
  }

  start(field: number): number {
    return this.#bounds[2 * field] ?? 0;
  }

  end(field: number): number {
    return this.#bounds[2 * field + 1] ?? 0;
  }
}

/** Reads the flows of a table, in order. */
export class FlowTableReader {
  /** The flow read last. */
  readonly flow = new FlowCursor();
  readonly #place: TablePlace;
  readonly #size: number;
  readonly #bytes: Uint8Array;
  readonly #classes: NumberColumn;
  readonly #remotes: BytesColumn;
  readonly #servicePorts: NumberColumn;
  readonly #clientPorts: BytesColumn;
  readonly #lastSeen: NumberColumn;
  readonly #durations: NumberColumn;
  readonly #packetsIn: NumberColumn;
  readonly #packetsOut: NumberColumn;
  readonly #bytesIn: NumberColumn;
  readonly #bytesOut: NumberColumn;
  readonly #columns: readonly Column[];
  // Of the class, and how many of its flows are still to come.
  #bits = 0;
  #left = 0;
  #isNamed = false;
  #hasPorts = false;
  #isServiceLocal = false;
  #hasReceived = false;
  #hasSent = false;
  #service = 0;

  /** `time`: the event's, in tenths of a second. @throws WardletError WL_BAD_MESSAGE */
  constructor(bytes: Uint8Array, place: TablePlace, time: number) {
    const size = place.family === 4 ? 4 : 16;
    const numbers = (field: number, name: string, type?: 'sint32' | 'uint64') =>
      new NumberColumn(bytes, place.start(field), place.end(field), `FlowTable.${name}`, type);
    const runs = (field: number, name: string, width: number) =>
      new BytesColumn(bytes, place.start(field), place.end(field), `FlowTable.${name}`, width);
    this.#place = place;
    this.#size = size;
    this.#bytes = bytes;
    this.#classes = numbers(TABLE_CLASSES, 'classes');
    this.#remotes = runs(TABLE_REMOTE_ADDRESSES, 'remote_addresses', size);
    this.#servicePorts = numbers(TABLE_SERVICE_PORTS, 'service_ports', 'sint32');
    this.#clientPorts = runs(TABLE_CLIENT_PORTS, 'client_ports', 2);
    this.#lastSeen = numbers(TABLE_LAST_SEEN, 'last_seen');
    this.#durations = numbers(TABLE_DURATION, 'duration');
    this.#packetsIn = numbers(TABLE_PACKETS_IN, 'packets_in');
    this.#packetsOut = numbers(TABLE_PACKETS_OUT, 'packets_out');
    this.#bytesIn = numbers(TABLE_BYTES_IN, 'bytes_in', 'uint64');
    this.#bytesOut = numbers(TABLE_BYTES_OUT, 'bytes_out', 'uint64');
    this.#columns = [
      this.#remotes,
      this.#servicePorts,
      this.#clientPorts,
      this.#lastSeen,
      this.#durations,
      this.#packetsIn,
      this.#packetsOut,
      this.#bytesIn,
      this.#bytesOut,
    ];
    this.flow.family = place.family;
    this.flow.time = time;
    const locals = place.end(TABLE_LOCAL_ADDRESSES) - place.start(TABLE_LOCAL_ADDRESSES);
    if (locals % size !== 0) refuse('FlowTable.local_addresses', `${locals} bytes are no addresses`);
  }

  /** Reads the next flow; false after the last. @throws WardletError WL_BAD_MESSAGE where columns do not agree */
  next(): boolean {
    if (this.#left === 0 && !this.#nextClass()) return false;
    this.#left--;
    const { flow } = this;
    if (this.#isNamed) flow.remote = this.#remotes.next();
    if (this.#hasPorts) this.#readPorts(flow);
    flow.lastSeen = flow.time - this.#lastSeen.next();
    flow.firstSeen = flow.lastSeen - this.#durations.next();
    if (this.#hasReceived) {
      flow.packetsIn = this.#packetsIn.next();
      flow.bytesIn = this.#bytesIn.next();
    }
    if (this.#hasSent) {
      flow.packetsOut = this.#packetsOut.next();
      flow.bytesOut = this.#bytesOut.next();
    }
    return true;
  }

  /** Appends the place of the flow that is next, for `goTo`. */
  note(notes: number[]): void {
    notes.push(this.#bits, this.#left, this.#service, this.#classes.at);
    for (const column of this.#columns) notes.push(column.at);
  }

  /** Goes to note `number` of those appended. */
  goTo(notes: readonly number[], number: number): void {
    const from = number * (NOTED + this.#columns.length);
    const [bits = 0, left = 0, service = 0, classes = 0, ...places] = notes.slice(
      from,
      from + NOTED + this.#columns.length,
    );
    if (left > 0) this.#enter(bits);
    this.#left = left;
    this.#service = service;
    this.#classes.at = classes;
    this.#columns.forEach((column, index) => {
      column.at = places[index] ?? 0;
    });
  }

  #readPorts(flow: FlowCursor): void {
    const service = this.#service + zigzag(this.#servicePorts.next());
    if (service < 0 || service > PORT_MAX) refuse('FlowTable.service_ports', `${service} is no port`);
    this.#service = service;
    let client = 0;
    if (!this.#clientPorts.isLeftOut) {
      const at = this.#clientPorts.next();
      client = ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
    }
    flow.localPort = this.#isServiceLocal ? service : client;
    flow.remotePort = this.#isServiceLocal ? client : service;
  }

  #nextClass(): boolean {
    const classes = this.#classes;
    if (!classes.hasMore) {
      this.#finish();
      return false;
    }
    const bits = classes.next();
    if (!classes.hasMore) refuse(classes.name, 'a class has no count');
    const count = classes.next();
    if (count === 0) refuse(classes.name, 'a class has no flow');
    if ((bits & CLASS_EVERYTHING_ELSE) !== 0 && count > 1)
      refuse(classes.name, 'a class of everything else has more than one flow');
    this.#enter(bits);
    this.#left = count;
    return true;
  }

  #enter(bits: number): void {
    const { flow } = this;
    flow.protocol = bits & CLASS_PROTOCOL;
    flow.initiator = (bits >>> CLASS_INITIATOR_SHIFT) & CLASS_INITIATOR;
    flow.outcome = (bits >>> CLASS_OUTCOME_SHIFT) & CLASS_OUTCOME;
    flow.tcpFlagsOut = (bits >>> CLASS_FLAGS_OUT_SHIFT) & 0xff;
    flow.tcpFlagsIn = (bits >>> CLASS_FLAGS_IN_SHIFT) & 0xff;
    flow.localPort = 0;
    flow.remotePort = 0;
    flow.packetsIn = 0;
    flow.packetsOut = 0;
    flow.bytesIn = 0;
    flow.bytesOut = 0;
    this.#bits = bits;
    this.#isNamed = (bits & CLASS_EVERYTHING_ELSE) === 0;
    this.#hasPorts = this.#isNamed && (flow.protocol === TCP || flow.protocol === UDP);
    this.#isServiceLocal = flow.initiator === INITIATOR_REMOTE;
    this.#hasReceived = (bits & CLASS_IN) !== 0;
    this.#hasSent = (bits & CLASS_OUT) !== 0;
    flow.local = this.#isNamed ? this.#localAt(bits >>> CLASS_LOCAL_SHIFT) : -1;
    flow.remote = -1;
  }

  #localAt(number: number): number {
    const at = this.#place.start(TABLE_LOCAL_ADDRESSES) + number * this.#size;
    if (at >= this.#place.end(TABLE_LOCAL_ADDRESSES))
      refuse(this.#classes.name, `there is no local address ${number}`);
    return at;
  }

  #finish(): void {
    for (const column of this.#columns) column.finish();
  }
}
