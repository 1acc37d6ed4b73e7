// The SystemInformation payload of schema 2.3. kernel_info carries kernel and network stack; what is empty is left out.

import { textAt, textLength } from '../collectors/system-information';
import { TEXT_HARDWARE, TEXT_KERNEL, TEXT_NETWORK_STACK, TEXT_OS } from '../memory';
import { beginString, pointBack, pointTo, stringSize } from './flatbuffers';

/** Header and three fields, and what aligns the table behind it. */
export const SYSTEM_VTABLE: u32 = 4 + 6 + 2;
const TABLE: u32 = 4 + 3 * 4;

export function systemSize(): u32 {
  return (
    SYSTEM_VTABLE +
    TABLE +
    fieldSize(textLength(TEXT_OS)) +
    fieldSize(kernelLength()) +
    fieldSize(textLength(TEXT_HARDWARE))
  );
}

/** at: 4-aligned. Returns the end. */
export function writeSystem(at: usize): usize {
  const table = at + SYSTEM_VTABLE;
  memory.fill(at, 0, SYSTEM_VTABLE + TABLE);
  store<u16>(at, SYSTEM_VTABLE - 2);
  store<u16>(at, TABLE, 2);
  pointBack(table, at);

  let end = table + TABLE;
  if (textLength(TEXT_OS)) {
    store<u16>(at, 4, 4);
    end = writeText(table + 4, end, textLength(TEXT_OS));
    memory.copy(start(table + 4), textAt(TEXT_OS), textLength(TEXT_OS));
  }
  if (kernelLength()) {
    store<u16>(at, 8, 6);
    end = writeText(table + 8, end, kernelLength());
    const text = start(table + 8);
    const kernel = textLength(TEXT_KERNEL);
    const stack = textLength(TEXT_NETWORK_STACK);
    memory.copy(text, textAt(TEXT_KERNEL), kernel);
    if (kernel && stack) store<u8>(text + kernel, 0x20);
    memory.copy(text + kernelLength() - stack, textAt(TEXT_NETWORK_STACK), stack);
  }
  if (textLength(TEXT_HARDWARE)) {
    store<u16>(at, 12, 8);
    end = writeText(table + 12, end, textLength(TEXT_HARDWARE));
    memory.copy(start(table + 12), textAt(TEXT_HARDWARE), textLength(TEXT_HARDWARE));
  }
  return end;
}

function fieldSize(length: u32): u32 {
  return length ? stringSize(length) : 0;
}

/** Kernel, a space where both are known, network stack. */
function kernelLength(): u32 {
  const kernel = textLength(TEXT_KERNEL);
  const stack = textLength(TEXT_NETWORK_STACK);
  return kernel + stack + (kernel && stack ? 1 : 0);
}

function writeText(field: usize, at: usize, length: u32): usize {
  pointTo(field, at);
  return beginString(at, length);
}

/** Where the text of the string field at `field` begins. */
function start(field: usize): usize {
  return field + load<u32>(field) + 4;
}
