// Schema 2.3 as facts: field ids, union members, enums. FlatBuffers, root Message, no file identifier.
// The same schema for flatc: message-2.3.fbs.

export const MESSAGE_MODULE_ID = 0;
export const MESSAGE_MODULE_VERSION = 1;
export const MESSAGE_EVENTS = 3;

export const EVENT_ID = 0;
export const EVENT_TIME = 1;
export const EVENT_INTERVAL = 2;
export const EVENT_PAYLOAD_TYPE = 3;
export const EVENT_PAYLOAD = 4;

export const PAYLOAD_NETWORK_ACTIVITY = 1;
export const PAYLOAD_SYSTEM_INFORMATION = 2;
export const PAYLOAD_LISTENING_PORTS = 3;
export const PAYLOAD_HEARTBEAT = 4;
export const PAYLOAD_BASELINE = 5;
export const PAYLOAD_PROCESS = 6;
export const PAYLOAD_LOG = 7;

export const ACTIVITY_V4 = 0;
export const ACTIVITY_V6 = 1;

export const FLOW_ADDRESSES = 0;
export const FLOW_COMMON = 1;

export const COMMON_LOCAL_PORT = 0;
export const COMMON_REMOTE_PORT = 1;
export const COMMON_BYTES_IN = 2;
export const COMMON_BYTES_OUT = 3;
export const COMMON_PROTOCOL = 4;

export const SYSTEM_OS = 0;
export const SYSTEM_KERNEL = 1;
export const SYSTEM_HARDWARE = 2;
