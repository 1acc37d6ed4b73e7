// What has arrived from each device, each event once: delivery is at least once, and event ids tell repetitions.

import type { ReceivedMessage } from '../service/hub/received-message.ts';
import { readBody } from './received-view.ts';

export interface Arrived {
  readonly messages: number;
  /** Of the messages themselves. */
  readonly messageBytes: number;
  /** In flows: transport header and payload, both directions. */
  readonly bytes: number;
}

/** Event ids remembered; a repetition comes within a connection's messages. */
const IDS_MAX = 100_000;

const NOTHING: Arrived = { messages: 0, messageBytes: 0, bytes: 0 };

export class Arrivals {
  readonly #devices = new Map<string, Arrived>();
  readonly #eventIds = new Set<string>();

  add(received: ReceivedMessage): void {
    const read = readBody(received);
    if (read.kind !== 'security') return;
    const before = this.of(received.deviceId);
    let bytes = 0;
    let isNew = false;
    for (const { id, payload } of read.message.events) {
      if (this.#eventIds.has(id)) continue;
      this.#remember(id);
      isNew = true;
      if (payload.kind !== 'NetworkActivity') continue;
      for (const { bytesIn, bytesOut } of payload.flows) bytes += bytesIn + bytesOut;
    }
    if (!isNew) return;
    this.#devices.set(received.deviceId, {
      messages: before.messages + 1,
      messageBytes: before.messageBytes + received.body.length,
      bytes: before.bytes + bytes,
    });
  }

  of(deviceId: string): Arrived {
    return this.#devices.get(deviceId) ?? NOTHING;
  }

  #remember(id: string): void {
    this.#eventIds.add(id);
    if (this.#eventIds.size <= IDS_MAX) return;
    for (const oldest of this.#eventIds) {
      this.#eventIds.delete(oldest);
      return;
    }
  }
}
