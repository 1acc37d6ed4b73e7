// A registered device or module as a raw client: connected, subscribed, asking and answering.

import * as assert from 'uvu/assert';
import type { Identity } from '../../service/hub/client-identity.ts';
import type { Registry } from '../../service/hub/registry.ts';
import { HubClient } from './hub-client.ts';

export interface Published {
  readonly topic: string;
  readonly text: string;
  readonly qos: number;
  readonly dup: boolean;
  readonly packetId: number;
}

type HubPlace = Parameters<typeof HubClient.open>[0];

export class HubDevice {
  readonly client: HubClient;
  readonly isSessionPresent: boolean;
  #lastPacketId = 0;

  private constructor(client: HubClient, isSessionPresent: boolean) {
    this.client = client;
    this.isSessionPresent = isSessionPresent;
  }

  static async connect(
    hub: HubPlace,
    registry: Registry,
    identity: Identity,
    clean = true,
  ): Promise<HubDevice> {
    const { deviceId, moduleId } = identity;
    const client = await HubClient.open(hub);
    const key = registry.identity(identity)?.primaryKey ?? '';
    const clientId = moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
    const path = moduleId === undefined ? deviceId : `${deviceId}/modules/${moduleId}`;
    let isSessionPresent = false;
    const code = await client.connect(
      { deviceId: path, key },
      {
        clientId,
        username: `localhost/${clientId}/?api-version=2021-04-12`,
        clean,
        onAnswer: (isPresent) => {
          isSessionPresent = isPresent;
        },
      },
    );
    assert.is(code, 0);
    return new HubDevice(client, isSessionPresent);
  }

  /** Returns the code of each filter. */
  async subscribe(filters: readonly string[], qos: 0 | 1 = 0): Promise<readonly number[]> {
    this.client.send({
      cmd: 'subscribe',
      messageId: ++this.#lastPacketId,
      subscriptions: filters.map((topic) => ({ topic, qos })),
    });
    const answer = await this.client.next('suback');
    return answer.cmd === 'suback' ? (answer.granted as number[]) : [];
  }

  async unsubscribe(filter: string): Promise<void> {
    this.client.send({ cmd: 'unsubscribe', messageId: ++this.#lastPacketId, unsubscriptions: [filter] });
    await this.client.next('unsuback');
  }

  publish(topic: string, payload: string | Buffer, qos: 0 | 1 = 0): void {
    this.client.publish(topic, payload, ++this.#lastPacketId, qos);
  }

  async next(): Promise<Published> {
    const packet = await this.client.next('publish');
    if (packet.cmd !== 'publish') throw new Error(packet.cmd);
    const { topic, payload, qos, dup, messageId = 0 } = packet;
    return { topic, text: payload.toString(), qos, dup, packetId: messageId };
  }

  /** Publishes and takes the next message. */
  async ask(topic: string, payload: string | Buffer = ''): Promise<Published> {
    this.publish(topic, payload);
    return this.next();
  }

  acknowledge(packetId: number): void {
    this.client.send({ cmd: 'puback', messageId: packetId });
  }

  /** After a round trip: all that was sent before has been dealt with, on both sides. */
  async settled(): Promise<void> {
    this.client.send({ cmd: 'pingreq' });
    await this.client.next('pingresp');
  }

  /** Messages that have come and were not taken. */
  get waiting(): number {
    return this.client.received.filter(({ cmd }) => cmd === 'publish').length;
  }

  async leave(): Promise<void> {
    this.client.send({ cmd: 'disconnect' });
    await this.client.closed();
  }
}
