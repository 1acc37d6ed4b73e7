// How a connection to a hub behaves, with what is possible and what is usual.

/** Whole numbers; the agent's options take the same names. */
export const CONNECTION_OPTIONS = {
  /** Seconds: the longest first wait after a failure. */
  retrySeconds: { default: 3, min: 1, max: 3_600 },
  /** Seconds: no wait is longer. */
  maxRetrySeconds: { default: 300, min: 1, max: 86_400 },
  /** Seconds without a packet until the hub is asked whether it is there; IoT Hub allows 1,177. */
  keepAliveSeconds: { default: 60, min: 5, max: 1_177 },
  /** Seconds that an attempt may take. */
  connectTimeoutSeconds: { default: 30, min: 1, max: 300 },
  /** Seconds that a token is valid. */
  tokenLifetimeSeconds: { default: 3_600, min: 5, max: 86_400 },
  /** Messages under way at once. */
  maxInFlight: { default: 16, min: 1, max: 1_000 },
} as const;

export type ConnectionOption = keyof typeof CONNECTION_OPTIONS;
export type ConnectionSettings = Readonly<Record<ConnectionOption, number>>;

export const CONNECTION_DEFAULTS: ConnectionSettings = {
  retrySeconds: CONNECTION_OPTIONS.retrySeconds.default,
  maxRetrySeconds: CONNECTION_OPTIONS.maxRetrySeconds.default,
  keepAliveSeconds: CONNECTION_OPTIONS.keepAliveSeconds.default,
  connectTimeoutSeconds: CONNECTION_OPTIONS.connectTimeoutSeconds.default,
  tokenLifetimeSeconds: CONNECTION_OPTIONS.tokenLifetimeSeconds.default,
  maxInFlight: CONNECTION_OPTIONS.maxInFlight.default,
};

/** MQTT in TLS, or in WebSockets in TLS. */
export type Protocol = 'mqtt' | 'mqtt-ws';

export const PORTS: Readonly<Record<Protocol, number>> = { mqtt: 8883, 'mqtt-ws': 443 };

/** A page has WebSockets only. */
export function usualProtocol(): Protocol {
  return typeof document === 'undefined' && typeof importScripts === 'undefined' ? 'mqtt' : 'mqtt-ws';
}

declare const document: unknown;
declare const importScripts: unknown;
