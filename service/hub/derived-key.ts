// A device's key from its enrolment group's: who holds the group's key makes it from the registration id, and so does the hub.

import { createHmac } from 'node:crypto';

/** Base64, like the group's. */
export function derivedKey(groupKey: string, registrationId: string): string {
  return createHmac('sha256', Buffer.from(groupKey, 'base64')).update(registrationId).digest('base64');
}
