// Where a security message goes, and what travels beside it (protocol.md 2).

import { messageTypeText } from '../../bindings/js/messages/message-type.ts';
import type { DeviceIdentity } from './device-identity.ts';
import type { OutgoingMessage } from './transport.ts';

const SECURITY_INTERFACE = 'urn:azureiot:Security:SecurityAgent:1';

/** devices/{id}/messages/events/{properties}, keys and values percent-encoded. */
export function securityTopic(
  { deviceId, moduleId }: DeviceIdentity,
  { bootId, sequence, format }: Omit<OutgoingMessage, 'bytes'>,
): string {
  const sender = moduleId === undefined ? `devices/${deviceId}` : `devices/${deviceId}/modules/${moduleId}`;
  const properties: ReadonlyArray<readonly [string, string]> = [
    ['mti', messageTypeText({ format, source: 'host' })],
    ['$.ifid', SECURITY_INTERFACE],
    // The body of a 2.3 message has no room for them; later formats carry them inside.
    ...(format === '2.3'
      ? ([
          ['wl-boot', bootId],
          ['wl-seq', String(sequence)],
        ] as const)
      : []),
  ];
  const bag = properties.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`);
  return `${sender}/messages/events/${bag.join('&')}`;
}
