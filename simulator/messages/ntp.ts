// An NTP version 4 question and its answer: RFC 5905 7.3.

export const NTP_PORT = 123;

const VERSION = 4;
const CLIENT = 3;
const SERVER = 4;
/** Seconds between 1900, where NTP begins, and 1970. */
const ERA_OFFSET = 2_208_988_800;
const REFERENCE = 16;
const ORIGIN = 24;
const RECEIVED = 32;
const TRANSMITTED = 40;

export function ntpQuery(timeMs: number): Uint8Array {
  const bytes = new Uint8Array(48);
  bytes[0] = (VERSION << 3) | CLIENT;
  setTime(bytes, TRANSMITTED, timeMs);
  return bytes;
}

/** timeMs: the server's, when it answers. */
export function ntpAnswer(query: Uint8Array, timeMs: number): Uint8Array {
  const bytes = new Uint8Array(48);
  bytes[0] = (VERSION << 3) | SERVER;
  bytes[1] = 2; // stratum
  bytes[2] = 6; // polls every 64 s
  bytes[3] = -20; // precision: 2^-20 s
  bytes.set([192, 0, 2, 1], 12); // whom it follows
  setTime(bytes, REFERENCE, timeMs - 17_000);
  bytes.set(query.subarray(TRANSMITTED, TRANSMITTED + 8), ORIGIN);
  setTime(bytes, RECEIVED, timeMs);
  setTime(bytes, TRANSMITTED, timeMs);
  return bytes;
}

function setTime(bytes: Uint8Array, at: number, timeMs: number): void {
  const view = new DataView(bytes.buffer, at);
  const seconds = Math.floor(timeMs / 1000);
  view.setUint32(0, seconds + ERA_OFFSET);
  view.setUint32(4, Math.floor((timeMs / 1000 - seconds) * 0x1_0000_0000));
}
