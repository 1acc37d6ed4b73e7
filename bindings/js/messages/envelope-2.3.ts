// Tables Message and Event of schema 2.3: what stands around every payload.

import {
  EVENT_ID,
  EVENT_INTERVAL,
  EVENT_PAYLOAD,
  EVENT_PAYLOAD_TYPE,
  EVENT_TIME,
  MESSAGE_EVENTS,
  MESSAGE_MODULE_ID,
  MESSAGE_MODULE_VERSION,
  MESSAGE_TIMEZONE,
} from '../../../schema/message-2.3.ts';
import type { FlatBufferReader } from './flatbuffer-reader.ts';

/** i8, never written. */
const UUID_BYTES = 16;
const OFFSET = 4;

export interface Envelope {
  /** Position of the table. */
  readonly message: number;
  /** Position of its text. */
  readonly moduleId: number;
  readonly moduleVersion: number;
  /** Position of the first of `count` offsets to events. */
  readonly events: number;
  readonly count: number;
}

export interface EventHead {
  /** Position of the table. */
  readonly event: number;
  /** Position of 16 bytes. */
  readonly id: number;
  /** Unix seconds. */
  readonly time: number;
  readonly intervalSeconds: number;
  /** PAYLOAD_, or a number this schema does not have. */
  readonly payloadType: number;
  /** Position of the payload's table. */
  readonly payload: number;
}

/** @throws WardletError WL_BAD_MESSAGE */
export function readEnvelope(reader: FlatBufferReader): Envelope {
  const message = reader.root('Message');
  const moduleId = reader.requiredText(message, MESSAGE_MODULE_ID, 'Message.security_module_id');
  const moduleVersion = reader.u32(message, MESSAGE_MODULE_VERSION, 'Message.security_module_version');
  // Checked although nobody needs it: what is accepted does not depend on who reads.
  reader.i8(message, MESSAGE_TIMEZONE, 'Message.timezone');
  reader.required(message, MESSAGE_EVENTS, OFFSET, 'Message.events');
  const events = reader.offsets(message, MESSAGE_EVENTS, 'Message.events');
  return { message, moduleId, moduleVersion, events, count: reader.count(events) };
}

/** The event at `index` of the envelope. @throws WardletError WL_BAD_MESSAGE */
export function readEventHead(reader: FlatBufferReader, envelope: Envelope, index: number): EventHead {
  const event = reader.table(envelope.events + index * OFFSET, 'Event');
  const id = reader.required(event, EVENT_ID, UUID_BYTES, 'Event.id');
  const payloadType = reader.u8(event, EVENT_PAYLOAD_TYPE, 'Event.payload_type');
  const payloadField = reader.required(event, EVENT_PAYLOAD, OFFSET, 'Event.payload');
  if (payloadType === 0) reader.fail('Event.payload', payloadField, 'it says of no kind what it is');
  return {
    event,
    id,
    time: reader.u32(event, EVENT_TIME, 'Event.time'),
    intervalSeconds: reader.u32(event, EVENT_INTERVAL, 'Event.collection_interval'),
    payloadType,
    payload: reader.table(payloadField, 'Event.payload'),
  };
}
