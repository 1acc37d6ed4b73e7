// What a hub asks of its devices, for tests: a twin, methods, messages. One device, one connection at a time.

import type { Duplex } from 'node:stream';
import { generate, type Packet } from 'mqtt-packet';

export class CloudSide {
  /** Of each connection, one after the other. */
  readonly filters: string[] = [];
  desired: Record<string, unknown> = { $version: 1 };
  readonly reported: Array<Record<string, unknown>> = [];
  readonly answers: Array<{ readonly status: number; readonly payload: Record<string, unknown> }> = [];
  gets = 0;
  /** Instead of 200 and 204. */
  status: number | undefined;
  /** Called before a GET is answered. */
  beforeGet: () => void = () => {};
  /** Packet identifiers the device has acknowledged. */
  readonly acknowledged: number[] = [];
  #socket: Duplex | undefined;
  #request = 0;

  /** Returns whether the packet was none of telemetry. */
  take(socket: Duplex, packet: Packet): boolean {
    this.#socket = socket;
    if (packet.cmd === 'subscribe') {
      this.filters.push(...packet.subscriptions.map(({ topic }) => topic));
      socket.write(
        generate({
          cmd: 'suback',
          messageId: packet.messageId ?? 0,
          granted: packet.subscriptions.map(() => 1),
        }),
      );
      return true;
    }
    if (packet.cmd === 'puback') this.acknowledged.push(packet.messageId ?? 0);
    if (packet.cmd !== 'publish' || !packet.topic.startsWith('$iothub/')) return false;
    this.#published(packet.topic, packet.payload.toString());
    return true;
  }

  /** Changes the desired properties and, told: says so. */
  desire(patch: Record<string, unknown>, told = true): void {
    const $version = Number(this.desired.$version) + 1;
    this.desired = { ...this.desired, ...patch, $version };
    if (told)
      this.send(`$iothub/twin/PATCH/properties/desired/?$version=${$version}`, { ...patch, $version });
  }

  call(name: string, payload: unknown = null): void {
    this.#request++;
    this.send(`$iothub/methods/POST/${name}/?$rid=${this.#request}`, payload);
  }

  send(topic: string, payload: unknown, messageId?: number): void {
    this.#socket?.write(
      generate({
        cmd: 'publish',
        topic,
        payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
        qos: messageId === undefined ? 0 : 1,
        dup: false,
        retain: false,
        ...(messageId === undefined ? {} : { messageId }),
      }),
    );
  }

  #published(topic: string, text: string): void {
    const request = /\$rid=([^&]+)/.exec(topic)?.[1];
    const [, answered] = /^\$iothub\/methods\/res\/(\d+)\//.exec(topic) ?? [];
    if (answered !== undefined) {
      this.answers.push({ status: Number(answered), payload: JSON.parse(text) as Record<string, unknown> });
    } else if (topic.startsWith('$iothub/twin/GET/')) {
      this.gets++;
      this.beforeGet();
      this.send(`$iothub/twin/res/${this.status ?? 200}/?$rid=${request}`, {
        desired: this.desired,
        reported: {},
      });
    } else {
      this.reported.push(JSON.parse(text) as Record<string, unknown>);
      this.send(`$iothub/twin/res/${this.status ?? 204}/?$rid=${request}&$version=2`, '');
    }
  }
}
