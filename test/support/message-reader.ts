// Reads a message of schema 2.3, written from schema/message-2.3.fbs and the FlatBuffers format alone: it shares nothing
// with bindings/, so that the two can be held against each other. Strict: it refuses what a verifier would refuse, a
// field that spells out its default, and bytes that belong to nothing and are not zero (stale memory). Of 3.0 as FlatBuffers it tells
// what 2.3 has, and holds the rest to the same, but that zeros may be spelt out.

export interface ReadFlow {
  readonly family: 4 | 6;
  /** Hex digits of the bytes in network order. */
  readonly local: string;
  readonly remote: string;
  readonly localPort: number;
  readonly remotePort: number;
  readonly protocol: 'TCP' | 'UDP' | 'ICMP';
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface ReadEvent {
  /** Hex digits. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly time: number;
  /** Seconds. */
  readonly interval: number;
  readonly kind: 'NetworkActivity' | 'SystemInformation' | 'Heartbeat' | 'Statistics' | 'Detection';
  readonly flows: readonly ReadFlow[];
  readonly system: { readonly os?: string; readonly kernel?: string; readonly hardware?: string };
}

export interface ReadMessage {
  readonly moduleId: string;
  readonly moduleVersion: number;
  readonly events: readonly ReadEvent[];
}

export function readMessage(bytes: Uint8Array, schema: '2.3' | '3.0' = '2.3'): ReadMessage {
  const buffer = new Buffered(bytes, schema === '3.0');
  const root = buffer.table(buffer.forward(0), 'Message', buffer.isSuperset ? 9 : 4);
  root.refuse(2);
  if (buffer.isSuperset) claimSuperset(root);
  const message = {
    moduleId: root.text(0) ?? fail('Message without security_module_id'),
    moduleVersion: root.number(1, 4),
    events: (root.tables(3, 'Event', buffer.isSuperset ? 6 : 5) ?? fail('Message without events')).map(
      (event) => readEvent(event, buffer.isSuperset),
    ),
  };
  buffer.refuseStaleBytes();
  return message;
}

/** The name of a flow's five-tuple; the model of the tests (packet-model.ts) uses the same. */
export function flowName(flow: Omit<ReadFlow, 'bytesIn' | 'bytesOut'>): string {
  return `${flow.protocol}${flow.family} ${flow.local}.${flow.localPort} ${flow.remote}.${flow.remotePort}`;
}

/** Flows beyond a full table: addresses and ports all zero. */
export function isEverythingElse(flow: ReadFlow): boolean {
  return /^0+$/.test(flow.local + flow.remote) && flow.localPort === 0 && flow.remotePort === 0;
}

/** What the message says beside its events: boot id, sequence number, time, uptime; counters of which none is zero. */
function claimSuperset(root: Table): void {
  root.struct(4, 16) ?? fail('Message without boot_id');
  root.number(5, 4);
  root.struct(6, 8, 8);
  root.number(7, 4);
  claimCounters(root, 8);
}

function claimCounters(table: Table, id: number): void {
  const counters = table.optionalTable(id, 'Counters', 15);
  for (let field = 0; field < 15; field++) {
    if (counters?.struct(field, 8, 8) === '0'.repeat(16)) fail(`counter ${field} is present and zero`);
  }
}

function readEvent(event: Table, isSuperset: boolean): ReadEvent {
  if (isSuperset && event.number(5, 1) > 9) fail('more than nine tenths');
  const base = {
    id: event.struct(0, 16) ?? fail('Event without id'),
    // Not left out where it is zero: 1970 is when a clock was never set.
    time: event.number(1, 4, true),
    interval: event.number(2, 4),
    flows: [],
    system: {},
  };
  const type = event.number(3, 1);
  if (type === 1) {
    const activity = event.table(4, 'NetworkActivity', 2);
    const flows = [
      ...(activity.tables(0, 'NetworkActivityV4', 2)?.map((flow) => readFlow(flow, 4, isSuperset)) ?? []),
      ...(activity.tables(1, 'NetworkActivityV6', 2)?.map((flow) => readFlow(flow, 6, isSuperset)) ?? []),
    ];
    return { ...base, kind: 'NetworkActivity', flows };
  }
  if (type === 2) {
    const system = event.table(4, 'SystemInformation', 3);
    const texts = { os: system.text(0), kernel: system.text(1), hardware: system.text(2) };
    const present = Object.entries(texts).filter(([, value]) => value !== undefined);
    return { ...base, kind: 'SystemInformation', system: Object.fromEntries(present) };
  }
  if (type === 4) {
    event.table(4, 'Heartbeat', 0);
    return { ...base, kind: 'Heartbeat' };
  }
  if (type === 8 && isSuperset) {
    const statistics = event.table(4, 'Statistics', 4);
    for (let field = 1; field < 4; field++) statistics.number(field, 4);
    claimCounters(statistics, 0);
    return { ...base, kind: 'Statistics' };
  }
  if (type === 9 && isSuperset) {
    claimDetection(event.table(4, 'Detection', 15));
    return { ...base, kind: 'Detection' };
  }
  return fail(`payload type ${type}`);
}

function claimDetection(detection: Table): void {
  for (const field of [0, 1, 2, 3, 5, 7]) detection.number(field, 1);
  for (const field of [4, 8, 10, 13, 14]) detection.number(field, 4);
  for (const field of [11, 12]) detection.struct(field, 8, 8);
  detection.numbers(6, 1);
  detection.numbers(9, 2);
}

function readFlow(flow: Table, family: 4 | 6, isSuperset: boolean): ReadFlow {
  const half = family === 4 ? 8 : 32;
  const addresses = flow.struct(0, 2 * (half >> 1), 4) ?? fail('flow without addresses');
  const common = flow.table(1, 'NetworkActivityCommon', isSuperset ? 17 : 9);
  for (let field = 5; field < 9; field++) common.refuse(field);
  if (isSuperset) {
    for (let field = 9; field < 13; field++) common.number(field, 4);
    for (let field = 13; field < 17; field++) common.number(field, 1);
  }
  return {
    family,
    local: addresses.slice(0, half),
    remote: addresses.slice(half),
    localPort: common.number(0, 2),
    remotePort: common.number(1, 2),
    bytesIn: common.number(2, 4),
    bytesOut: common.number(3, 4),
    protocol: (['TCP', 'UDP', 'ICMP'] as const)[common.number(4, 1)] ?? fail('unknown protocol'),
  };
}

class Buffered {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly isSuperset: boolean;
  readonly #belongs: Uint8Array;

  constructor(bytes: Uint8Array, isSuperset: boolean) {
    this.isSuperset = isSuperset;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#belongs = new Uint8Array(bytes.length);
  }

  /** Claims bytes for an object. Objects may share bytes only where they are the same (vtables). */
  claim(at: number, size: number, alignment: number): void {
    if (at < 0 || at + size > this.bytes.length) fail(`${size} bytes at ${at} reach over the end`);
    if (at % alignment) fail(`${size} bytes at ${at} are not aligned to ${alignment}`);
    this.#belongs.fill(1, at, at + size);
  }

  /** The target of the offset at `at`. */
  forward(at: number): number {
    this.claim(at, 4, 4);
    return at + this.view.getUint32(at, true);
  }

  table(at: number, name: string, fields: number): Table {
    return new Table(this, at, name, fields);
  }

  refuseStaleBytes(): void {
    const stale = this.#belongs.findIndex((belongs, at) => !belongs && this.bytes[at] !== 0);
    if (stale >= 0) fail(`byte ${stale} belongs to nothing and is ${this.bytes[stale]}`);
  }
}

class Table {
  readonly #buffer: Buffered;
  readonly #at: number;
  readonly #name: string;
  readonly #vtable: number;
  readonly #vtableSize: number;
  readonly #size: number;

  constructor(buffer: Buffered, at: number, name: string, fields: number) {
    this.#buffer = buffer;
    this.#at = at;
    this.#name = name;
    buffer.claim(at, 4, 4);
    this.#vtable = at - buffer.view.getInt32(at, true);
    buffer.claim(this.#vtable, 4, 2);
    this.#vtableSize = buffer.view.getUint16(this.#vtable, true);
    this.#size = buffer.view.getUint16(this.#vtable + 2, true);
    if (this.#vtableSize < 4 || this.#vtableSize > 4 + 2 * fields || this.#vtableSize % 2) {
      fail(`${name} has a vtable of ${this.#vtableSize} bytes`);
    }
    buffer.claim(this.#vtable, this.#vtableSize, 2);
    if (at + this.#size > buffer.bytes.length) fail(`${name} at ${at} reaches over the end`);
  }

  /** Where a field stands, or undefined when it is absent. */
  #place(field: number, size: number, alignment: number): number | undefined {
    const slot = 4 + 2 * field;
    const offset = slot < this.#vtableSize ? this.#buffer.view.getUint16(this.#vtable + slot, true) : 0;
    if (offset === 0) return undefined;
    if (offset < 4 || offset + size > this.#size) fail(`${this.#name} field ${field} leaves its table`);
    this.#buffer.claim(this.#at + offset, size, alignment);
    return this.#at + offset;
  }

  refuse(field: number): void {
    if (this.#place(field, 1, 1) !== undefined) fail(`${this.#name} has field ${field}`);
  }

  number(field: number, size: 1 | 2 | 4, mayBeZero = false): number {
    const at = this.#place(field, size, size);
    if (at === undefined) return 0;
    const { view } = this.#buffer;
    const value =
      size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
    return value || mayBeZero || this.#buffer.isSuperset
      ? value
      : fail(`${this.#name} field ${field} is present and zero`);
  }

  /** Hex digits. */
  struct(field: number, size: number, alignment = 1): string | undefined {
    const at = this.#place(field, size, alignment);
    return at === undefined ? undefined : hex(this.#buffer.bytes.subarray(at, at + size));
  }

  text(field: number): string | undefined {
    const at = this.#place(field, 4, 4);
    if (at === undefined) return undefined;
    const target = this.#buffer.forward(at);
    this.#buffer.claim(target, 4, 4);
    const length = this.#buffer.view.getUint32(target, true);
    this.#buffer.claim(target + 4, length + 1, 1);
    if (this.#buffer.bytes[target + 4 + length] !== 0) fail(`${this.#name} text ${field} has no terminator`);
    return new TextDecoder('utf-8', { fatal: true }).decode(
      this.#buffer.bytes.subarray(target + 4, target + 4 + length),
    );
  }

  /** A vector of numbers, where there is one. */
  numbers(field: number, size: 1 | 2): void {
    const at = this.#place(field, 4, 4);
    if (at === undefined) return;
    const target = this.#buffer.forward(at);
    this.#buffer.claim(target, 4, 4);
    this.#buffer.claim(target + 4, this.#buffer.view.getUint32(target, true) * size, size);
  }

  table(field: number, name: string, fields: number): Table {
    const at = this.#place(field, 4, 4) ?? fail(`${this.#name} without ${name}`);
    return this.#buffer.table(this.#buffer.forward(at), name, fields);
  }

  optionalTable(field: number, name: string, fields: number): Table | undefined {
    return this.#place(field, 4, 4) === undefined ? undefined : this.table(field, name, fields);
  }

  tables(field: number, name: string, fields: number): Table[] | undefined {
    const at = this.#place(field, 4, 4);
    if (at === undefined) return undefined;
    const target = this.#buffer.forward(at);
    this.#buffer.claim(target, 4, 4);
    const count = this.#buffer.view.getUint32(target, true);
    if (count === 0) fail(`${this.#name} has an empty vector of ${name}`);
    if (count * 4 > this.#buffer.bytes.length) fail(`${this.#name} has ${count} of ${name}`);
    return Array.from({ length: count }, (_, index) =>
      this.#buffer.table(this.#buffer.forward(target + 4 + 4 * index), name, fields),
    );
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function fail(what: string): never {
  throw new Error(`not a strict 2.3 message: ${what}`);
}
