// SUBSCRIBE: the documented filters of the device's own, at most five of them, at QoS 0 or 1.

import type { Identity } from './client-identity.ts';
import { parseFilter, type Subscription } from './topics.ts';

/** MQTT 3.1.1, 3.9.3. */
export const REFUSED = 0x80;

export interface SubscriptionRequest {
  readonly topic: string;
  readonly qos: number;
}

/** Adds what is granted to `subscriptions`, each with its QoS; returns a return code per request. */
export function grantSubscriptions(
  requests: readonly SubscriptionRequest[],
  identity: Identity,
  subscriptions: Map<Subscription, number>,
  maxSubscriptions: number,
): number[] {
  return requests.map(({ topic, qos }) => {
    const subscription = parseFilter(topic, identity);
    if (!subscription) return REFUSED;
    if (!subscriptions.has(subscription) && subscriptions.size >= maxSubscriptions) return REFUSED;
    // IoT Hub delivers at most once or at least once.
    const granted = Math.min(qos, 1);
    subscriptions.set(subscription, granted);
    return granted;
  });
}
