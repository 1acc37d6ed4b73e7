// System information: four texts the host gave; layout in memory.ts. Schema 3.0 says it when it has changed, and once a day.

import { AGENT, AGENT_SYSTEM_SAID, AGENT_SYSTEM_TIME, HAS_3_0, TEXT_SIZE, TEXTS } from '../memory';

const DAY_MS: i64 = 86_400_000;

export function textLength(text: i32): u32 {
  return load<u8>(TEXTS + text * TEXT_SIZE);
}

/** UTF-8, textLength bytes. */
export function textAt(text: i32): usize {
  return TEXTS + text * TEXT_SIZE + 1;
}

/** `length` bytes at `value`. */
export function setText(text: i32, value: usize, length: u32): void {
  if (HAS_3_0 && (length !== textLength(text) || memory.compare(textAt(text), value, length) !== 0))
    askForSystem();
  store<u8>(TEXTS + text * TEXT_SIZE, length);
  memory.copy(textAt(text), value, length);
}

/** Whether it is time to say it again; a clock that was set back counts as a day. */
export function isSystemDue(time: i64): bool {
  if (!load<u32>(AGENT, AGENT_SYSTEM_SAID)) return true;
  return <u64>(time - load<i64>(AGENT, AGENT_SYSTEM_TIME)) >= <u64>DAY_MS;
}

/** Whether what is due is due because a day has passed. */
export function isSystemSaid(): bool {
  return load<u32>(AGENT, AGENT_SYSTEM_SAID) !== 0;
}

export function askForSystem(): void {
  store<u32>(AGENT, 0, AGENT_SYSTEM_SAID);
}

export function noteSystem(time: i64): void {
  store<u32>(AGENT, 1, AGENT_SYSTEM_SAID);
  store<i64>(AGENT, time, AGENT_SYSTEM_TIME);
}
