// The ring of finished messages (invariant 5): a message leaves it only when the host says it was acknowledged.
// Records lie one behind the other (schema/outbox-record.ts); one that does not fit before the end starts at 0,
// and a length of WRAP says so.
//
//   head: oldest not acknowledged    unsent: next to hand out    tail: where the next one is written

import { OK, UNKNOWN_SEQUENCE } from '../schema/codes';
import {
  RECORD_ACKNOWLEDGED,
  RECORD_FLAGS,
  RECORD_FORMAT,
  RECORD_HEADER,
  RECORD_LENGTH,
  RECORD_SEQUENCE,
} from '../schema/outbox-record';
import { STATUS_MESSAGES, STATUS_UNACKNOWLEDGED } from '../schema/status';
import {
  AGENT,
  AGENT_BATCH_LENGTH,
  AGENT_FORMAT,
  AGENT_OUTBOX_HEAD,
  AGENT_OUTBOX_RECORDS,
  AGENT_OUTBOX_TAIL,
  AGENT_OUTBOX_UNSENT,
  AGENT_OUTBOX_UNSENT_COUNT,
  HAS_3_0,
  LOCAL_MAX,
  MESSAGE_MAX,
  OUTBOX,
  OUTBOX_SIZE,
  STATUS,
} from './memory';

const WRAP: u32 = 0xffffffff;

/** Bytes a message may need before anything of it is worth writing: every fixed part, and the longest texts or all local addresses. */
const ROOM_MIN: u32 = LOCAL_MAX > 8 ? 2048 : LOCAL_MAX < 8 ? 640 : 768;

/** What may stand behind the events of an open message. */
const FINISH_MAX: u32 = 160;

/** Whether a message could be begun now, behind the open one where there is one. */
export function outboxHasRoom(): bool {
  let end = load<u32>(AGENT, AGENT_OUTBOX_TAIL);
  if (openLength()) end += recordSize(min<u32>(openLength() + FINISH_MAX, outboxRoom()));
  return roomAt(placeOfRoom(end)) >= ROOM_MIN + RECORD_HEADER;
}

/** Where the body of the next message goes, or 0; bytes there: outboxRoom(). Nothing is taken until commit. */
export function outboxPlace(): usize {
  const tail = load<u32>(AGENT, AGENT_OUTBOX_TAIL);
  const place = placeOfRoom(tail);
  if (roomAt(place) < ROOM_MIN + RECORD_HEADER) return 0;
  if (place !== tail) {
    if (tail < <u32>OUTBOX_SIZE) store<u32>(OUTBOX + tail, WRAP, RECORD_LENGTH);
    store<u32>(AGENT, place, AGENT_OUTBOX_TAIL);
  }
  return OUTBOX + place + RECORD_HEADER;
}

/** Where the body of the open message stands: outboxPlace() gave it, but an emptied ring begins with it again. */
export function outboxBody(): usize {
  return OUTBOX + load<u32>(AGENT, AGENT_OUTBOX_TAIL) + RECORD_HEADER;
}

/** Bytes for a body at outboxPlace(). */
export function outboxRoom(): u32 {
  return min<u32>(roomAt(load<u32>(AGENT, AGENT_OUTBOX_TAIL)) - RECORD_HEADER, MESSAGE_MAX);
}

/** The body at outboxPlace() is finished. */
export function commit(length: u32): void {
  const tail = load<u32>(AGENT, AGENT_OUTBOX_TAIL);
  const record = OUTBOX + tail;
  const sequence = load<u32>(STATUS, STATUS_MESSAGES);
  store<u32>(record, length, RECORD_LENGTH);
  store<u32>(record, sequence, RECORD_SEQUENCE);
  store<u16>(record, load<u32>(AGENT, AGENT_FORMAT), RECORD_FORMAT);
  store<u16>(record, 0, RECORD_FLAGS);
  store<u32>(record, 0, RECORD_FLAGS + 2);
  store<u32>(AGENT, tail + recordSize(length), AGENT_OUTBOX_TAIL);
  store<u32>(STATUS, sequence + 1, STATUS_MESSAGES);
  addTo(STATUS + STATUS_UNACKNOWLEDGED, 1);
  addTo(AGENT + AGENT_OUTBOX_RECORDS, 1);
  addTo(AGENT + AGENT_OUTBOX_UNSENT_COUNT, 1);
}

/** The record of the next message not handed out yet, or 0. */
export function nextMessage(): usize {
  while (load<u32>(AGENT, AGENT_OUTBOX_UNSENT_COUNT) !== 0) {
    const at = settled(load<u32>(AGENT, AGENT_OUTBOX_UNSENT));
    const record = OUTBOX + at;
    store<u32>(AGENT, after(at), AGENT_OUTBOX_UNSENT);
    addTo(AGENT + AGENT_OUTBOX_UNSENT_COUNT, -1);
    // Acknowledged after a rewind, by the connection before.
    if (!(load<u16>(record, RECORD_FLAGS) & RECORD_ACKNOWLEDGED)) return record;
  }
  return 0;
}

/** The connection is gone: hand out again all that is not acknowledged, oldest first. */
export function rewindMessages(): void {
  store<u32>(AGENT, load<u32>(AGENT, AGENT_OUTBOX_HEAD), AGENT_OUTBOX_UNSENT);
  store<u32>(AGENT, load<u32>(AGENT, AGENT_OUTBOX_RECORDS), AGENT_OUTBOX_UNSENT_COUNT);
}

/** In any order; room comes back from the oldest message on. */
export function acknowledgeMessage(sequence: u32): i32 {
  let at = settled(load<u32>(AGENT, AGENT_OUTBOX_HEAD));
  let left = load<u32>(AGENT, AGENT_OUTBOX_RECORDS);
  while (left !== 0 && load<u32>(OUTBOX + at, RECORD_SEQUENCE) !== sequence) {
    at = settled(after(at));
    left--;
  }
  if (left === 0 || load<u16>(OUTBOX + at, RECORD_FLAGS) & RECORD_ACKNOWLEDGED) return UNKNOWN_SEQUENCE;
  store<u16>(OUTBOX + at, RECORD_ACKNOWLEDGED, RECORD_FLAGS);
  addTo(STATUS + STATUS_UNACKNOWLEDGED, -1);
  release();
  return OK;
}

/** Gives back the room of the oldest records, as far as they are acknowledged. */
function release(): void {
  while (load<u32>(AGENT, AGENT_OUTBOX_RECORDS) !== 0) {
    const head = settled(load<u32>(AGENT, AGENT_OUTBOX_HEAD));
    if (!(load<u16>(OUTBOX + head, RECORD_FLAGS) & RECORD_ACKNOWLEDGED)) return;
    // Nothing is in flight: the head itself is the next to hand out.
    if (load<u32>(AGENT, AGENT_OUTBOX_UNSENT_COUNT) === load<u32>(AGENT, AGENT_OUTBOX_RECORDS)) {
      store<u32>(AGENT, after(head), AGENT_OUTBOX_UNSENT);
      addTo(AGENT + AGENT_OUTBOX_UNSENT_COUNT, -1);
    }
    store<u32>(AGENT, after(head), AGENT_OUTBOX_HEAD);
    addTo(AGENT + AGENT_OUTBOX_RECORDS, -1);
  }
  // Empty: start at 0 again, where the longest message fits.
  if (openLength()) memory.copy(OUTBOX + RECORD_HEADER, outboxBody(), openLength());
  store<u32>(AGENT, 0, AGENT_OUTBOX_HEAD);
  store<u32>(AGENT, 0, AGENT_OUTBOX_TAIL);
  store<u32>(AGENT, 0, AGENT_OUTBOX_UNSENT);
}

/** `tail`, or 0 where the ring has more room before its head. */
function placeOfRoom(tail: u32): u32 {
  if (load<u32>(AGENT, AGENT_OUTBOX_RECORDS) === 0) return tail;
  const head = load<u32>(AGENT, AGENT_OUTBOX_HEAD);
  if (tail <= head) return tail;
  const behind = <u32>OUTBOX_SIZE - tail;
  return behind < <u32>MESSAGE_MAX + RECORD_HEADER && head > behind ? 0 : tail;
}

/** Contiguous bytes from `place` on. */
function roomAt(place: u32): u32 {
  const head = load<u32>(AGENT, AGENT_OUTBOX_HEAD);
  const empty = load<u32>(AGENT, AGENT_OUTBOX_RECORDS) === 0;
  return empty || place > head ? <u32>OUTBOX_SIZE - place : head - place;
}

/** Where the record really is that should be at `at`. */
function settled(at: u32): u32 {
  return at === <u32>OUTBOX_SIZE || load<u32>(OUTBOX + at, RECORD_LENGTH) === WRAP ? 0 : at;
}

function after(at: u32): u32 {
  return at + recordSize(load<u32>(OUTBOX + at, RECORD_LENGTH));
}

/** Bytes of the open message so far (batch.ts). */
function openLength(): u32 {
  return HAS_3_0 ? load<u32>(AGENT, AGENT_BATCH_LENGTH) : 0;
}

function recordSize(length: u32): u32 {
  return RECORD_HEADER + ((length + 7) & ~7);
}

function addTo(at: usize, amount: i32): void {
  store<u32>(at, load<u32>(at) + amount);
}
