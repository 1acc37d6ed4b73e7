// Tallies over their limit become detections: as many different things as the limit in the short window, or twice as many in the long one.

import {
  KIND_ADDRESS_SWEEP,
  KIND_BRUTE_FORCE,
  KIND_HORIZONTAL_SCAN,
  KIND_VERTICAL_SCAN,
  SEVERITY_HIGH,
  SEVERITY_LOW,
  SEVERITY_MEDIUM,
} from '../../schema/detection-record';
import { DIRECTION_OUT } from '../memory';
import { nowMs, nowSeconds, wakeAt } from './clock';
import { addPeer, addPort, beginDetection, growDetection, placeForDetection, toJoin } from './detections';
import { EXPLAINED, explanationOf, PERHAPS_EXPLAINED } from './floods';
import { isHabitPort } from './habits';
import { isFlood } from './horizontal-scan';
import { limitOf } from './limit';
import {
  TALLY_ADDRESS,
  TALLY_DETECTION,
  TALLY_FLAGS,
  TALLY_KEY,
  TALLY_OVER_SINCE,
  TALLY_SIZE,
} from './memory';
import { release } from './release';
import {
  DIRTY,
  firstMs,
  firstRow,
  HOSTS,
  LOGINS,
  longCount,
  OVER,
  PORTS,
  rowsOf,
  shortCount,
  TABLES,
  turn,
  UNSURE,
} from './tally';

/** Seconds that a tally has to stay over its limit while answers may still take marks away. */
const SETTLE: u32 = 3;
/** Seconds that known services have to show that it is an outage. */
const SETTLE_HABIT: u32 = 30;

export function judgeTallies(): void {
  for (let table: u32 = 0; table < TABLES; table++) {
    for (let direction: u32 = 0; direction < 2; direction++) {
      let row = firstRow(table, direction);
      for (let left = rowsOf(table); left > 0; left--) {
        if (load<u8>(row, TALLY_FLAGS) & DIRTY) judgeRow(table, direction, row);
        row += TALLY_SIZE;
      }
    }
  }
}

function judgeRow(table: u32, direction: u32, row: usize): void {
  turn(row);
  setFlags(row, load<u8>(row, TALLY_FLAGS) & ~DIRTY);
  if (load<u8>(row, TALLY_DETECTION)) return;
  const kind = kindOf(table);
  const limit = limitOf(kind);
  const short = shortCount(table, row);
  const long = longCount(table, row);
  const isOver =
    (reaches(table, short, limit) || reaches(table, long, 2 * limit)) &&
    !(table === HOSTS && isFlood(direction, row));
  const flags: u32 = load<u8>(row, TALLY_FLAGS);
  if (!isOver) {
    setFlags(row, flags & ~OVER);
    return;
  }
  const explanation = explanationOf(table, direction, row);
  if (explanation === EXPLAINED) {
    memory.fill(row, 0, TALLY_SIZE);
    return;
  }
  if (explanation === PERHAPS_EXPLAINED) {
    setFlags(row, flags | DIRTY);
    return;
  }
  const settle = settleTime(table, direction, row, flags);
  if (settle !== 0) {
    const now = nowSeconds();
    if (!(flags & OVER)) store<u16>(row, now, TALLY_OVER_SINCE);
    const settled = ((now - load<u16>(row, TALLY_OVER_SINCE)) & 0xffff) >= settle;
    if (!(flags & OVER) || !settled) {
      setFlags(row, flags | OVER | DIRTY);
      wakeAt(nowMs() + 1000);
      return;
    }
  }
  const isShort = reaches(table, short, limit);
  raise(
    table,
    direction,
    row,
    kind,
    isShort ? max<u32>(short, limit) : max<u32>(long, 2 * limit),
    isShort ? limit : 2 * limit,
  );
}

function raise(table: u32, direction: u32, row: usize, kind: u32, count: u32, limit: u32): void {
  const joined = toJoin(kind, direction);
  let index: u32 = joined;
  if (joined < 0) {
    index = placeForDetection();
    release(index);
    const severity = severityOf(table, direction);
    beginDetection(index, kind, severity, direction, protocolOf(row), count, limit, firstMs(row));
  } else {
    growDetection(index, count << 8);
  }
  store<u8>(row, index + 1, TALLY_DETECTION);
  addPeer(index, load<u64>(row, TALLY_ADDRESS), load<u64>(row, TALLY_ADDRESS + 8));
  if (table === HOSTS || table === LOGINS) addPort(index, load<u32>(row, TALLY_KEY) & 0xffff);
}

/** Things share marks by chance: one in sixteen may hide, lest a scan that is just over the limit is missed. */
function reaches(table: u32, things: u32, limit: u32): bool {
  return things >= (table === LOGINS ? limit : limit - ((limit + 8) >> 4));
}

function settleTime(table: u32, direction: u32, row: usize, flags: u32): u32 {
  if (table === HOSTS && direction === DIRECTION_OUT && isHabitPort(load<u32>(row, TALLY_KEY)))
    return SETTLE_HABIT;
  return flags & UNSURE ? SETTLE : 0;
}

function setFlags(row: usize, flags: u32): void {
  store<u8>(row, flags, TALLY_FLAGS);
}

function kindOf(table: u32): u32 {
  return table === HOSTS
    ? KIND_HORIZONTAL_SCAN
    : table === PORTS
      ? KIND_VERTICAL_SCAN
      : table === LOGINS
        ? KIND_BRUTE_FORCE
        : KIND_ADDRESS_SWEEP;
}

/** What goes out is the device's own doing; what comes in may be weather. */
function severityOf(table: u32, direction: u32): u32 {
  const isWeak = table !== PORTS && table !== LOGINS;
  if (direction === DIRECTION_OUT) return table === HOSTS || !isWeak ? SEVERITY_HIGH : SEVERITY_MEDIUM;
  return isWeak ? SEVERITY_LOW : SEVERITY_MEDIUM;
}

function protocolOf(row: usize): u32 {
  return ((load<u32>(row, TALLY_KEY) >> 16) & 0xff) - 1;
}
