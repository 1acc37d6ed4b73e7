// Schema 2.3 in words: what the explanation of a message says of each byte. Names are those of schema/message-2.3.fbs. Schema 3.0 is
// made of the same parts (explain-schema-3.0.ts).

import {
  PAYLOAD_BASELINE,
  PAYLOAD_HEARTBEAT,
  PAYLOAD_LISTENING_PORTS,
  PAYLOAD_LOG,
  PAYLOAD_NETWORK_ACTIVITY,
  PAYLOAD_PROCESS,
  PAYLOAD_SYSTEM_INFORMATION,
} from '../../../schema/message-2.3.ts';
import {
  BASELINE_RESULTS,
  BASELINE_SEVERITIES,
  LOG_LEVELS,
  PROCESS_EVENTS,
  PROTOCOL_NAMES,
} from './security-message.ts';

export type ScalarKind = 'u8' | 'i8' | 'u16' | 'u32' | 'u64' | 'version' | 'uuid' | 'address4' | 'address16';

export const SCALAR_BYTES: Readonly<Record<ScalarKind, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  version: 4,
  uuid: 16,
  address4: 4,
  address16: 16,
};

/** Part of a struct, or all of a plain field. */
export interface Member {
  readonly name: string;
  readonly meaning: string;
  readonly kind: ScalarKind | 'padding';
  /** An enum's names, by value. */
  readonly names?: readonly string[];
}

export type FieldShape =
  | { readonly type: 'scalar'; readonly name: string; readonly member: Member }
  | { readonly type: 'struct'; readonly name: string; readonly members: readonly Member[] }
  | { readonly type: 'structs'; readonly name: string; readonly members: readonly Member[] }
  /** A vector of numbers. */
  | { readonly type: 'numbers'; readonly name: string; readonly member: Member }
  /** A vector of bytes: addresses of 16 where field `isV6` is set, else of 4. */
  | { readonly type: 'addresses'; readonly name: string; readonly meaning: string; readonly isV6: number }
  | { readonly type: 'text'; readonly name: string; readonly meaning: string }
  | { readonly type: 'table'; readonly name: string; readonly table: TableShape }
  | { readonly type: 'tables'; readonly name: string; readonly table: TableShape }
  /** The union; the field before it says which. */
  | { readonly type: 'payload'; readonly name: string };

export interface TableShape {
  readonly name: string;
  /** By field id. */
  readonly fields: readonly FieldShape[];
}

/** What an explanation is made by. */
export interface SchemaShape {
  readonly message: TableShape;
  /** By number in the union. */
  readonly payloads: ReadonlyMap<number, TableShape>;
}

export function scalar(
  name: string,
  kind: ScalarKind,
  meaning: string,
  names?: readonly string[],
): FieldShape {
  return { type: 'scalar', name, member: member('', kind, meaning, names) };
}

function member(name: string, kind: Member['kind'], meaning: string, names?: readonly string[]): Member {
  return names ? { name, kind, meaning, names } : { name, kind, meaning };
}

function text(name: string, meaning: string): FieldShape {
  return { type: 'text', name, meaning };
}

function structs(name: string, members: readonly Member[]): FieldShape {
  return { type: 'structs', name, members };
}

function tables(name: string, table: TableShape): FieldShape {
  return { type: 'tables', name, table };
}

export const COMMON_SHAPE: TableShape = {
  name: 'NetworkActivityCommon',
  fields: [
    scalar('local_port', 'u16', 'port of the device'),
    scalar('remote_port', 'u16', 'port of the peer'),
    scalar('bytes_in', 'u32', 'bytes received, transport header + payload'),
    scalar('bytes_out', 'u32', 'bytes sent, transport header + payload'),
    scalar('protocol', 'i8', 'transport protocol', PROTOCOL_NAMES),
    scalar('process_id', 'u16', 'process that owns the flow'),
    scalar('user_id', 'u16', 'user that owns the process'),
    text('executable', 'executable of the process'),
    text('commandline', 'command line of the process'),
  ],
};

function flow(name: string, address: ScalarKind, common: TableShape): TableShape {
  const members = [
    member('local_address', address, 'address of the device'),
    member('remote_address', address, 'address of the peer'),
  ];
  return {
    name,
    fields: [
      { type: 'struct', name: 'addresses', members },
      { type: 'table', name: 'common', table: common },
    ],
  };
}

function listeningPort(address: ScalarKind): readonly Member[] {
  return [
    member('local_address', address, 'address the device listens on'),
    member('common.local_port', 'u16', 'port the device listens on'),
    member('common.protocol', 'i8', 'transport protocol', PROTOCOL_NAMES),
    member('common', 'padding', 'padding'),
  ];
}

const CHECK: TableShape = {
  name: 'BaselineCheck',
  fields: [
    text('id', 'which check'),
    scalar('result', 'i8', 'result of the check', BASELINE_RESULTS),
    text('error', 'why the check could not be made'),
    text('description', 'what is checked'),
    scalar('severity', 'i8', 'severity of a failure', BASELINE_SEVERITIES),
    text('remediation', 'what to do about it'),
  ],
};

const RECORD: TableShape = {
  name: 'Record',
  fields: [
    text('message', 'what the agent logged'),
    scalar('level', 'i8', 'level', LOG_LEVELS),
    scalar('timestamp', 'u64', 'when, as the device wrote it'),
    scalar('line', 'u32', 'line in the source file'),
    text('filename', 'source file'),
  ],
};

/** `common`: what a schema says of a flow. */
export function activityShape(common: TableShape): TableShape {
  return {
    name: 'NetworkActivity',
    fields: [
      tables('ipv4_activity', flow('NetworkActivityV4', 'address4', common)),
      tables('ipv6_activity', flow('NetworkActivityV6', 'address16', common)),
    ],
  };
}

const PAYLOADS: ReadonlyMap<number, TableShape> = new Map([
  [PAYLOAD_NETWORK_ACTIVITY, activityShape(COMMON_SHAPE)],
  [
    PAYLOAD_SYSTEM_INFORMATION,
    {
      name: 'SystemInformation',
      fields: [
        text('os_info', 'operating system'),
        text('kernel_info', 'kernel and network stack'),
        text('hw_info', 'hardware'),
      ],
    },
  ],
  [
    PAYLOAD_LISTENING_PORTS,
    {
      name: 'ListeningPorts',
      fields: [
        structs('ipv4_ports', listeningPort('address4')),
        structs('ipv6_ports', listeningPort('address16')),
      ],
    },
  ],
  [PAYLOAD_HEARTBEAT, { name: 'Heartbeat', fields: [] }],
  [PAYLOAD_BASELINE, { name: 'Baseline', fields: [tables('baseline_checks', CHECK)] }],
  [
    PAYLOAD_PROCESS,
    {
      name: 'Process',
      fields: [
        text('executable', 'executable'),
        scalar('process_id', 'u32', 'process'),
        scalar('parent_process_id', 'u32', 'its parent'),
        scalar('user_id', 'u32', 'user it runs as'),
        text('user_name', 'name of the user'),
        text('commandline', 'command line'),
        scalar('event_type', 'i8', 'what happened', PROCESS_EVENTS),
        scalar('hit_count', 'u32', 'how often in the interval'),
      ],
    },
  ],
  [PAYLOAD_LOG, { name: 'Log', fields: [tables('logs', RECORD)] }],
]);

/** A payload of a later schema. */
export const UNKNOWN_PAYLOAD: TableShape = { name: 'unknown payload', fields: [] };

/** Whatever a schema has for payloads, and adds to an event. */
export function eventShape(
  payloads: ReadonlyMap<number, TableShape>,
  added: readonly FieldShape[] = [],
): TableShape {
  return {
    name: 'Event',
    fields: [
      scalar('id', 'uuid', 'id of the event'),
      scalar('time', 'u32', 'when it was collected, unix seconds'),
      scalar('collection_interval', 'u32', 'seconds it covers'),
      scalar('payload_type', 'u8', 'kind of payload', [
        'NONE',
        ...Array.from(payloads.values(), ({ name }) => name),
      ]),
      { type: 'payload', name: 'payload' },
      ...added,
    ],
  };
}

/** Whatever a schema adds to a message. */
export function messageShape(event: TableShape, added: readonly FieldShape[] = []): TableShape {
  return {
    name: 'Message',
    fields: [
      text('security_module_id', 'the agent'),
      scalar('security_module_version', 'version', 'version of the agent'),
      scalar('timezone', 'i8', 'time zone'),
      tables('events', event),
      ...added,
    ],
  };
}

export const SCHEMA_2_3: SchemaShape = { message: messageShape(eventShape(PAYLOADS)), payloads: PAYLOADS };
