// An event that a host hands in with `report`: a header in the input buffer, then its items one behind the other, without padding.
// Checked whole before anything of it is written. Little-endian; item layouts at the kinds.
//
//   0         2      4          8       12
//   | version | kind | interval | count | item | item | ...
//
//   text     u16 length, UTF-8; length 0: absent, where it may be
//   octets   u16 length, bytes
//   ports    u16 count, u16 each

export const EVENT_VERSION = 1;
/** u16, EVENT_VERSION. */
export const EVENT_BLOCK_VERSION = 0;
/** u16, EVENT_KIND_ value. */
export const EVENT_BLOCK_KIND = 2;
/** u32, seconds before its time that the event covers. */
export const EVENT_BLOCK_INTERVAL = 4;
/** u32, items that follow; 1 of those kinds that are no lists. */
export const EVENT_BLOCK_COUNT = 8;
export const EVENT_BLOCK_HEADER = 12;

// The kinds, numbered as the payloads of schema 2.3 and 3.0 are (union Payload).

/** List; item: u32 port (at most 65,535), octets address (4 or 16, network order), u8 protocol (PROTOCOL_). */
export const EVENT_KIND_LISTENING_PORTS = 3;
/** List of checks; item: texts id, error, description, remediation (all but id may be absent), u8 result, u8 severity. */
export const EVENT_KIND_BASELINE = 5;
/** u32 process id, parent process id, user id, hit count (at least 1), texts executable, user name, command line, u8 event. */
export const EVENT_KIND_PROCESS = 6;
/** List of records; item: u64 timestamp, u32 line, texts message, file name (both may be empty), u8 level. */
export const EVENT_KIND_LOG = 7;
/** u32 messages that the host has given up since start. The core knows the rest. Not in schema 2.3. */
export const EVENT_KIND_STATISTICS = 8;
/**
 * u64 count, limit, u32 number, peer count, port count, tenths of a second from the last evidence to the event, and from the first to
 * the last, octets peers (4 or 16 each), ports, u8 kind, severity, direction, state, protocol, u8 1 where peers are IPv6. Not in schema 2.3.
 */
export const EVENT_KIND_DETECTION = 9;

/** Severity of a detection that does not wait to share a message. */
export const SEVERITY_HIGH = 2;
