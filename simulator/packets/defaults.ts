// What a packet has where nobody says otherwise.

/** RFC 1700's recommendation, and what most stacks send. */
export const HOP_LIMIT = 64;
/** Bytes of an IP packet on Ethernet. */
export const MTU = 1500;
/** Bytes of a TCP receive window: 44 segments. */
export const WINDOW = 64_240;
/** An Ethernet frame without its check sequence is padded to this. */
export const SHORTEST_FRAME = 60;
