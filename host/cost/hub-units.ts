// What IoT Hub meters: messages a day in units of 4 KB, per unit of a tier. Public: azure.microsoft.com/pricing/details/iot-hub.

import { securityTopic } from '../transport/security-topic.ts';
import type { OutgoingMessage } from '../transport/transport.ts';

/** A message counts once for each 4 KB begun, its properties included. */
const UNIT_BYTES = 4096;

/** Units a day that one unit of a tier has. */
export const HUB_TIERS = { S1: 400_000, S2: 6_000_000, S3: 300_000_000 } as const;
export type HubTier = keyof typeof HUB_TIERS;

/** What messages cost: how many, how many units of 4 KB, and the bytes of their bodies. */
export interface Cost {
  readonly messages: number;
  readonly units: number;
  readonly bytes: number;
}

/** Adds up what is sent. */
export class CostMeter {
  #messages = 0;
  #units = 0;
  #bytes = 0;

  /** `propertyBytes`: what travels beside the body. */
  add(bodyBytes: number, propertyBytes: number): void {
    this.#messages++;
    this.#units += Math.max(1, Math.ceil((bodyBytes + propertyBytes) / UNIT_BYTES));
    this.#bytes += bodyBytes;
  }

  get cost(): Cost {
    return { messages: this.#messages, units: this.#units, bytes: this.#bytes };
  }
}

/** Names and values of a message's properties. */
export function propertyBytes(message: Omit<OutgoingMessage, 'bytes'>): number {
  const topic = securityTopic({ hostName: '', deviceId: '', host: '', port: 0 }, message);
  const bag = topic.slice(topic.lastIndexOf('/') + 1);
  return bag.split('&').reduce((sum, property) => sum + decodeURIComponent(property).length - 1, 0);
}

/** Over a day of 24 hours, at the rate of `durationMs`. Not whole numbers. */
export function perDay({ messages, units, bytes }: Cost, durationMs: number): Cost {
  const days = durationMs / 86_400_000;
  return { messages: messages / days, units: units / days, bytes: bytes / days };
}
