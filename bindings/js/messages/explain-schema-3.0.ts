// Schema 3.0 as FlatBuffers in words: what it adds to schema 2.3. Names are those of schema/message-3.0.fbs.

import { PAYLOAD_NETWORK_ACTIVITY } from '../../../schema/message-2.3.ts';
import {
  DETECTION_PEERS_V6,
  PAYLOAD_DETECTION,
  PAYLOAD_STATISTICS,
} from '../../../schema/message-3.0-flatbuffers.ts';
import {
  activityShape,
  COMMON_SHAPE,
  eventShape,
  messageShape,
  SCHEMA_2_3,
  type SchemaShape,
  scalar,
  type TableShape,
} from './explain-schema-2.3.ts';
import {
  COUNTER_NAMES,
  type CounterName,
  DETECTION_DIRECTIONS,
  DETECTION_KINDS,
  DETECTION_SEVERITIES,
  DETECTION_STATES,
  INITIATORS,
  OUTCOMES,
  PROTOCOL_NAMES,
} from './security-message.ts';

const COMMON: TableShape = {
  ...COMMON_SHAPE,
  fields: [
    ...COMMON_SHAPE.fields,
    scalar('packets_in', 'u32', 'packets received'),
    scalar('packets_out', 'u32', 'packets sent'),
    scalar('last_seen', 'u32', 'tenths of a second from the last packet to the event'),
    scalar('duration', 'u32', 'tenths of a second from the first packet to the last'),
    scalar('initiator', 'i8', 'who sent the first packet', INITIATORS),
    scalar('outcome', 'i8', 'what became of it', OUTCOMES),
    scalar('tcp_flags_in', 'u8', 'TCP flags of all segments received, ORed'),
    scalar('tcp_flags_out', 'u8', 'TCP flags of all segments sent, ORed'),
  ],
};

const COUNTER_MEANINGS: Readonly<Record<CounterName, string>> = {
  packetsCounted: 'packets counted',
  nonIp: 'packets ignored: no IP',
  nonLocal: 'packets ignored: neither from nor to the device',
  localToLocal: 'packets ignored: from the device to itself',
  unsupportedProtocol: 'packets ignored: neither TCP, UDP nor ICMP',
  malformed: 'packets ignored: malformed',
  truncated: 'packets ignored: captured too little of',
  nonUnicast: 'packets ignored: multicast or broadcast',
  own: "packets ignored: the agent's own connection",
  disabled: 'packets ignored: not to be counted',
  merged: 'packets counted under everything else',
  evicted: 'idle flows that made room for others',
  outboxWaits: 'collections that waited for room',
  clockJumps: 'jumps of the clock',
  messagesLost: 'messages given up by the host',
};

const COUNTERS: TableShape = {
  name: 'Counters',
  fields: COUNTER_NAMES.map((name) =>
    scalar(snakeCase(name), 'u64', `${COUNTER_MEANINGS[name]}, since start`),
  ),
};

const STATISTICS: TableShape = {
  name: 'Statistics',
  fields: [
    { type: 'table', name: 'counters', table: COUNTERS },
    scalar('flows_ipv4', 'u32', 'IPv4 flows in the table now'),
    scalar('flows_ipv6', 'u32', 'IPv6 flows in the table now'),
    scalar('flow_capacity', 'u32', 'flows of a family that the table takes'),
  ],
};

const DETECTION: TableShape = {
  name: 'Detection',
  fields: [
    scalar('kind', 'i8', 'what was detected', DETECTION_KINDS),
    scalar('severity', 'i8', 'severity', DETECTION_SEVERITIES),
    scalar('direction', 'i8', 'direction', DETECTION_DIRECTIONS),
    scalar('state', 'i8', 'begun, ongoing or ended', DETECTION_STATES),
    scalar('number', 'u32', 'number of the detection since start'),
    scalar('protocol', 'i8', 'transport protocol', PROTOCOL_NAMES),
    { type: 'addresses', name: 'peers', meaning: 'address of a peer', isV6: DETECTION_PEERS_V6 },
    scalar('peers_ipv6', 'u8', 'whether peers are IPv6'),
    scalar('peer_count', 'u32', 'how many peers there are'),
    { type: 'numbers', name: 'ports', member: { name: '', meaning: 'port', kind: 'u16' } },
    scalar('port_count', 'u32', 'how many ports there are'),
    scalar('count', 'u64', 'what was counted'),
    scalar('limit', 'u64', 'the limit that it crossed'),
    scalar('last_seen', 'u32', 'tenths of a second from the last evidence to the event'),
    scalar('duration', 'u32', 'tenths of a second from the first evidence to the last'),
  ],
};

const PAYLOADS: ReadonlyMap<number, TableShape> = new Map([
  ...SCHEMA_2_3.payloads,
  [PAYLOAD_NETWORK_ACTIVITY, activityShape(COMMON)],
  [PAYLOAD_STATISTICS, STATISTICS],
  [PAYLOAD_DETECTION, DETECTION],
]);

const EVENT = eventShape(PAYLOADS, [
  scalar('time_tenths', 'u8', 'when it was collected, tenths of a second after time'),
]);

export const SCHEMA_3_0: SchemaShape = {
  message: messageShape(EVENT, [
    scalar('boot_id', 'uuid', 'boot of the agent, new at every start'),
    scalar('sequence', 'u32', 'number of the message since start'),
    scalar('time', 'u64', 'when it was finished, tenths of a second since 1970'),
    scalar('uptime', 'u32', 'seconds since start'),
    { type: 'table', name: 'counters', table: COUNTERS },
  ]),
  payloads: PAYLOADS,
};

/** packetsCounted: packets_counted. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
