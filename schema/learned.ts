// What a core has learned of the endpoints of its device, at LEARNED: a block of LEARNED_SIZE bytes that a host may save and hand in again
// with `restoreLearned`. Little-endian.

/** u32: 1. */
export const LEARNED_BLOCK_VERSION = 0;
/** u32: LEARNING_ */
export const LEARNED_BLOCK_STATE = 4;
/** u32, seconds that learning was to take; 0: until a command. */
export const LEARNED_BLOCK_SECONDS = 8;
/** i64, ms since 1970: when learning ends; 0: not known yet. */
export const LEARNED_BLOCK_UNTIL = 16;

export const LEARNING_OFF = 0;
export const LEARNING_ON = 1;
/** What is new is told. */
export const LEARNING_DONE = 2;

// Commands of `learn`.
export const LEARN_END = 0;
/** Begins anew: what was learned is forgotten. */
export const LEARN_BEGIN = 1;
