// Messages of schema 2.3, of the reference agent and of ours, into a SecurityMessage.

import { PAYLOAD_NETWORK_ACTIVITY } from '../../../schema/message-2.3.ts';
import { formatAddress } from '../address.ts';
import { uuidText } from '../uuid.ts';
import { readEnvelope, readEventHead } from './envelope-2.3.ts';
import { FlatBufferReader } from './flatbuffer-reader.ts';
import { walkFlows } from './flow-walk-2.3.ts';
import { readPayload } from './payload-2.3.ts';
import {
  type Flow,
  type NetworkActivity,
  nameOf,
  PROTOCOL_NAMES,
  type SecurityEvent,
  type SecurityMessage,
  versionText,
} from './security-message.ts';

/**
 * Decodes one message; the bytes are not trusted. Text that is no UTF-8 is kept with U+FFFD in place of what is not.
 * @throws WardletError WL_BAD_MESSAGE: damaged, a required field is missing, or built to cost more than it is long
 */
export function decodeMessage23(bytes: Uint8Array): SecurityMessage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = new FlatBufferReader(view, 0, bytes.length);
  const envelope = readEnvelope(reader);
  const events: SecurityEvent[] = [];
  for (let index = 0; index < envelope.count; index++) {
    const { id, time, intervalSeconds, payloadType, payload } = readEventHead(reader, envelope, index);
    events.push({
      id: uuidText(bytes, id),
      time,
      collectionIntervalSeconds: intervalSeconds,
      payload:
        payloadType === PAYLOAD_NETWORK_ACTIVITY
          ? readActivity(reader, bytes, payload)
          : readPayload(reader, payloadType, payload),
    });
  }
  return {
    format: '2.3',
    moduleId: reader.decodeText(envelope.moduleId),
    moduleVersion: versionText(envelope.moduleVersion),
    events,
  };
}

export type WritableFlow = { -readonly [Key in keyof Flow]: Flow[Key] };

/** `more` adds what a later schema says of a flow, from its table NetworkActivityCommon. @throws WardletError WL_BAD_MESSAGE */
export function readActivity(
  reader: FlatBufferReader,
  bytes: Uint8Array,
  activity: number,
  more?: (flow: WritableFlow, common: number) => void,
): NetworkActivity {
  const flows: Flow[] = [];
  walkFlows(
    reader,
    activity,
    0,
    (
      family,
      protocol,
      localPort,
      remotePort,
      bytesIn,
      bytesOut,
      addresses,
      _time,
      processId,
      userId,
      executable,
      commandLine,
      common,
    ) => {
      const size = family === 4 ? 4 : 16;
      const flow: WritableFlow = {
        family,
        protocol: nameOf(PROTOCOL_NAMES, protocol),
        localAddress: formatAddress(bytes, addresses, size),
        localPort,
        remoteAddress: formatAddress(bytes, addresses + size, size),
        remotePort,
        bytesIn,
        bytesOut,
      };
      if (processId) flow.processId = reader.view.getUint16(processId, true);
      if (userId) flow.userId = reader.view.getUint16(userId, true);
      if (executable) flow.executable = reader.decodeText(executable);
      if (commandLine) flow.commandLine = reader.decodeText(commandLine);
      more?.(flow, common);
      flows.push(flow);
    },
  );
  return { kind: 'NetworkActivity', flows };
}
