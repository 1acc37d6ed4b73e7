import { WardletError } from '../../bindings/js/errors.ts';
import type { ByteSource } from './byte-source.ts';
import type { Capture } from './capture.ts';
import { ClassicPcap, FILE_HEADER } from './classic-pcap.ts';
import { notACapture } from './first-bytes.ts';
import { Pcapng, SECTION_HEADER } from './pcapng.ts';
import { RewindableSource } from './rewindable-source.ts';

const MICROSECOND = 0xa1b2c3d4;
const NANOSECOND = 0xa1b23c4d;

/**
 * Recognises pcap and pcapng by their first bytes. Throws WL_BAD_CAPTURE for anything else, and then closes the source.
 *
 * @example
 * const capture = await openCapture(fileSource('device.pcap'));
 * const frames = new Uint8Array(65536);
 * for (let n = await capture.fill(frames); n > 0; n = await capture.fill(frames)) { ... }
 * await capture.close();
 */
export async function openCapture(source: ByteSource): Promise<Capture> {
  try {
    return await recognise(new RewindableSource(source));
  } catch (failure) {
    await source.close();
    throw failure;
  }
}

async function recognise(source: RewindableSource): Promise<Capture> {
  const header = new Uint8Array(FILE_HEADER);
  let length = 0;
  while (length < FILE_HEADER) {
    const got = await source.read(header.subarray(length));
    if (got === 0) break;
    length += got;
  }
  const view = new DataView(header.buffer);
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(0, littleEndian);
    if (magic !== MICROSECOND && magic !== NANOSECOND) continue;
    if (length < FILE_HEADER) throw cutHeader(source.name, length);
    return new ClassicPcap(source, header, littleEndian, magic === NANOSECOND);
  }
  if (view.getUint32(0) === SECTION_HEADER) {
    source.unread(header.subarray(0, length));
    return new Pcapng(source);
  }
  throw notACapture(source.name, header.subarray(0, length));
}

function cutHeader(name: string, length: number): WardletError {
  return new WardletError(
    'WL_CUT_CAPTURE',
    `${name} ends in the middle of its file header, at byte ${length} of ${FILE_HEADER}`,
    { hint: 'the capture was cut short or is still being written' },
  );
}
