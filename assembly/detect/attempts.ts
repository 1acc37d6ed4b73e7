// New flows, and packets that a full table cannot give to a flow: which of them are attempts, which answers. Everything else about
// detection follows from here; packets of known flows do not come by.

import { PROTOCOL_ICMP, PROTOCOL_TCP } from '../../schema/configuration-block';
import { isUnicastV4, isUnicastV6 } from '../local-addresses';
import { DIRECTION_OUT } from '../memory';
import { ACK, FIN, RST, SYN } from '../packet/tcp-flags';
import { ECHO_REQUEST, FLAGS_READ } from '../packet/transport';
import { lowOfV4 } from './address';
import { hostEchoed } from './address-sweep';
import { serviceCalled } from './beacon';
import { loginMerged } from './brute-force';
import { happened, nowMs, wakeAt } from './clock';
import { endpointMet } from './first-contact';
import { begins, goesOn } from './floods';
import { hostAnswered, isFailing } from './horizontal-scan';
import { DETECT, HEAD_ENABLED } from './memory';
import {
  ANSWER_WAIT,
  attemptFailed,
  isKnownService,
  makeRoom,
  serviceAnswered,
  servicePort,
} from './outcomes';
import { addressMet } from './suspicious-address';
import { portAnswered } from './vertical-scan';
import { nextPlace, waitAt } from './waiting';
import { isReflector } from './watched';

/** record: 0 where the packet was merged. addresses: local in the low half, remote in the high. */
export function noteV4(
  record: usize,
  addresses: u64,
  transport: u64,
  direction: u32,
  length: u32,
  flags: u32,
): void {
  if (!load<u32>(DETECT, HEAD_ENABLED)) return;
  const remote = <u32>(addresses >> 32);
  if (direction === DIRECTION_OUT && !isUnicastV4(remote)) return;
  note(record, 0, lowOfV4(remote), lowOfV4(<u32>addresses), transport, direction, length, flags);
}

/** local, remote: where 16 address bytes stand. */
export function noteV6(
  record: usize,
  local: usize,
  remote: usize,
  transport: u64,
  direction: u32,
  length: u32,
  flags: u32,
): void {
  if (!load<u32>(DETECT, HEAD_ENABLED)) return;
  if (direction === DIRECTION_OUT && !isUnicastV6(remote)) return;
  note(
    record,
    load<u64>(remote),
    load<u64>(remote, 8),
    load<u64>(local, 8),
    transport,
    direction,
    length,
    flags,
  );
}

function note(
  record: usize,
  high: u64,
  low: u64,
  localLow: u64,
  transport: u64,
  direction: u32,
  length: u32,
  flags: u32,
): void {
  const protocol = <u32>(transport >> 32);
  const ports = <u32>transport;
  happened(<u32>nowMs());
  // A SYN+ACK, or a datagram to a client's port, is said by the service.
  const isAnswer =
    protocol === PROTOCOL_TCP ? (flags & (SYN | ACK)) === (SYN | ACK) : isReply(ports, direction);
  const party = isAnswer ? direction ^ 1 : direction;
  addressMet(party, high, low, protocol, servicePort(ports, party));
  if (protocol === PROTOCOL_ICMP) {
    if (flags & ECHO_REQUEST) hostEchoed(direction, high, low, localLow);
    return;
  }
  // A later fragment.
  if (ports === 0) return;
  if (protocol === PROTOCOL_TCP) {
    if (flags & SYN && flags & ACK) {
      answered(direction ^ 1, high, low, localLow, protocol, ports);
      return;
    }
    if (record === 0 && flags & FIN) mergedEnd(direction ^ 1, high, low, protocol, ports);
    if (record === 0 && !(flags & (SYN | RST))) goesOn(protocol, direction);
    // In the middle of a connection; or the answer to one that nobody had. No stack begins with anything but SYN: scanners do.
    if (!(flags & SYN) && (flags & (ACK | RST) || !(flags & FLAGS_READ))) return;
  } else {
    const wasAsked = answered(direction ^ 1, high, low, localLow, protocol, ports);
    if (wasAsked || isReply(ports, direction)) {
      if (record === 0) goesOn(protocol, direction ^ 1);
      return;
    }
  }
  const port = servicePort(ports, direction);
  if (protocol !== PROTOCOL_TCP || flags & SYN) {
    const known = protocol !== PROTOCOL_TCP && isKnownService(direction, high, low, protocol, port);
    if (begins(protocol, record, direction, high, low, port, length, known)) return;
  }
  endpointMet(direction, high, low, protocol, port);
  if (direction === DIRECTION_OUT) {
    const known = isKnownService(direction, high, low, protocol, port);
    serviceCalled(high, low, localLow, protocol, port, servicePort(ports, direction ^ 1), known);
  }
  if (record === 0) {
    attemptFailed(direction, high, low, localLow, protocol, port, false);
    return;
  }
  const place = nextPlace(direction);
  if (!makeRoom(place, direction)) return;
  waitAt(place, record, <u32>nowMs());
  wakeAt(nowMs() + ANSWER_WAIT);
}

/** The end of a connection nobody has a record for, said by its service. Of a port that is being scanned it says nothing. */
function mergedEnd(direction: u32, high: u64, low: u64, protocol: u32, ports: u32): void {
  const port = servicePort(ports, direction);
  if (!isFailing(direction, protocol, port)) loginMerged(direction, high, low, port, ports);
}

/** direction: of the attempt, which had been merged or has lost its record. Whether it had been counted as failed. */
function answered(direction: u32, high: u64, low: u64, localLow: u64, protocol: u32, ports: u32): bool {
  const port = servicePort(ports, direction);
  const wasHost = hostAnswered(direction, high, low, localLow, protocol, port);
  const wasPort = portAnswered(direction, high, low, protocol, port);
  if (protocol === PROTOCOL_TCP || wasHost || wasPort) {
    serviceAnswered(direction, high, low, localLow, protocol, port);
  }
  return wasHost || wasPort;
}

/** A datagram from a service's port to a client's: the question was seen before, or went to a group. */
function isReply(ports: u32, direction: u32): bool {
  return isService(servicePort(ports, direction ^ 1)) && servicePort(ports, direction) >= 1024;
}

function isService(port: u32): bool {
  // LLMNR.
  return port < 1024 || port === 5355 || isReflector(port);
}
