// Reflection: answers from many hosts to questions that were never asked, where the device is the victim; and the device as one of the
// servers, asked by strangers for answers many times as long (CISA TA14-017A; Rossow 2014).

import { PROTOCOL_UDP } from '../../schema/configuration-block';
import { INITIATOR_LOCAL } from '../../schema/message-3.0-numbers';
import { DIRECTION_IN, DIRECTION_OUT, FLOW_PACKETS, FLOW_STATE } from '../memory';
import { isPrivate } from './address';
import { METER_BYTES, METER_COUNT, METER_FINISHED, METER_MERGED } from './memory';
import { addMerged, feed, meterOf, ONE, REFLECTIONS, takeQuestion } from './meter';
import { isDiscovery, localPort, remotePort } from './watched';

/** Answer by question, headers included: what CISA lists begins at 3.8, but a server of one's own may well answer at length. */
const AMPLIFIED: u32 = 8;
/** Answers to a question that went to a group. */
const GROUP: u32 = 256;
/** Bytes in which answers are added up. */
const UNIT: u32 = 64;

/** The device asks a service. */
export function serviceAsked(record: usize): void {
  if (record === 0) addMerged(meterOf(REFLECTIONS, DIRECTION_IN), 1);
}

/** The device asks whoever is there: so many answers to that port have their reason. */
export function groupAsked(transport: u64): void {
  if (<u32>(transport >> 32) !== PROTOCOL_UDP || !isDiscovery(remotePort(transport))) return;
  const meter = meterOf(REFLECTIONS, DIRECTION_IN);
  store<u16>(meter, max<u32>(load<u16>(meter, METER_MERGED), GROUP), METER_MERGED);
  store<u16>(meter, localPort(transport), METER_FINISHED);
}

/** A service answers the device. Whether it was asked. */
export function serviceAnswers(record: usize, high: u64, low: u64, transport: u64, bytes: u32): bool {
  const wasAsked =
    record === 0
      ? takeQuestion(REFLECTIONS, DIRECTION_IN)
      : isBegunHere(record) || load<u32>(record + 8, FLOW_PACKETS) !== 0;
  if (wasAsked) return true;
  // Whoever hears a question to the group answers.
  const port = remotePort(transport);
  if (isDiscovery(port) && (isPrivate(high, low) || isToGroup(localPort(transport)))) return false;
  feed(REFLECTIONS, DIRECTION_IN, high, low, port, bytes, ONE, true);
  return false;
}

function isToGroup(port: u32): bool {
  const meter = meterOf(REFLECTIONS, DIRECTION_IN);
  return <u32>load<u16>(meter, METER_FINISHED) === port && takeQuestion(REFLECTIONS, DIRECTION_IN);
}

/** The device is asked, by whoever it seems to be. */
export function deviceAsked(record: usize, high: u64, low: u64, port: u32, bytes: u32): void {
  if (isPrivate(high, low)) return;
  if (record !== 0) {
    if (isBegunHere(record)) return;
    const isFirst = load<u32>(record, FLOW_PACKETS) === 1 && load<u32>(record + 8, FLOW_PACKETS) === 0;
    if (!isFirst) return;
  }
  feed(REFLECTIONS, DIRECTION_OUT, high, low, port, bytes, ONE, true);
}

export function deviceAnswers(record: usize, high: u64, low: u64, bytes: u32): void {
  if (isPrivate(high, low) || (record !== 0 && isBegunHere(record))) return;
  addMerged(meterOf(REFLECTIONS, DIRECTION_OUT), (bytes + UNIT / 2) / UNIT);
}

export function isAmplified(meter: usize): bool {
  const asked = <u64>load<u32>(meter, METER_COUNT) * load<u16>(meter, METER_BYTES);
  return <u64>load<u16>(meter, METER_MERGED) * UNIT >= asked * AMPLIFIED;
}

function isBegunHere(record: usize): bool {
  return ((<u32>load<u8>(record, FLOW_STATE) >> 2) & 3) === INITIATOR_LOCAL;
}
