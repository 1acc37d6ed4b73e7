// A finished message in the outbox, as `next` points to it. Little-endian, 8-aligned.
//
//   0        4          8        10      12         16
//   | length | sequence | format | flags | reserved | message ...

/** u32, bytes of the message. */
export const RECORD_LENGTH = 0;
/** u32, counts up from 0 at every start. */
export const RECORD_SEQUENCE = 4;
/** u16, FORMAT_ value of configuration-block.ts. */
export const RECORD_FORMAT = 8;
/** u16, RECORD_ACKNOWLEDGED; others reserved. */
export const RECORD_FLAGS = 10;
export const RECORD_HEADER = 16;

export const RECORD_ACKNOWLEDGED = 1;
