// The fixed topics of IoT Hub's MQTT dialect. The hub is no broker: every topic is a room of the device's own.

import { type Identity, identityPath } from './client-identity.ts';

/** What a device publishes to. `foreign`: the room of another device. */
export type PublishTopic =
  | { readonly kind: 'telemetry'; readonly bag: string }
  /** `rid` as sent: it goes back as it came. */
  | { readonly kind: 'twin_read'; readonly rid: string }
  | { readonly kind: 'twin_report'; readonly rid: string }
  | { readonly kind: 'method_response'; readonly rid: string; readonly status: number }
  | { readonly kind: 'foreign' | 'unknown' };

export type Subscription = 'devicebound' | 'twin_responses' | 'desired_properties' | 'methods';

const REQUEST =
  /^(\$iothub\/twin\/GET\/|\$iothub\/twin\/PATCH\/properties\/reported\/|\$iothub\/methods\/res\/(-?\d{1,9})\/)\?(.*)$/s;

export function parsePublishTopic(topic: string, identity: Identity): PublishTopic {
  const events = `${identityPath(identity)}/messages/events`;
  if (topic.startsWith(events)) {
    if (topic.length === events.length) return { kind: 'telemetry', bag: '' };
    if (topic[events.length] === '/') return { kind: 'telemetry', bag: topic.slice(events.length + 1) };
  }
  const request = REQUEST.exec(topic);
  if (request) {
    const [, start, status, query = ''] = request;
    const rid = ridOf(query);
    if (rid === undefined) return { kind: 'unknown' };
    if (status !== undefined) return { kind: 'method_response', rid, status: Number(status) };
    return start === '$iothub/twin/GET/' ? { kind: 'twin_read', rid } : { kind: 'twin_report', rid };
  }
  const isRoom = /^devices\/[^/]+(\/modules\/[^/]+)?\/messages\/events(\/|$)/.test(topic);
  return { kind: isRoom ? 'foreign' : 'unknown' };
}

/** Undefined: there is none, and so no way to answer. */
function ridOf(query: string): string | undefined {
  const [, rid] = /(?:^|&)\$rid=([^&]+)/.exec(query) ?? [];
  return rid;
}

/** What a filter subscribes to; undefined: it is none of the documented ones. */
export function parseFilter(filter: string, identity: Identity): Subscription | undefined {
  switch (filter) {
    case `${identityPath(identity)}/messages/devicebound/#`:
      return 'devicebound';
    case '$iothub/twin/res/#':
      return 'twin_responses';
    case '$iothub/twin/PATCH/properties/desired/#':
      return 'desired_properties';
    case '$iothub/methods/POST/#':
      return 'methods';
    default:
      return undefined;
  }
}
