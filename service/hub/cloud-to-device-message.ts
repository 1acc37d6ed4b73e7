// What a message for a device may be, and how its properties look on a topic. No I/O.

import type { Properties } from './property-bag.ts';

/** IoT Hub: body, property names and values. */
export const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_AGE_MS = 48 * 3_600_000;
const MAX_ID_LENGTH = 128;
const ACKNOWLEDGEMENTS: readonly unknown[] = ['none', 'positive', 'negative', 'full'];

const LONE_SURROGATE = /\p{Surrogate}/u;

interface Checked {
  readonly body: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly messageId: unknown;
  readonly correlationId?: unknown;
  readonly userId?: unknown;
  readonly contentType?: unknown;
  readonly contentEncoding?: unknown;
  readonly expiresMs: unknown;
  readonly ack: unknown;
}

/** What is wrong with a message besides its size; undefined: nothing. */
export function faultOfMessage(message: Checked, nowMs: number): string | undefined {
  const { body, properties = {}, messageId, expiresMs, ack } = message;
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return 'the body is neither text nor bytes';
  if (typeof messageId !== 'string' || messageId === '' || messageId.length > MAX_ID_LENGTH) {
    return `messageId is not a text of 1 to ${MAX_ID_LENGTH} characters`;
  }
  if (!ACKNOWLEDGEMENTS.includes(ack)) return `ack is ${String(ack)}: ${ACKNOWLEDGEMENTS.join(', ')}`;
  if (typeof expiresMs !== 'number' || !Number.isSafeInteger(expiresMs))
    return 'expiresMs is no whole number';
  if (expiresMs < 0 || expiresMs > nowMs + MAX_AGE_MS) return 'expiresMs is more than 48 h from now';
  const { correlationId, userId, contentType, contentEncoding } = message;
  for (const [name, value] of Object.entries({ correlationId, userId, contentType, contentEncoding })) {
    if (value !== undefined && !isText(value)) return `${name} is no text`;
  }
  for (const [key, value] of Object.entries(properties)) {
    if (key === '' || key.startsWith('$.')) return `a property cannot be called ${JSON.stringify(key)}`;
    if (!isText(key) || !isText(value)) return `the property ${key.slice(0, MAX_ID_LENGTH)} is no text`;
  }
  return isText(messageId) ? undefined : 'messageId cannot be written in UTF-8';
}

export function cloudToDeviceTopic(deviceId: string, properties: Properties): string {
  const bag = Object.entries(properties).map(([key, value]) =>
    value === null ? encodeURIComponent(key) : `${encodeURIComponent(key)}=${encodeURIComponent(value)}`,
  );
  return `devices/${deviceId}/messages/devicebound/${bag.join('&')}`;
}

/** Half a surrogate pair is no text. */
function isText(value: unknown): boolean {
  return typeof value === 'string' && !LONE_SURROGATE.test(value);
}
