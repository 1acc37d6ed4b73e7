// What schema 3.0 as FlatBuffers adds to schema 2.3: field ids and union members. The same schema for flatc: message-3.0.fbs.

export const MESSAGE_BOOT_ID = 4;
export const MESSAGE_SEQUENCE = 5;
export const MESSAGE_TIME = 6;
export const MESSAGE_UPTIME = 7;
export const MESSAGE_COUNTERS = 8;

export const EVENT_TENTHS = 5;

export const PAYLOAD_STATISTICS = 8;
export const PAYLOAD_DETECTION = 9;

export const COMMON_PACKETS_IN = 9;
export const COMMON_PACKETS_OUT = 10;
export const COMMON_LAST_SEEN = 11;
export const COMMON_DURATION = 12;
export const COMMON_INITIATOR = 13;
export const COMMON_OUTCOME = 14;
export const COMMON_TCP_FLAGS_IN = 15;
export const COMMON_TCP_FLAGS_OUT = 16;

export const STATISTICS_COUNTERS = 0;
export const STATISTICS_FLOWS_V4 = 1;
export const STATISTICS_FLOWS_V6 = 2;
export const STATISTICS_CAPACITY = 3;

export const DETECTION_KIND = 0;
export const DETECTION_SEVERITY = 1;
export const DETECTION_DIRECTION = 2;
export const DETECTION_STATE = 3;
export const DETECTION_NUMBER = 4;
export const DETECTION_PROTOCOL = 5;
export const DETECTION_PEERS = 6;
export const DETECTION_PEERS_V6 = 7;
export const DETECTION_PEER_COUNT = 8;
export const DETECTION_PORTS = 9;
export const DETECTION_PORT_COUNT = 10;
export const DETECTION_COUNT = 11;
export const DETECTION_LIMIT = 12;
export const DETECTION_LAST_SEEN = 13;
export const DETECTION_DURATION = 14;
