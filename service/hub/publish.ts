// What becomes of a PUBLISH: stored as telemetry, a request to the hub, or the connection's end.

import type { Identity } from './client-identity.ts';
import { bounded, type Termination } from './hub-events.ts';
import { type Properties, parsePropertyBag, propertyBytes } from './property-bag.ts';
import { parsePublishTopic } from './topics.ts';

export interface PublishRequest {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
}

/** What a device asks of the hub, or answers it. */
export type DeviceRequest =
  | { readonly kind: 'twin_read'; readonly rid: string }
  | { readonly kind: 'twin_report'; readonly rid: string; readonly payload: Uint8Array }
  | {
      readonly kind: 'method_response';
      readonly rid: string;
      readonly status: number;
      readonly payload: Uint8Array;
    };

export type PublishVerdict =
  | {
      readonly kind: 'store';
      readonly properties: Properties;
      readonly body: Uint8Array;
      /** For the next one. */
      readonly known: LastTopic;
    }
  | { readonly kind: 'request'; readonly request: DeviceRequest }
  | { readonly kind: 'terminate'; readonly reason: Termination; readonly detail: string };

/** The telemetry topic a device used last: most send on one alone, and its properties need not be decoded again. */
export interface LastTopic {
  readonly topic: string;
  readonly retain: boolean;
  readonly properties: Properties;
  readonly propertyBytes: number;
}

/** `last` is what it returned before, for the same identity. */
export function judgePublish(
  request: PublishRequest,
  identity: Identity,
  maxMessageBytes: number,
  last?: LastTopic,
): PublishVerdict {
  const { topic, payload, qos, retain } = request;
  if (last && qos <= 1 && last.topic === topic && last.retain === retain) {
    return telemetry(last, payload, maxMessageBytes);
  }
  if (qos > 1) return terminate('qos_2', bounded(topic));
  // MQTT 3.1.1, 1.5.3: no U+0000 in a string.
  if (topic.includes('\0')) return terminate('malformed', 'U+0000 in a topic');
  const target = parsePublishTopic(topic, identity);
  switch (target.kind) {
    case 'unknown':
      return terminate('unknown_topic', bounded(topic));
    case 'foreign':
      return terminate('foreign_topic', bounded(topic));
    case 'telemetry': {
      const sent = parsePropertyBag(target.bag);
      if (!sent) return terminate('bad_properties', bounded(target.bag));
      // Nothing is retained; IoT Hub says that it was asked for.
      const properties = retain ? { ...sent, 'mqtt-retain': 'true' } : sent;
      const known = { topic, retain, properties, propertyBytes: propertyBytes(properties) };
      return telemetry(known, payload, maxMessageBytes);
    }
    case 'twin_read':
      return { kind: 'request', request: target };
    case 'twin_report':
    case 'method_response':
      return { kind: 'request', request: { ...target, payload } };
  }
}

function telemetry(known: LastTopic, payload: Uint8Array, maxMessageBytes: number): PublishVerdict {
  const bytes = payload.length + known.propertyBytes;
  if (bytes > maxMessageBytes) {
    return terminate('too_large', `a message of ${bytes} bytes, at most ${maxMessageBytes}`);
  }
  return { kind: 'store', properties: known.properties, body: payload, known };
}

/** A will as the telemetry it becomes; undefined: its topic or size is none of telemetry. */
export function judgeWill(
  will: Omit<PublishRequest, 'qos'>,
  identity: Identity,
  maxMessageBytes: number,
): { readonly properties: Properties; readonly body: Uint8Array } | undefined {
  const verdict = judgePublish({ ...will, qos: 1 }, identity, maxMessageBytes);
  if (verdict.kind !== 'store') return undefined;
  return { properties: { ...verdict.properties, 'iothub-MessageType': 'Will' }, body: verdict.body };
}

function terminate(reason: Termination, detail: string): PublishVerdict {
  return { kind: 'terminate', reason, detail };
}
