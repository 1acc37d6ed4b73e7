// What a security message says, whatever format carried it. Plain data: JSON.stringify keeps all of it.
// Texts come from the device as they are: escape them before a terminal or a page shows them.

export type MessageFormat = '2.3' | '3.0-flatbuffers' | '3.0-protobuf';
export type ProtocolName = 'TCP' | 'UDP' | 'ICMP';

// Names by value, as the schema numbers them.
export const PROTOCOL_NAMES = ['TCP', 'UDP', 'ICMP'] as const;
export const BASELINE_RESULTS = ['PASS', 'FAIL', 'ERROR'] as const;
export const BASELINE_SEVERITIES = ['CRITICAL', 'IMPORTANT', 'WARNING', 'INFORMATIONAL'] as const;
export const PROCESS_EVENTS = ['FORK', 'EXEC', 'EXIT'] as const;
export const LOG_LEVELS = ['NOTSET', 'FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG'] as const;
export const INITIATORS = ['unknown', 'local', 'remote'] as const;
export const OUTCOMES = ['undecided', 'established', 'refused', 'unanswered', 'reset'] as const;
export const DETECTION_KINDS = [
  'KIND_UNKNOWN',
  'HORIZONTAL_SCAN',
  'VERTICAL_SCAN',
  'ADDRESS_SWEEP',
  'SYN_FLOOD',
  'UDP_FLOOD',
  'ICMP_FLOOD',
  'REFLECTION',
  'BRUTE_FORCE',
  'BEACON',
  'DNS_TUNNEL',
  'ICMP_TUNNEL',
  'SUSPICIOUS_ADDRESS',
  'FIRST_CONTACT',
] as const;
export const DETECTION_SEVERITIES = ['LOW', 'MEDIUM', 'HIGH'] as const;
export const DETECTION_DIRECTIONS = ['INBOUND', 'OUTBOUND'] as const;
export const DETECTION_STATES = ['BEGUN', 'ONGOING', 'ENDED'] as const;

/** What an agent counts since its start: packets seen = packetsCounted + all that were ignored. In the schema's order. */
export const COUNTER_NAMES = [
  'packetsCounted',
  'nonIp',
  'nonLocal',
  'localToLocal',
  'unsupportedProtocol',
  'malformed',
  'truncated',
  'nonUnicast',
  'own',
  'disabled',
  'merged',
  'evicted',
  'outboxWaits',
  'clockJumps',
  'messagesLost',
] as const;
export type CounterName = (typeof COUNTER_NAMES)[number];

/** One of the names, or a value that a later schema may have given a name: `Unknown(7)`. */
export type Named<Names extends readonly string[]> = Names[number] | `Unknown(${number})`;

/** The name of an enum's value. */
export function nameOf<Names extends readonly string[]>(names: Names, value: number): Named<Names> {
  return names[value] ?? `Unknown(${value})`;
}

/** ICMP is ICMPv6 in family 6. */
export type Protocol = ProtocolName | `Unknown(${number})`;
export type AddressFamily = 4 | 6;

export interface SecurityMessage {
  readonly format: MessageFormat;
  /** `wardlet`, or `defender-iot-micro-agent` from the agent it replaces. */
  readonly moduleId: string;
  /** major.minor.patch; on the wire a u32, major << 24 | minor << 16 | patch. */
  readonly moduleVersion: string;
  readonly events: readonly SecurityEvent[];
  // Schema 3.0 says these as well.
  /** UUID text, new at every start of the agent: a reboot is no gap. */
  readonly bootId?: string;
  /** Counts up from 0 at every start. */
  readonly sequence?: number;
  /** Unix seconds, to the tenth. */
  readonly time?: number;
  readonly uptimeSeconds?: number;
  /** Since start; those that have changed since the message before. */
  readonly counters?: Readonly<Partial<Record<CounterName, number>>>;
}

export interface SecurityEvent {
  /** UUID text. */
  readonly id: string;
  /** Unix seconds: when it was collected; to the tenth in schema 3.0. */
  readonly time: number;
  /** Seconds before `time` that it covers. */
  readonly collectionIntervalSeconds: number;
  readonly payload: Payload;
}

/** Tell them apart by `kind`. */
export type Payload =
  | NetworkActivity
  | SystemInformation
  | ListeningPorts
  | Heartbeat
  | Baseline
  | ProcessEvent
  | Log
  | Statistics
  | Detection
  | UnknownPayload;

export interface NetworkActivity {
  readonly kind: 'NetworkActivity';
  /** IPv4 first, each family in the message's order. A five-tuple may come more than once: add them up. Many are made when they are read: see decodeMessage. */
  readonly flows: readonly Flow[];
}

/** What one five-tuple carried in the interval, seen from the device. */
export interface Flow {
  readonly family: AddressFamily;
  readonly protocol: Protocol;
  /** Text, dotted or RFC 5952. */
  readonly localAddress: string;
  /** 0 for ICMP. */
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Bytes received: transport header + payload. */
  readonly bytesIn: number;
  /** Bytes sent: transport header + payload. */
  readonly bytesOut: number;
  readonly processId?: number;
  readonly userId?: number;
  readonly executable?: string;
  readonly commandLine?: string;
  // Schema 3.0 says these as well.
  readonly packetsIn?: number;
  readonly packetsOut?: number;
  /** Unix seconds, to the tenth. */
  readonly firstSeen?: number;
  readonly lastSeen?: number;
  /** Who sent the first packet. */
  readonly initiator?: Named<typeof INITIATORS>;
  readonly outcome?: Named<typeof OUTCOMES>;
  /** TCP: flags of all segments received, ORed (bit 0 FIN, 1 SYN, 2 RST, 3 PSH, 4 ACK, 5 URG, 6 ECE, 7 CWR). */
  readonly tcpFlagsIn?: number;
  /** TCP: flags of all segments sent. */
  readonly tcpFlagsOut?: number;
}

export interface SystemInformation {
  readonly kind: 'SystemInformation';
  readonly operatingSystem?: string;
  readonly kernel?: string;
  readonly hardware?: string;
}

export interface ListeningPorts {
  readonly kind: 'ListeningPorts';
  readonly ports: readonly ListeningPort[];
}

export interface ListeningPort {
  readonly family: AddressFamily;
  readonly protocol: Protocol;
  readonly localAddress: string;
  readonly localPort: number;
}

/** The device is alive. */
export interface Heartbeat {
  readonly kind: 'Heartbeat';
}

export interface Baseline {
  readonly kind: 'Baseline';
  readonly checks: readonly BaselineCheck[];
}

export interface BaselineCheck {
  readonly id: string;
  readonly result: Named<typeof BASELINE_RESULTS>;
  readonly severity: Named<typeof BASELINE_SEVERITIES>;
  readonly error?: string;
  readonly description?: string;
  readonly remediation?: string;
}

export interface ProcessEvent {
  readonly kind: 'Process';
  readonly event: Named<typeof PROCESS_EVENTS>;
  readonly processId: number;
  readonly parentProcessId: number;
  readonly userId: number;
  /** How often it happened in the interval. */
  readonly hitCount: number;
  readonly executable?: string;
  readonly commandLine?: string;
  readonly userName?: string;
}

export interface Log {
  readonly kind: 'Log';
  readonly records: readonly LogRecord[];
}

export interface LogRecord {
  readonly level: Named<typeof LOG_LEVELS>;
  readonly message: string;
  readonly fileName: string;
  readonly line: number;
  /** As the device wrote it; a u64, rounded to a double above 2^53. */
  readonly timestamp: number;
}

/** What the agent says of itself. */
export interface Statistics {
  readonly kind: 'Statistics';
  /** Since start, all of them. */
  readonly counters: Readonly<Record<CounterName, number>>;
  /** In the table now. */
  readonly flowsIpv4: number;
  readonly flowsIpv6: number;
  /** The table's size, each family. */
  readonly flowCapacity: number;
}

/** One ongoing attack is one detection with updates: `detection` and `number` name it. */
export interface Detection {
  readonly kind: 'Detection';
  readonly detection: Named<typeof DETECTION_KINDS>;
  readonly severity: Named<typeof DETECTION_SEVERITIES>;
  readonly direction: Named<typeof DETECTION_DIRECTIONS>;
  readonly state: Named<typeof DETECTION_STATES>;
  /** Since start; updates repeat it. */
  readonly number: number;
  readonly protocol: Protocol;
  /** A few of the `peerCount` peers. */
  readonly peers: readonly string[];
  readonly peerCount: number;
  /** A few of the `portCount` ports. */
  readonly ports: readonly number[];
  readonly portCount: number;
  /** What was counted, and the limit that it crossed. */
  readonly count: number;
  readonly limit: number;
  /** Unix seconds, to the tenth: first and last evidence. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** A kind of payload that came with a later schema. */
export interface UnknownPayload {
  readonly kind: 'Unknown';
  /** Its number in the schema's union. */
  readonly type: number;
}

/** A module version as text: major << 24 | minor << 16 | patch. */
export function versionText(version: number): string {
  return `${version >>> 24}.${(version >>> 16) & 0xff}.${version & 0xffff}`;
}

/** The merged entry of flows that a full table could not name: never a peer to any rule. */
export function isEverythingElse(flow: Flow): boolean {
  const zero = flow.family === 4 ? '0.0.0.0' : '::';
  return (
    flow.localPort === 0 && flow.remotePort === 0 && flow.localAddress === zero && flow.remoteAddress === zero
  );
}
