// What a file that is no capture is, so that the error can say what to do about it.
import { WardletError } from '../../bindings/js/errors.ts';

const UNPACK = 'unpack it first, or pipe it in:';
const CONVERT = 'convert it with Wireshark: editcap -F pcap old new.pcap';

/** First bytes in hexadecimal, what begins with them, the remedy. */
const KNOWN: ReadonlyArray<readonly [start: string, what: string, hint: string]> = [
  ['1f8b', 'gzip', `${UNPACK} gunzip -c`],
  ['28b52ffd', 'zstd', `${UNPACK} zstd -dc`],
  ['fd377a585a00', 'xz', `${UNPACK} xz -dc`],
  ['425a68', 'bzip2', `${UNPACK} bunzip2 -c`],
  ['04224d18', 'lz4', `${UNPACK} lz4 -dc`],
  ['504b0304', 'a zip archive', 'unpack it first and name the capture inside'],
  ['377abcaf271c', 'a 7z archive', 'unpack it first and name the capture inside'],
  ['a1b2cd34', "Kuznetzov's modified pcap", CONVERT],
  ['34cdb2a1', "Kuznetzov's modified pcap", CONVERT],
  ['1c0001ac', "IXIA's pcap", CONVERT],
  ['ac01001c', "IXIA's pcap", CONVERT],
  ['736e6f6f70000000', 'a Solaris snoop capture', CONVERT],
  ['474d4255', 'a Network Monitor capture', CONVERT],
  ['52545353', 'a Network Monitor capture', CONVERT],
  ['6274736e6f6f7000', 'a Bluetooth snoop log', 'it holds no IP traffic; capture on a network interface'],
  ['7f454c46', 'a program', 'name a capture file'],
  ['0061736d', 'a WebAssembly module', 'name a capture file'],
  ['25504446', 'a PDF', 'name a capture file'],
];

const SAVE = 'save packets as pcap or pcapng: tcpdump -w device.pcap, or "Save as" in Wireshark';

export function notACapture(name: string, first: Uint8Array): WardletError {
  const hex = Array.from(first, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const known = KNOWN.find(([start]) => hex.startsWith(start));
  const what = known?.[1] ?? describe(first, hex);
  return new WardletError('WL_BAD_CAPTURE', `${name} is not a capture: ${what}`, {
    hint: known?.[2] ?? SAVE,
  });
}

function describe(first: Uint8Array, hex: string): string {
  if (first.length === 0) return 'it is empty';
  if (first.length < 4) return `it has only ${first.length} bytes (${hex})`;
  if (first.every((byte) => byte === 0)) return 'it begins with zeros';
  const isText = first.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13));
  if (isText) return `text, beginning ${JSON.stringify(String.fromCharCode(...first.subarray(0, 16)))}`;
  return `it begins ${hex.slice(0, 16)}`;
}
