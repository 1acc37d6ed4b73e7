// Schema 3.0 as protobuf in facts: the fields of every message, by number. Made by scripts/generate-protobuf.mjs.

export interface ProtobufField {
  readonly name: string;
  /** Of the schema; any enum is `enum`. */
  readonly type: string;
  readonly repeated?: boolean;
  readonly oneof?: string;
}

export const PROTOBUF_MESSAGES: Readonly<Record<string, Readonly<Record<number, ProtobufField>>>> = {
  Message: {
    1: { name: 'boot_id', type: 'bytes' },
    2: { name: 'sequence', type: 'uint32' },
    3: { name: 'time', type: 'uint64' },
    4: { name: 'uptime', type: 'uint32' },
    5: { name: 'module_version', type: 'uint32' },
    6: { name: 'module_id', type: 'string' },
    7: { name: 'events', type: 'Event', repeated: true },
    8: { name: 'counters', type: 'Counters' },
  },
  Event: {
    1: { name: 'time', type: 'sint32' },
    2: { name: 'interval', type: 'uint32' },
    3: { name: 'network_activity', type: 'NetworkActivity', oneof: 'payload' },
    4: { name: 'system_information', type: 'SystemInformation', oneof: 'payload' },
    5: { name: 'listening_ports', type: 'ListeningPorts', oneof: 'payload' },
    6: { name: 'heartbeat', type: 'Heartbeat', oneof: 'payload' },
    7: { name: 'baseline', type: 'Baseline', oneof: 'payload' },
    8: { name: 'process', type: 'Process', oneof: 'payload' },
    9: { name: 'log', type: 'Log', oneof: 'payload' },
    10: { name: 'statistics', type: 'Statistics', oneof: 'payload' },
    11: { name: 'detection', type: 'Detection', oneof: 'payload' },
  },
  NetworkActivity: {
    1: { name: 'ipv4', type: 'FlowTable' },
    2: { name: 'ipv6', type: 'FlowTable' },
  },
  FlowTable: {
    1: { name: 'local_addresses', type: 'bytes' },
    2: { name: 'classes', type: 'uint32', repeated: true },
    3: { name: 'remote_addresses', type: 'bytes' },
    4: { name: 'service_ports', type: 'sint32', repeated: true },
    5: { name: 'client_ports', type: 'bytes' },
    6: { name: 'last_seen', type: 'uint32', repeated: true },
    7: { name: 'duration', type: 'uint32', repeated: true },
    8: { name: 'packets_in', type: 'uint32', repeated: true },
    9: { name: 'packets_out', type: 'uint32', repeated: true },
    10: { name: 'bytes_in', type: 'uint64', repeated: true },
    11: { name: 'bytes_out', type: 'uint64', repeated: true },
  },
  SystemInformation: {
    1: { name: 'operating_system', type: 'string' },
    2: { name: 'kernel', type: 'string' },
    3: { name: 'hardware', type: 'string' },
  },
  ListeningPorts: {
    1: { name: 'ports', type: 'ListeningPort', repeated: true },
  },
  ListeningPort: {
    1: { name: 'address', type: 'bytes' },
    2: { name: 'port', type: 'uint32' },
    3: { name: 'protocol', type: 'enum' },
  },
  Heartbeat: {},
  Baseline: {
    1: { name: 'checks', type: 'BaselineCheck', repeated: true },
  },
  BaselineCheck: {
    1: { name: 'id', type: 'string' },
    2: { name: 'result', type: 'enum' },
    3: { name: 'severity', type: 'enum' },
    4: { name: 'error', type: 'string' },
    5: { name: 'description', type: 'string' },
    6: { name: 'remediation', type: 'string' },
  },
  Process: {
    1: { name: 'executable', type: 'string' },
    2: { name: 'process_id', type: 'uint32' },
    3: { name: 'parent_process_id', type: 'uint32' },
    4: { name: 'user_id', type: 'uint32' },
    5: { name: 'user_name', type: 'string' },
    6: { name: 'command_line', type: 'string' },
    7: { name: 'event', type: 'enum' },
    8: { name: 'hit_count', type: 'uint32' },
  },
  Log: {
    1: { name: 'records', type: 'LogRecord', repeated: true },
  },
  LogRecord: {
    1: { name: 'message', type: 'string' },
    2: { name: 'level', type: 'enum' },
    3: { name: 'timestamp', type: 'uint64' },
    4: { name: 'line', type: 'uint32' },
    5: { name: 'file_name', type: 'string' },
  },
  Statistics: {
    1: { name: 'counters', type: 'Counters' },
    2: { name: 'flows_ipv4', type: 'uint32' },
    3: { name: 'flows_ipv6', type: 'uint32' },
    4: { name: 'flow_capacity', type: 'uint32' },
  },
  Counters: {
    1: { name: 'packets_counted', type: 'uint64' },
    2: { name: 'non_ip', type: 'uint64' },
    3: { name: 'non_local', type: 'uint64' },
    4: { name: 'local_to_local', type: 'uint64' },
    5: { name: 'unsupported_protocol', type: 'uint64' },
    6: { name: 'malformed', type: 'uint64' },
    7: { name: 'truncated', type: 'uint64' },
    8: { name: 'non_unicast', type: 'uint64' },
    9: { name: 'own', type: 'uint64' },
    10: { name: 'disabled', type: 'uint64' },
    11: { name: 'merged', type: 'uint64' },
    12: { name: 'evicted', type: 'uint64' },
    13: { name: 'outbox_waits', type: 'uint32' },
    14: { name: 'clock_jumps', type: 'uint32' },
    15: { name: 'messages_lost', type: 'uint32' },
  },
  Detection: {
    1: { name: 'kind', type: 'enum' },
    2: { name: 'severity', type: 'enum' },
    3: { name: 'direction', type: 'enum' },
    4: { name: 'state', type: 'enum' },
    5: { name: 'number', type: 'uint32' },
    6: { name: 'protocol', type: 'enum' },
    7: { name: 'peers', type: 'bytes' },
    8: { name: 'peers_ipv6', type: 'bool' },
    9: { name: 'peer_count', type: 'uint32' },
    10: { name: 'ports', type: 'uint32', repeated: true },
    11: { name: 'port_count', type: 'uint32' },
    12: { name: 'count', type: 'uint64' },
    13: { name: 'limit', type: 'uint64' },
    14: { name: 'last_seen', type: 'uint32' },
    15: { name: 'duration', type: 'uint32' },
  },
};
