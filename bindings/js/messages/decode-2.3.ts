// Messages of schema 2.3, of the reference agent and of ours, into a SecurityMessage.

import { PAYLOAD_NETWORK_ACTIVITY } from '../../../schema/message-2.3.ts';
import { formatAddress } from '../address.ts';
import { uuidText } from '../uuid.ts';
import { readEnvelope, readEventHead } from './envelope-2.3.ts';
import { FlatBufferReader } from './flatbuffer-reader.ts';
import { flowObject23, flowObject30 } from './flow-object.ts';
import { type FlowSchema, FlowVectors } from './flow-walk-2.3.ts';
import { EVENT_LIST } from './lists.ts';
import { readPayload } from './payload-2.3.ts';
import {
  type AddressFamily,
  type Flow,
  type NetworkActivity,
  type SecurityEvent,
  type SecurityMessage,
  versionText,
} from './security-message.ts';

/**
 * Decodes one message; the bytes are not trusted. `activity`: what makes something of the flows. Text that is no UTF-8 is kept with U+FFFD in place of what is not.
 * @throws WardletError WL_BAD_MESSAGE: damaged, a required field is missing, or built to cost more than it is long
 */
export function decodeMessage23(bytes: Uint8Array, activity: ActivityReader = readActivity): SecurityMessage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = new FlatBufferReader(view, 0, bytes.length);
  const envelope = readEnvelope(reader);
  const events = reader.lists.of(
    envelope.count,
    (index): SecurityEvent => {
      const { id, time, intervalSeconds, payloadType, payload } = readEventHead(reader, envelope, index);
      return {
        id: uuidText(bytes, id),
        time,
        collectionIntervalSeconds: intervalSeconds,
        payload:
          payloadType === PAYLOAD_NETWORK_ACTIVITY
            ? activity(reader, bytes, payload, time * 10, '2.3')
            : readPayload(reader, payloadType, payload),
      };
    },
    EVENT_LIST,
  );
  reader.settle();
  return {
    format: '2.3',
    moduleId: reader.decodeText(envelope.moduleId),
    moduleVersion: versionText(envelope.moduleVersion),
    events,
  };
}

/** Reads a table NetworkActivity. `time`: the event's, in tenths of a second. @throws WardletError WL_BAD_MESSAGE */
export type ActivityReader = (
  reader: FlatBufferReader,
  bytes: Uint8Array,
  activity: number,
  time: number,
  schema: FlowSchema,
) => NetworkActivity;

type WritableFlow = { -readonly [Key in keyof Flow]: Flow[Key] };

/** An object for every flow, at once or when it is read. */
export function readActivity(
  reader: FlatBufferReader,
  bytes: Uint8Array,
  activity: number,
  time: number,
  schema: FlowSchema,
): NetworkActivity {
  const flows = new FlowVectors(reader, activity, time, schema);
  const text = new LatestText(bytes);
  const make = (index: number): Flow => {
    const cursor = flows.read(index);
    const flow: WritableFlow =
      schema === '3.0'
        ? flowObject30(cursor, bytes, text.of(cursor.local, cursor.family))
        : flowObject23(cursor, bytes, text.of(cursor.local, cursor.family));
    if (cursor.processId) flow.processId = reader.view.getUint16(cursor.processId, true);
    if (cursor.userId) flow.userId = reader.view.getUint16(cursor.userId, true);
    if (cursor.executable) flow.executable = reader.decodeText(cursor.executable);
    if (cursor.commandLine) flow.commandLine = reader.decodeText(cursor.commandLine);
    return flow;
  };
  return { kind: 'NetworkActivity', flows: reader.lists.of(flows.count, make) };
}

/** Most flows of a message have the same local address: its text is made once. */
class LatestText {
  readonly #bytes: Uint8Array;
  #at = -1;
  #text = '';

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  of(at: number, family: AddressFamily): string {
    const size = family === 4 ? 4 : 16;
    if (!this.#isLatest(at, size)) {
      this.#text = formatAddress(this.#bytes, at, size);
      this.#at = at;
    }
    return this.#text;
  }

  #isLatest(at: number, size: number): boolean {
    if (this.#at < 0 || this.#text.includes(':') !== (size === 16)) return false;
    for (let byte = 0; byte < size; byte++) {
      if (this.#bytes[at + byte] !== this.#bytes[this.#at + byte]) return false;
    }
    return true;
  }
}
