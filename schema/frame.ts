// One frame in the input buffer: a 16-byte header, then the captured bytes; the next header follows without padding.
// Little-endian, any alignment.
//
//   0        8          12         14     16
//   | time   | original | captured | link | bytes ...

/** u64, milliseconds since 1970 of the frame itself. */
export const FRAME_TIME = 0;
/** u32, length on the wire; a value below FRAME_CAPTURED is read as FRAME_CAPTURED. */
export const FRAME_ORIGINAL = 8;
/** u16, bytes that follow; 96 are enough but for long IPv6 extension headers. */
export const FRAME_CAPTURED = 12;
/** u16, LINKTYPE_ value of the pcap registry. */
export const FRAME_LINK = 14;
export const FRAME_HEADER = 16;

export const LINK_NULL = 0;
export const LINK_ETHERNET = 1;
/** LINKTYPE_RAW is 101; as a DLT it was 12, on OpenBSD 14. */
export const LINK_RAW_DLT = 12;
export const LINK_RAW_OPENBSD = 14;
export const LINK_RAW = 101;
export const LINK_LOOP = 108;
export const LINK_LINUX_SLL = 113;
export const LINK_IPV4 = 228;
export const LINK_IPV6 = 229;
export const LINK_LINUX_SLL2 = 276;
