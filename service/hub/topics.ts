// The fixed topics of IoT Hub's MQTT dialect. The hub is no broker: every topic is a room of the device's own.

import { type Identity, identityPath } from './client-identity.ts';

/** What a device publishes to. `foreign`: the room of another device. */
export type PublishTopic =
  | { readonly kind: 'telemetry'; readonly bag: string }
  | { readonly kind: 'twin_read' | 'twin_report' | 'method_response' }
  | { readonly kind: 'foreign' | 'unknown' };

export type Subscription = 'devicebound' | 'twin_responses' | 'desired_properties' | 'methods';

export function parsePublishTopic(topic: string, identity: Identity): PublishTopic {
  const events = `${identityPath(identity)}/messages/events`;
  if (topic.startsWith(events)) {
    if (topic.length === events.length) return { kind: 'telemetry', bag: '' };
    if (topic[events.length] === '/') return { kind: 'telemetry', bag: topic.slice(events.length + 1) };
  }
  if (topic.startsWith('$iothub/twin/GET/?')) return { kind: 'twin_read' };
  if (topic.startsWith('$iothub/twin/PATCH/properties/reported/?')) return { kind: 'twin_report' };
  if (topic.startsWith('$iothub/methods/res/')) return { kind: 'method_response' };
  const isRoom = /^devices\/[^/]+(\/modules\/[^/]+)?\/messages\/events(\/|$)/.test(topic);
  return { kind: isRoom ? 'foreign' : 'unknown' };
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
