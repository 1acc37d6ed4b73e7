// FlatBuffers, written front to back: every size is known before the first byte, so nothing is moved or patched twice.
// Offsets to tables, vectors and strings point forward and are unsigned; those to vtables point back (signed).

import { FORMAT_3_0_FLATBUFFERS } from '../../schema/configuration-block';
import { AGENT, AGENT_FORMAT, HAS_FLATBUFFERS_3_0 } from '../memory';

/** Whether messages have what 3.0 adds to 2.3. */
export function isSuperset(): bool {
  return HAS_FLATBUFFERS_3_0 && load<u32>(AGENT, AGENT_FORMAT) === FORMAT_3_0_FLATBUFFERS;
}

/** Bytes of a string field: length, text, terminator, padding. */
export function stringSize(length: u32): u32 {
  return 4 + ((length + 4) & ~3);
}

/** Begins a string: length, terminator and padding are set, the text is for the caller to copy to `at + 4`. */
export function beginString(at: usize, length: u32): usize {
  const size = stringSize(length);
  store<u32>(at + size - 4, 0);
  store<u32>(at, length);
  return at + size;
}

/** Sets the offset field at `field` to point to `target`. */
export function pointTo(field: usize, target: usize): void {
  store<u32>(field, <u32>(target - field));
}

/** Begins a table: its first field points back to its vtable. */
export function pointBack(table: usize, vtable: usize): void {
  store<i32>(table, <i32>(table - vtable));
}
