// Who began a flow, and what became of it. Judged from the first packet and from the TCP flags of each interval: packets of a known
// flow pay nothing for it.

import { PROTOCOL_TCP } from '../../schema/configuration-block';
import {
  CLASS_FLAGS_IN_SHIFT,
  CLASS_FLAGS_OUT_SHIFT,
  CLASS_IN_SHIFT,
  CLASS_INITIATOR,
  CLASS_INITIATOR_SHIFT,
  CLASS_OUTCOME,
  CLASS_OUTCOME_SHIFT,
  INITIATOR_LOCAL,
  INITIATOR_REMOTE,
  INITIATOR_UNKNOWN,
  OUTCOME_ESTABLISHED,
  OUTCOME_REFUSED,
  OUTCOME_RESET,
  OUTCOME_UNANSWERED,
  OUTCOME_UNDECIDED,
} from '../../schema/message-3.0-numbers';
import {
  DIRECTION_IN,
  DIRECTION_OUT,
  FLOW_PACKETS,
  FLOW_PROTOCOL,
  FLOW_STATE,
  FLOW_TCP_FLAGS,
} from '../memory';
import { ACK, RST, SYN } from '../packet/tcp-flags';

// FLOW_STATE: directions ever seen, initiator, whether the flow has ever been answered.
const SEEN_IN: u32 = 1;
const SEEN_OUT: u32 = 2;
const INITIATOR_SHIFT: u32 = 2;
const SEEN_BOTH: u32 = SEEN_IN | SEEN_OUT;
const ANSWERED: u32 = 16;

/** The first packet of a flow tells who began it; of a TCP connection that was there before, nobody can tell. */
export function beginFlow(record: usize, protocol: u32, direction: u32, flags: u32): void {
  let initiator: u32 = direction === DIRECTION_OUT ? INITIATOR_LOCAL : INITIATOR_REMOTE;
  if (protocol === PROTOCOL_TCP) {
    if (!(flags & SYN)) initiator = INITIATOR_UNKNOWN;
    // The answer came first: the beginning was not seen.
    else if (flags & ACK) initiator ^= INITIATOR_LOCAL ^ INITIATOR_REMOTE;
  }
  store<u8>(record, initiator << INITIATOR_SHIFT, FLOW_STATE);
}

/** The flow so far, as a class of schema 3.0 has it: protocol, initiator, outcome, directions, TCP flags. Before counts are cleared. */
export function classOf(record: usize): u32 {
  const state: u32 = load<u8>(record, FLOW_STATE);
  const protocol: u32 = load<u8>(record, FLOW_PROTOCOL);
  const flags: u32 = load<u16>(record, FLOW_TCP_FLAGS);
  const now = seenNow(record);
  const initiator = (state >> INITIATOR_SHIFT) & CLASS_INITIATOR;
  const outcome = outcomeOf(state, now, initiator, protocol, flags & 0xff, flags >> 8);
  return (
    protocol |
    (initiator << CLASS_INITIATOR_SHIFT) |
    (outcome << CLASS_OUTCOME_SHIFT) |
    (now << CLASS_IN_SHIFT) |
    ((flags & 0xff) << CLASS_FLAGS_IN_SHIFT) |
    ((flags >> 8) << CLASS_FLAGS_OUT_SHIFT)
  );
}

/** Records with the same key are of the same class; never 0. */
export function classKey(record: usize): u64 {
  const flags = load<u32>(record, FLOW_TCP_FLAGS) & 0xff_ffff;
  return flags | (load<u8>(record, FLOW_PROTOCOL) << 24) | ((<u64>seenNow(record)) << 32);
}

function outcomeOf(state: u32, now: u32, initiator: u32, protocol: u32, flagsIn: u32, flagsOut: u32): u32 {
  const both = ((state | now) & SEEN_BOTH) === SEEN_BOTH;
  if (protocol !== PROTOCOL_TCP) return both ? OUTCOME_ESTABLISHED : OUTCOME_UNANSWERED;
  const reset = (flagsIn | flagsOut) & RST;
  if (initiator === INITIATOR_UNKNOWN) {
    // In the middle of a connection: it had been answered.
    return reset ? OUTCOME_RESET : both ? OUTCOME_ESTABLISHED : OUTCOME_UNDECIDED;
  }
  const answer = initiator === INITIATOR_LOCAL ? flagsIn : flagsOut;
  const answers = now & (initiator === INITIATOR_LOCAL ? SEEN_IN : SEEN_OUT);
  const answered = state & ANSWERED || answer & SYN || (answers && !(answer & RST));
  if (answered) return reset ? OUTCOME_RESET : OUTCOME_ESTABLISHED;
  return answer & RST ? OUTCOME_REFUSED : OUTCOME_UNANSWERED;
}

/** What later intervals have to know of this one, for remember. flowClass: as classOf gave it. */
export function memoryOf(flowClass: u32): u32 {
  const outcome = (flowClass >> CLASS_OUTCOME_SHIFT) & CLASS_OUTCOME;
  const answered: u32 = outcome === OUTCOME_ESTABLISHED || outcome === OUTCOME_RESET ? ANSWERED : 0;
  return ((flowClass >> CLASS_IN_SHIFT) & SEEN_BOTH) | answered;
}

export function remember(record: usize, what: u32): void {
  store<u8>(record, <u32>load<u8>(record, FLOW_STATE) | what, FLOW_STATE);
}

function seenNow(record: usize): u32 {
  return (
    (load<u32>(record, FLOW_PACKETS + (DIRECTION_IN << 3)) ? SEEN_IN : 0) |
    (load<u32>(record, FLOW_PACKETS + (DIRECTION_OUT << 3)) ? SEEN_OUT : 0)
  );
}
