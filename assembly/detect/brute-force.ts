// Brute force: short connections to one service where people log in, one after the other. What a login looks like from outside (Hellemons et
// al. 2012, Javed and Paxson 2013): a dialogue of some small packets each way that the server draws out, because it
// makes whoever guessed wrong wait. A page or a poll is one question and one answer; TLS is lopsided by its certificates.

import { PROTOCOL_TCP } from '../../schema/configuration-block';
import { DIRECTION_IN } from '../memory';
import { PSH } from '../packet/tcp-flags';
import { hashOf } from './address';
import { count, LOGINS } from './tally';
import { bytesOf, flagsOf, lasted, packetsOf } from './waiting';

/** What a port says about the service behind it. */
const NO_LOGIN: u32 = 0;
const PERHAPS: u32 = 1;
const LOGIN: u32 = 2;

// Quarters of a second.
const DIALOGUE_LEAST: u32 = 4;
const LONGEST: u32 = 240;

function loginAt(port: u32): u32 {
  switch (port) {
    case 21:
    case 22:
    case 23:
    case 222:
    case 992:
    case 2022:
    case 2121:
    case 2222:
    case 2223:
    case 2323:
    case 3389:
    case 5900:
    case 5901:
    case 10022:
    case 22222:
      return LOGIN;
    case 53:
    case 80:
    case 443:
    case 853:
    case 1883:
    case 5222:
    case 5228:
    case 5671:
    case 8000:
    case 8008:
    case 8080:
    case 8081:
    case 8443:
    case 8883:
    case 8888:
      return NO_LOGIN;
    default:
      return PERHAPS;
  }
}

/** Ports of the web and of MQTT. */
export function isWeb(port: u32): bool {
  return loginAt(port) === NO_LOGIN;
}

/** Whether the end of a connection is worth waiting for. */
export function mayBeLogin(protocol: u32, port: u32): bool {
  return protocol === PROTOCOL_TCP && loginAt(port) !== NO_LOGIN;
}

/** A connection that has ended, or is a minute old. */
export function connectionEnded(
  place: usize,
  record: usize,
  direction: u32,
  high: u64,
  low: u64,
  port: u32,
  ports: u32,
): void {
  if (isLogin(place, record, loginAt(port))) loginTried(direction, high, low, port, ports, true);
}

/** Of a connection nobody had a record for, only its beginning is known: enough where people log in. */
export function loginMerged(direction: u32, high: u64, low: u64, port: u32, ports: u32): void {
  if (loginAt(port) === LOGIN) loginTried(direction, high, low, port, ports, true);
}

function loginTried(direction: u32, high: u64, low: u64, port: u32, ports: u32, sure: bool): void {
  // One port, whoever tries, and on how many hosts: passwords are guessed on many in turn.
  count(LOGINS, direction, high, low, port | (1 << 16), hashOf(high, low, ports), port, sure);
}

function isLogin(place: usize, record: usize, service: u32): bool {
  const time = lasted(place, record);
  if (time > LONGEST) return false;
  const packetsIn = packetsOf(place, record, DIRECTION_IN);
  const packetsOut = packetsOf(place, record, 1);
  const bytesIn = bytesOf(place, record, DIRECTION_IN);
  const bytesOut = bytesOf(place, record, 1);
  const most = max<u32>(bytesIn, bytesOut);
  const fewest = min<u32>(packetsIn, packetsOut);
  const data = flagsOf(place, record, DIRECTION_IN) | flagsOf(place, record, 1);
  if (!(data & PSH)) return false;
  if (service === LOGIN) return fewest >= 3 && most <= 10_000;
  return (
    fewest >= 8 &&
    max<u32>(packetsIn, packetsOut) <= 60 &&
    most <= 6_000 &&
    most <= 3 * min<u32>(bytesIn, bytesOut) &&
    time >= DIALOGUE_LEAST
  );
}
