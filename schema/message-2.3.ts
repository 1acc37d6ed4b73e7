// Schema 2.3 as facts: field ids, union members, enums. FlatBuffers, root Message, no file identifier.
// The same schema for flatc: message-2.3.fbs.

export const MESSAGE_MODULE_ID = 0;
export const MESSAGE_MODULE_VERSION = 1;
/** Never written. */
export const MESSAGE_TIMEZONE = 2;
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
export const COMMON_PROCESS_ID = 5;
export const COMMON_USER_ID = 6;
export const COMMON_EXECUTABLE = 7;
export const COMMON_COMMAND_LINE = 8;

export const SYSTEM_OS = 0;
export const SYSTEM_KERNEL = 1;
export const SYSTEM_HARDWARE = 2;

export const LISTENING_PORTS_V4 = 0;
export const LISTENING_PORTS_V6 = 1;

export const BASELINE_CHECKS = 0;
export const CHECK_ID = 0;
export const CHECK_RESULT = 1;
export const CHECK_ERROR = 2;
export const CHECK_DESCRIPTION = 3;
export const CHECK_SEVERITY = 4;
export const CHECK_REMEDIATION = 5;

export const PROCESS_EXECUTABLE = 0;
export const PROCESS_ID = 1;
export const PROCESS_PARENT = 2;
export const PROCESS_USER_ID = 3;
export const PROCESS_USER_NAME = 4;
export const PROCESS_COMMAND_LINE = 5;
export const PROCESS_EVENT = 6;
export const PROCESS_HIT_COUNT = 7;

export const LOG_RECORDS = 0;
export const LOG_MESSAGE = 0;
export const LOG_LEVEL = 1;
export const LOG_TIMESTAMP = 2;
export const LOG_LINE = 3;
export const LOG_FILE = 4;
