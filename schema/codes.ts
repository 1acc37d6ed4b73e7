// What the core's calls return when they refuse. Zero and up are results; below zero nothing was done.
// Read by asc and by tsc alike: plain constants only.

export const OK = 0;
/** A length is negative, over the buffer it speaks of, or cuts a header in two. */
export const BAD_LENGTH = -1;
/** The first frame of the batch claims more captured bytes than the batch holds. */
export const BAD_FRAME = -2;
/** The configuration block is of a version this core does not read. */
export const BAD_VERSION = -3;
/** The configuration block holds a key this core does not know (STATUS_FAULT_KEY names it). */
export const UNKNOWN_KEY = -4;
/** A configuration value is out of range or of the wrong length (STATUS_FAULT_KEY names the key). */
export const BAD_VALUE = -5;
/** The build profile lacks this message format. */
export const UNSUPPORTED_FORMAT = -6;
/** `start` has not been called. */
export const NOT_STARTED = -7;
/** `start` needs KEY_SEED first: without entropy two devices would share event ids. */
export const NO_SEED = -8;
/** No message of this sequence number is waiting in the outbox. */
export const UNKNOWN_SEQUENCE = -9;
/** The core has been started already; it is configured while running, and started once. */
export const ALREADY_STARTED = -10;
/** An event is not as schema/event-block.ts has it: kind, values, texts, or where it ends. */
export const BAD_EVENT = -11;
/** The configured format has no such kind of event. */
export const UNSUPPORTED_EVENT = -12;
/** An item of an event does not fit a message of its own. */
export const EVENT_TOO_LARGE = -13;
/** More indicators than the core has places for (INDICATOR_MAX). */
export const LIST_FULL = -14;
