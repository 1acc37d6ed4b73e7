// What the reader of schema 3.0 returns. Made by scripts/generate-protobuf.mjs.

/** A number, or an object where the package `long` is there. */
export type U64 = number | { toNumber(): number };

export interface Message {
  readonly bootId: Uint8Array;
  readonly sequence: number;
  readonly time: U64;
  readonly uptime: number;
  readonly moduleVersion: number;
  readonly moduleId: Uint8Array;
  readonly counters: Counters | null;
}

export interface SystemInformation {
  readonly operatingSystem: Uint8Array;
  readonly kernel: Uint8Array;
  readonly hardware: Uint8Array;
}

export interface ListeningPort {
  readonly address: Uint8Array;
  readonly port: number;
  readonly protocol: number;
}

export interface BaselineCheck {
  readonly id: Uint8Array;
  readonly result: number;
  readonly severity: number;
  readonly error: Uint8Array;
  readonly description: Uint8Array;
  readonly remediation: Uint8Array;
}

export interface Process {
  readonly executable: Uint8Array;
  readonly processId: number;
  readonly parentProcessId: number;
  readonly userId: number;
  readonly userName: Uint8Array;
  readonly commandLine: Uint8Array;
  readonly event: number;
  readonly hitCount: number;
}

export interface LogRecord {
  readonly message: Uint8Array;
  readonly level: number;
  readonly timestamp: U64;
  readonly line: number;
  readonly fileName: Uint8Array;
}

export interface Statistics {
  readonly counters: Counters | null;
  readonly flowsIpv4: number;
  readonly flowsIpv6: number;
  readonly flowCapacity: number;
}

export interface Counters {
  readonly packetsCounted: U64;
  readonly nonIp: U64;
  readonly nonLocal: U64;
  readonly localToLocal: U64;
  readonly unsupportedProtocol: U64;
  readonly malformed: U64;
  readonly truncated: U64;
  readonly nonUnicast: U64;
  readonly own: U64;
  readonly disabled: U64;
  readonly merged: U64;
  readonly evicted: U64;
  readonly outboxWaits: number;
  readonly clockJumps: number;
  readonly messagesLost: number;
}

export interface Detection {
  readonly kind: number;
  readonly severity: number;
  readonly direction: number;
  readonly state: number;
  readonly number: number;
  readonly protocol: number;
  readonly peers: Uint8Array;
  readonly peersIpv6: boolean;
  readonly peerCount: number;
  readonly ports: Uint8Array;
  readonly portCount: number;
  readonly count: U64;
  readonly limit: U64;
  readonly lastSeen: number;
  readonly duration: number;
}

export const wardlet: {
  readonly v3: {
    readonly Message: { decode(bytes: Uint8Array): Message };
    readonly SystemInformation: { decode(bytes: Uint8Array): SystemInformation };
    readonly ListeningPort: { decode(bytes: Uint8Array): ListeningPort };
    readonly BaselineCheck: { decode(bytes: Uint8Array): BaselineCheck };
    readonly Process: { decode(bytes: Uint8Array): Process };
    readonly LogRecord: { decode(bytes: Uint8Array): LogRecord };
    readonly Statistics: { decode(bytes: Uint8Array): Statistics };
    readonly Counters: { decode(bytes: Uint8Array): Counters };
    readonly Detection: { decode(bytes: Uint8Array): Detection };
  };
};
