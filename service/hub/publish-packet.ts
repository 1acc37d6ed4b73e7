// PUBLISH and PUBACK, read and written by hand: nearly all that a device says, and what it hears. Every other packet goes through the
// general parser, which costs several times as much.

export interface PublishPacket {
  readonly topic: string;
  /** Lies where it arrived. */
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly messageId: number;
}

const PUBLISH = 0x30;
const PUBACK_BYTES = 4;

/**
 * The packet in bytes[start, end), all of it, as PUBLISH of QoS 0 or 1 (MQTT 3.1.1, 3.3). Undefined: it is something else or broken, and the
 * general parser says what.
 */
export function readPublish(bytes: Buffer, start: number, end: number): PublishPacket | undefined {
  const first = bytes[start] ?? 0;
  const qos = (first >> 1) & 3;
  if ((first & 0xf0) !== PUBLISH || qos > 1) return undefined;
  let position = start + 1;
  while ((bytes[position++] ?? 0) >= 0x80);
  const topicStart = position + 2;
  if (topicStart > end) return undefined;
  const topicEnd = topicStart + wordAt(bytes, position);
  const payloadStart = topicEnd + 2 * qos;
  if (payloadStart > end) return undefined;
  return {
    topic: bytes.toString('utf8', topicStart, topicEnd),
    payload: bytes.subarray(payloadStart, end),
    qos: qos === 1 ? 1 : 0,
    retain: (first & 1) === 1,
    messageId: qos === 1 ? wordAt(bytes, topicEnd) : 0,
  };
}

/** One PUBACK for each, one after the other. */
export function pubacks(messageIds: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(messageIds.length * PUBACK_BYTES);
  let offset = 0;
  for (const messageId of messageIds) {
    bytes[offset] = 0x40;
    bytes[offset + 1] = 2;
    bytes[offset + 2] = messageId >> 8;
    bytes[offset + 3] = messageId & 0xff;
    offset += PUBACK_BYTES;
  }
  return bytes;
}

function wordAt(bytes: Buffer, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}
