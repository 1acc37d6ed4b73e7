// What a capture file holds, read the slow and obvious way: the whole file at once, times in BigInt. And the real reader, put
// into the same words.
import { WardletError } from '../../bindings/js/errors.ts';
import { type ByteSource, MAX_CAPTURED, openCapture } from '../../host/capture/index.ts';

export interface ReadFrame {
  /** NaN: out of the range in which doubles are exact; such a time is any time. */
  readonly timeMs: number;
  readonly original: number;
  readonly link: number;
  /** In hexadecimal, the first MAX_CAPTURED bytes. */
  readonly bytes: string;
}

export interface Reading {
  readonly frames: readonly ReadFrame[];
  readonly fault: string;
}

/** Everything the reader yields for a target of that size, and the code it ends with, '' at a clean end. */
export async function readCapture(source: ByteSource, targetSize: number): Promise<Reading> {
  // Not at the start of its buffer, and with something around it that must stay.
  const memory = new Uint8Array(targetSize + 32).fill(0xee);
  const reading = await readInto(memory.subarray(16, 16 + targetSize), source);
  for (const at of [0, 15, 16 + targetSize, 31 + targetSize]) {
    if (memory[at] !== 0xee) throw new Error(`the reader wrote outside its target, at ${at - 16}`);
  }
  return reading;
}

async function readInto(target: Uint8Array, source: ByteSource): Promise<Reading> {
  const frames: ReadFrame[] = [];
  try {
    const capture = await openCapture(source);
    for (;;) {
      const ready = capture.fill(target);
      const length = typeof ready === 'number' ? ready : await ready;
      if (length === 0) break;
      takeFrames(target, length, frames);
    }
    await capture.close();
    return { frames, fault: '' };
  } catch (failure) {
    if (!(failure instanceof WardletError)) throw failure;
    return { frames, fault: failure.code };
  }
}

function takeFrames(target: Uint8Array, length: number, frames: ReadFrame[]): void {
  if (length > target.length) throw new Error(`${length} bytes in a target of ${target.length}`);
  const view = new DataView(target.buffer, target.byteOffset, length);
  let at = 0;
  while (at < length) {
    const captured = view.getUint16(at + 12, true);
    const from = at + 16;
    at = from + captured;
    if (at > length) throw new Error(`a frame ends at ${at}, the batch at ${length}`);
    const kept = Math.min(captured, MAX_CAPTURED);
    frames.push({
      timeMs: Number(view.getBigUint64(from - 16, true)),
      original: view.getUint32(from - 8, true),
      link: view.getUint16(from - 2, true),
      bytes: Buffer.from(target.subarray(from, from + kept)).toString('hex'),
    });
  }
}

export function modelOf(file: Uint8Array): Reading {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const frames: ReadFrame[] = [];
  return { frames, fault: file.length < 4 ? 'WL_BAD_CAPTURE' : parse(file, view, frames) };
}

function parse(file: Uint8Array, view: DataView, frames: ReadFrame[]): string {
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(0, littleEndian);
    if (magic === 0xa1b2c3d4) return parsePcap(file, view, littleEndian, 1000, frames);
    if (magic === 0xa1b23c4d) return parsePcap(file, view, littleEndian, 1_000_000, frames);
  }
  return view.getUint32(0) === 0x0a0d0d0a ? parsePcapng(file, view, frames) : 'WL_BAD_CAPTURE';
}

function parsePcap(
  file: Uint8Array,
  view: DataView,
  littleEndian: boolean,
  fractionsPerMs: number,
  frames: ReadFrame[],
): string {
  if (file.length < 24) return 'WL_CUT_CAPTURE';
  if (view.getUint16(4, littleEndian) !== 2 || view.getUint16(6, littleEndian) !== 4) return 'WL_BAD_CAPTURE';
  const link = view.getUint32(20, littleEndian) & 0xffff;
  let at = 24;
  while (at < file.length) {
    if (at + 16 > file.length) return 'WL_CUT_CAPTURE';
    const captured = view.getUint32(at + 8, littleEndian);
    if (captured > 262144) return 'WL_BAD_CAPTURE';
    if (at + 16 + captured > file.length) return 'WL_CUT_CAPTURE';
    frames.push({
      timeMs:
        view.getUint32(at, littleEndian) * 1000 +
        Math.floor(view.getUint32(at + 4, littleEndian) / fractionsPerMs),
      original: Math.max(captured, view.getUint32(at + 12, littleEndian)),
      link,
      bytes: hex(file, at + 16, captured),
    });
    at += 16 + captured;
  }
  return '';
}

interface ModelInterface {
  readonly link: number;
  readonly snapLength: number;
  readonly resolution: number;
  readonly offsetSeconds: bigint;
}

function parsePcapng(file: Uint8Array, view: DataView, frames: ReadFrame[]): string {
  let littleEndian = true;
  let interfaces: ModelInterface[] = [];
  let latestMs = 0;
  let at = 0;
  while (at < file.length) {
    if (at + 12 > file.length) return 'WL_CUT_CAPTURE';
    const isSection = view.getUint32(at) === 0x0a0d0d0a;
    let order: boolean = littleEndian;
    if (isSection) {
      if (view.getUint32(at + 8, true) === 0x1a2b3c4d) order = true;
      else if (view.getUint32(at + 8, false) === 0x1a2b3c4d) order = false;
      else return 'WL_BAD_CAPTURE';
    }
    const type = view.getUint32(at, order);
    const length = view.getUint32(at + 4, order);
    if (length < 12 || length % 4 !== 0 || length > 1 << 24) return 'WL_BAD_CAPTURE';
    if (at + length > file.length) return 'WL_CUT_CAPTURE';
    if (view.getUint32(at + length - 4, order) !== length) return 'WL_BAD_CAPTURE';

    if (isSection) {
      if (length < 28 || view.getUint16(at + 12, order) !== 1) return 'WL_BAD_CAPTURE';
      littleEndian = order;
      interfaces = [];
    } else if (type === 1) {
      if (length < 20 || length > 131072) return 'WL_BAD_CAPTURE';
      interfaces.push(readInterface(view, at, length, order));
    } else if (type === 2 || type === 6) {
      if (length < 32) return 'WL_BAD_CAPTURE';
      const on = interfaces[type === 2 ? view.getUint16(at + 8, order) : view.getUint32(at + 8, order)];
      const captured = view.getUint32(at + 20, order);
      if (on === undefined || captured > length - 32) return 'WL_BAD_CAPTURE';
      latestMs = timeOf(on, view.getUint32(at + 12, order), view.getUint32(at + 16, order));
      const original = Math.max(captured, view.getUint32(at + 24, order));
      frames.push({ timeMs: latestMs, original, link: on.link, bytes: hex(file, at + 28, captured) });
    } else if (type === 3) {
      const on = interfaces[0];
      if (length < 16 || on === undefined) return 'WL_BAD_CAPTURE';
      const original = view.getUint32(at + 8, order);
      const captured = Math.min(original, on.snapLength === 0 ? original : on.snapLength, length - 16);
      frames.push({ timeMs: latestMs, original, link: on.link, bytes: hex(file, at + 12, captured) });
    }
    at += length;
  }
  return '';
}

function readInterface(view: DataView, at: number, length: number, littleEndian: boolean): ModelInterface {
  let resolution = 6;
  let offsetSeconds = 0n;
  const end = at + length - 4;
  let option = at + 16;
  while (option + 4 <= end) {
    const code = view.getUint16(option, littleEndian);
    const size = view.getUint16(option + 2, littleEndian);
    if (code === 0 || option + 4 + size > end) break;
    if (code === 9 && size === 1) resolution = view.getUint8(option + 4);
    if (code === 14 && size === 8) offsetSeconds = view.getBigInt64(option + 4, littleEndian);
    option += 4 + Math.ceil(size / 4) * 4;
  }
  return {
    link: view.getUint16(at + 8, littleEndian),
    snapLength: view.getUint32(at + 12, littleEndian),
    resolution,
    offsetSeconds,
  };
}

function timeOf(on: ModelInterface, high: number, low: number): number {
  const units = (BigInt(high) << 32n) + BigInt(low);
  const unitsPerSecond = (on.resolution >= 128 ? 2n : 10n) ** BigInt(on.resolution % 128);
  const ms = (units * 1000n) / unitsPerSecond;
  const offsetMs = on.offsetSeconds * 1000n;
  const largest = BigInt(Number.MAX_SAFE_INTEGER);
  if (ms > largest || offsetMs > largest || offsetMs < -largest) return Number.NaN;
  const sum = ms + offsetMs;
  if (sum < 0n) return 0;
  return Number(sum > largest ? largest : sum);
}

function hex(file: Uint8Array, at: number, captured: number): string {
  return Buffer.from(file.subarray(at, at + Math.min(captured, MAX_CAPTURED))).toString('hex');
}

/** The first difference in words; '' where there is none. */
export function difference(is: Reading, should: Reading): string {
  const count = Math.max(is.frames.length, should.frames.length);
  for (let i = 0; i < count; i++) {
    const a = is.frames[i];
    const b = should.frames[i];
    const same =
      a !== undefined &&
      b !== undefined &&
      (a.timeMs === b.timeMs || Number.isNaN(b.timeMs)) &&
      a.original === b.original &&
      a.link === b.link &&
      a.bytes === b.bytes;
    if (!same) return `frame ${i}: ${JSON.stringify(a)} instead of ${JSON.stringify(b)}`;
  }
  return is.fault === should.fault ? '' : `ends with '${is.fault}' instead of '${should.fault}'`;
}
