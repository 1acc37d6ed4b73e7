// Every bound of the hub, with its default: what a device can make the hub hold, or wait for, ends somewhere.

import { WardletError } from '../../bindings/js/errors.ts';

export const LIMITS = {
  /** TCP connections at once; more are closed as they come. */
  maxConnections: 20_000,
  /** From TCP to TLS, then from TLS to CONNECT. */
  handshakeTimeoutMs: 10_000,
  connectTimeoutMs: 10_000,
  /** The REST side: from TLS to the end of the request; and how long a client may take nothing of its answer. */
  restTimeoutMs: 10_000,
  /** Above these nothing is refused: handshakes wait, and devices are read later. IoT Hub's smallest paid tier has 100 and 100. */
  maxConnectsPerSecond: 5_000,
  maxSendsPerSecond: 200_000,
  maxDeviceSendsPerSecond: 20_000,
  /** CONNECT carries at most a will of 64 KB and short strings; nobody has been asked for a key before it is read. */
  maxConnectBytes: 80 * 1024,
  /** IoT Hub: body, property names and values. */
  maxMessageBytes: 256 * 1024,
  /** Keepalive a connection is held to where it asks for none or for more (IoT Hub's client maximum, in seconds). */
  maxKeepaliveSeconds: 1_177,
  /** Received and not yet durable; the hub reads no further on that connection until they are. */
  maxUnacknowledged: 1_000,
  /** Written to a device that does not read. */
  maxUnreadBytes: 1024 * 1024,
  /** IoT Hub: subscriptions of one connection. */
  maxSubscriptions: 5,
  /** IoT Hub: cloud-to-device messages that wait for one device. */
  maxPendingMessages: 50,
  /** IoT Hub: how often one of them is delivered and not acknowledged before it is given up. */
  maxDeliveries: 10,
  /** The message store: the oldest go first. */
  maxStoreBytes: 1024 ** 3,
  maxStoreAgeMs: 30 * 86_400_000,
  /** The event log: the oldest go first. */
  maxEvents: 100_000,
} as const;

export type HubLimits = { readonly [Name in keyof typeof LIMITS]: number };

/** The defaults with what was given; throws WL_BAD_OPTION. */
export function resolveLimits(given: Partial<HubLimits> = {}): HubLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!(name in LIMITS)) throw wrong(`no limit is called ${name}`);
    if (!Number.isSafeInteger(value) || value < 1) throw wrong(`limit ${name} is ${value}`);
  }
  return { ...LIMITS, ...given };
}

function wrong(message: string): WardletError {
  return new WardletError('WL_BAD_OPTION', message, {
    hint: `limits are whole numbers from 1: ${Object.keys(LIMITS).join(', ')}`,
  });
}
