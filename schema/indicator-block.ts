// A piece of an indicator list that a host hands in with `loadIndicators`: entries one behind the other, no header.
//
//   0                16      17       20
//   | address        | bits  | 0 0 0
//
// Entries are in order of their addresses, read as numbers, over all pieces, and no prefix lies within another.

/** u8[16], network order; IPv4 as ::ffff:a.b.c.d. Bits beyond the prefix are 0. */
export const INDICATOR_ADDRESS = 0;
/** u8, leading bits that count: 1 to 32 of an IPv4 address, 1 to 128 of an IPv6 one. */
export const INDICATOR_BITS = 16;
export const INDICATOR_SIZE = 20;

/** The piece begins a list; one that was begun before is forgotten. */
export const PIECE_FIRST = 1;
/** With the piece the list is whole: from now on it is in force, and the one before is not. */
export const PIECE_LAST = 2;
/** Places that an IPv6 prefix takes of INDICATOR_MAX. */
export const INDICATOR_PLACES_V6 = 4;
