// Capture files written plainly, field by field, to hold the reader and the writer of host/capture against.

export interface PcapShape {
  readonly littleEndian: boolean;
  readonly nanosecond: boolean;
}

export const PCAP_SHAPES: readonly PcapShape[] = [
  { littleEndian: true, nanosecond: false },
  { littleEndian: false, nanosecond: false },
  { littleEndian: true, nanosecond: true },
  { littleEndian: false, nanosecond: true },
];

export interface PcapRecord {
  readonly seconds: number;
  /** Microseconds or nanoseconds, by the shape. */
  readonly fraction: number;
  readonly bytes: Uint8Array;
  readonly original?: number;
  /** What the record says of its captured length; default: the truth. */
  readonly captured?: number;
}

export function pcapHeader(
  shape: PcapShape,
  link: number,
  version: readonly [number, number] = [2, 4],
): Uint8Array {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, shape.nanosecond ? 0xa1b23c4d : 0xa1b2c3d4, shape.littleEndian);
  view.setUint16(4, version[0], shape.littleEndian);
  view.setUint16(6, version[1], shape.littleEndian);
  view.setUint32(16, 262144, shape.littleEndian);
  view.setUint32(20, link, shape.littleEndian);
  return header;
}

export function pcapRecord(shape: PcapShape, record: PcapRecord): Uint8Array {
  const header = new Uint8Array(16);
  const view = new DataView(header.buffer);
  view.setUint32(0, record.seconds, shape.littleEndian);
  view.setUint32(4, record.fraction, shape.littleEndian);
  view.setUint32(8, record.captured ?? record.bytes.length, shape.littleEndian);
  view.setUint32(12, record.original ?? record.bytes.length, shape.littleEndian);
  return concat([header, record.bytes]);
}

export function pcapFile(shape: PcapShape, link: number, records: readonly PcapRecord[]): Uint8Array {
  return concat([pcapHeader(shape, link), ...records.map((record) => pcapRecord(shape, record))]);
}

export interface BlockLies {
  /** What the block says of its length, at the beginning or at the end. */
  readonly length?: number;
  readonly lengthAtEnd?: number;
}

/** Any pcapng block: the body is padded to 32 bits. */
export function block(
  type: number,
  body: Uint8Array,
  littleEndian: boolean,
  lies: BlockLies = {},
): Uint8Array {
  const length = 12 + padded(body.length);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, littleEndian);
  view.setUint32(4, lies.length ?? length, littleEndian);
  bytes.set(body, 8);
  view.setUint32(length - 4, lies.lengthAtEnd ?? length, littleEndian);
  return bytes;
}

export function sectionBlock(
  littleEndian: boolean,
  major = 1,
  options: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setUint32(0, 0x1a2b3c4d, littleEndian);
  view.setUint16(4, major, littleEndian);
  view.setBigInt64(8, -1n, littleEndian); // section length not given
  return block(0x0a0d0d0a, concat([body, options]), littleEndian);
}

export interface InterfaceOptions {
  readonly link: number;
  readonly snapLength?: number;
  /** if_tsresol as it stands in the file. */
  readonly resolution?: number;
  /** if_tsoffset, seconds. */
  readonly offsetSeconds?: bigint;
  /** Options before these two, as they stand in the file. */
  readonly before?: Uint8Array;
}

export function interfaceBlock(littleEndian: boolean, options: InterfaceOptions): Uint8Array {
  const body = new Uint8Array(8);
  const view = new DataView(body.buffer);
  view.setUint16(0, options.link, littleEndian);
  view.setUint32(4, options.snapLength ?? 0, littleEndian);
  const parts = [body, options.before ?? new Uint8Array(0)];
  if (options.resolution !== undefined)
    parts.push(option(9, Uint8Array.of(options.resolution), littleEndian));
  if (options.offsetSeconds !== undefined) {
    const value = new DataView(new ArrayBuffer(8));
    value.setBigInt64(0, options.offsetSeconds, littleEndian);
    parts.push(option(14, new Uint8Array(value.buffer), littleEndian));
  }
  parts.push(option(0, new Uint8Array(0), littleEndian));
  return block(1, concat(parts), littleEndian);
}

export function option(code: number, value: Uint8Array, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(4 + padded(value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, littleEndian);
  view.setUint16(2, value.length, littleEndian);
  bytes.set(value, 4);
  return bytes;
}

export interface PacketOptions extends BlockLies {
  readonly on?: number;
  readonly original?: number;
  readonly captured?: number;
}

/** An Enhanced Packet Block. time: in units of its interface. */
export function packetBlock(
  littleEndian: boolean,
  time: bigint,
  bytes: Uint8Array,
  options: PacketOptions = {},
): Uint8Array {
  const body = new Uint8Array(20);
  const view = new DataView(body.buffer);
  view.setUint32(0, options.on ?? 0, littleEndian);
  view.setUint32(4, Number(time >> 32n), littleEndian);
  view.setUint32(8, Number(time & 0xffff_ffffn), littleEndian);
  view.setUint32(12, options.captured ?? bytes.length, littleEndian);
  view.setUint32(16, options.original ?? bytes.length, littleEndian);
  return block(6, concat([body, bytes]), littleEndian, options);
}

/** The obsolete Packet Block: a 16-bit interface number and a count of drops. */
export function oldPacketBlock(
  littleEndian: boolean,
  time: bigint,
  bytes: Uint8Array,
  options: PacketOptions = {},
): Uint8Array {
  const whole = packetBlock(littleEndian, time, bytes, options);
  const view = new DataView(whole.buffer);
  view.setUint32(0, 2, littleEndian);
  view.setUint16(8, options.on ?? 0, littleEndian);
  view.setUint16(10, 7, littleEndian);
  return whole;
}

export function simplePacketBlock(
  littleEndian: boolean,
  bytes: Uint8Array,
  original: number = bytes.length,
): Uint8Array {
  const body = new Uint8Array(4);
  new DataView(body.buffer).setUint32(0, original, littleEndian);
  return block(3, concat([body, bytes]), littleEndian);
}

/** What every pcapng feature at once looks like, in one byte order or the other. */
export function everyBlock(littleEndian: boolean, seed: number): Uint8Array[] {
  const le = littleEndian;
  const comment = option(1, Buffer.from('a comment'), le);
  return [
    sectionBlock(le, 1, comment),
    interfaceBlock(le, { link: 1, before: comment }),
    interfaceBlock(le, { link: 101, resolution: 9, snapLength: 96 }),
    block(0x0bad, someBytes(33, seed), le),
    packetBlock(le, 1_700_000_000_123_999n, someBytes(61, seed)),
    packetBlock(le, 1_700_000_000_123_999_999n, someBytes(62, seed + 1), { on: 1, original: 1500 }),
    simplePacketBlock(le, someBytes(63, seed + 2)),
    oldPacketBlock(le, 1_700_000_001_000_000n, someBytes(64, seed + 3)),
    interfaceBlock(le, { link: 113, resolution: 0x80 | 10, offsetSeconds: 1_600_000_000n }),
    packetBlock(le, 1024n * 5n + 512n, someBytes(0, 0), { on: 2, original: 40 }),
    block(5, someBytes(12, seed), le),
  ];
}

/** Lengths of frames around every limit of the reader. */
export const LENGTHS = [
  0, 1, 60, 511, 512, 513, 1007, 1008, 1009, 1024, 2000, 65_535, 65_536, 70_000, 150_000, 262_144, 5,
];

export function longFiles(): Uint8Array[] {
  const files = PCAP_SHAPES.map((shape) =>
    pcapFile(
      shape,
      1,
      LENGTHS.map((length, i) => ({
        seconds: i,
        fraction: 0,
        bytes: someBytes(length, i),
        original: length + i,
      })),
    ),
  );
  for (const littleEndian of [true, false]) {
    files.push(
      concat([
        sectionBlock(littleEndian, 1, option(1, someBytes(65_000, 1), littleEndian)),
        interfaceBlock(littleEndian, { link: 1, before: option(2, someBytes(60_000, 1), littleEndian) }),
        ...LENGTHS.flatMap((length, i) => [
          packetBlock(littleEndian, BigInt(i), someBytes(length, i)),
          block(77, someBytes(i * 20_000, i), littleEndian),
          simplePacketBlock(littleEndian, someBytes(length, i + 1)),
        ]),
        // Options of 150,000 bytes in all: a section header that is read past.
        sectionBlock(
          littleEndian,
          1,
          concat([1, 2, 3].map((i) => option(i, someBytes(50_000, i), littleEndian))),
        ),
        interfaceBlock(littleEndian, { link: 2 }),
        packetBlock(littleEndian, 7n, someBytes(9, 9)),
      ]),
    );
  }
  return files;
}

/** length bytes, all different for different seeds. */
export function someBytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at * 7 + seed * 31);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
