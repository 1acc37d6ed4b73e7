// Packets that are looked at one by one, of known flows as well: echoes, which never take the fast path, and services that are misused
// (watched.ts).

import { PROTOCOL_ICMP } from '../../schema/configuration-block';
import { isUnicastV4, isUnicastV6 } from '../local-addresses';
import { DIRECTION_OUT } from '../memory';
import { ECHO_REPLY, ECHO_REQUEST } from '../packet/transport';
import { lowOfV4 } from './address';
import { nameAnswered, nameAsked } from './dns-tunnel';
import { echoAnswered, echoAsked } from './icmp-tunnel';
import { DETECT, HEAD_ENABLED } from './memory';
import { addMerged, ECHOES, feed, meterOf, ONE, takeQuestion } from './meter';
import { deviceAnswers, deviceAsked, groupAsked, serviceAnswers, serviceAsked } from './reflection';
import { DNS, isReflector, localPort, remotePort } from './watched';

/** record: 0 where the packet was merged; its counts include the packet. transport as a flow record has it, with its mark. */
export function watchV4(
  record: usize,
  addresses: u64,
  transport: u64,
  direction: u32,
  length: u32,
  flags: u32,
): void {
  if (!load<u32>(DETECT, HEAD_ENABLED)) return;
  const remote = <u32>(addresses >> 32);
  if (isUnicastV4(remote)) watch(record, 0, lowOfV4(remote), transport, direction, length, flags);
  else if (direction === DIRECTION_OUT) groupAsked(transport);
}

/** remote: where 16 address bytes stand. */
export function watchV6(
  record: usize,
  remote: usize,
  transport: u64,
  direction: u32,
  length: u32,
  flags: u32,
): void {
  if (!load<u32>(DETECT, HEAD_ENABLED)) return;
  if (isUnicastV6(remote))
    watch(record, load<u64>(remote), load<u64>(remote, 8), transport, direction, length, flags);
  else if (direction === DIRECTION_OUT) groupAsked(transport);
}

function watch(
  record: usize,
  high: u64,
  low: u64,
  transport: u64,
  direction: u32,
  length: u32,
  flags: u32,
): void {
  if (<u32>(transport >> 32) === PROTOCOL_ICMP) {
    if (flags & ECHO_REQUEST) {
      feed(ECHOES, direction, high, low, 0, length, ONE, true);
      addMerged(meterOf(ECHOES, direction ^ 1), 1);
      echoAsked(direction, high, low, length);
    } else if (flags & ECHO_REPLY) {
      if (!takeQuestion(ECHOES, direction)) feed(ECHOES, direction, high, low, 0, length, ONE, true);
      echoAnswered(direction ^ 1, high, low, length);
    }
    return;
  }
  const service = remotePort(transport);
  if (isReflector(service)) {
    if (direction === DIRECTION_OUT) {
      serviceAsked(record);
      if (service === DNS) nameAsked(record, high, low, length);
    } else if (serviceAnswers(record, high, low, transport, length) && service === DNS) {
      nameAnswered(record, high, low, length);
    }
  } else if (direction === DIRECTION_OUT) {
    deviceAnswers(record, high, low, length);
  } else {
    deviceAsked(record, high, low, localPort(transport), length);
  }
}
