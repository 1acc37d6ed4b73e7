// Messages for devices: `hub.cloudToDevice`. They wait in hub.db until the device acknowledges them, they expire, or they have been
// delivered too often. Each connection is sent each message once; what it has not acknowledged is sent again on the next one.

import { randomUUID } from 'node:crypto';
import { WardletError } from '../../bindings/js/errors.ts';
import { cloudToDeviceTopic, faultOfMessage, MAX_MESSAGE_BYTES } from './cloud-to-device-message.ts';
import { type HubDatabase, inTransaction } from './database.ts';
import type { Acknowledgement, DeviceHappening, MessageRejection } from './device-happenings.ts';
import type { DeviceLine } from './device-line.ts';
import { bounded } from './hub-events.ts';
import { noSuchDevice } from './modules.ts';
import { type Properties, propertyBytes } from './property-bag.ts';
import type { Device } from './registry.ts';

export interface CloudToDeviceMessage {
  readonly body: string | Uint8Array;
  readonly properties?: Readonly<Record<string, string>>;
  /** Default: a random UUID. */
  readonly messageId?: string;
  readonly correlationId?: string;
  readonly userId?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  /** ms since 1970, at most 48 h from now. Default: in 1 h. */
  readonly expiresMs?: number;
  /** Which outcomes are told as feedback (`feedbackOf` of the hub's events). Default: none. */
  readonly ack?: Acknowledgement;
}

export interface PendingMessage {
  readonly messageId: string;
  readonly enqueuedMs: number;
  readonly expiresMs: number;
  readonly deliveries: number;
}

export interface CloudToDeviceHost {
  readonly limits: { readonly maxPendingMessages: number; readonly maxDeliveries: number };
  device(deviceId: string): Device | undefined;
  lineOf(deviceId: string): DeviceLine | undefined;
  record(happening: DeviceHappening): void;
  now(): number;
}

interface Row extends PendingMessage {
  readonly id: number;
  readonly deviceId: string;
  readonly packetId: number;
  readonly ack: Acknowledgement;
  /** JSON. */
  readonly properties: string;
  readonly body: ArrayBuffer;
}

/** What one connection has been sent. */
interface Flight {
  readonly line: DeviceLine;
  lastId: number;
  /** By packet id. */
  readonly unacknowledged: Map<number, number>;
}

const HOUR_MS = 3_600_000;
/** On one connection at once: what a device can be made to hold. */
const WINDOW = 8;
const MAX_UNREAD_BYTES = 256 * 1024;
const EXPIRED_AT_ONCE = 1_000;

export class CloudToDevice {
  readonly #database: HubDatabase;
  readonly #host: CloudToDeviceHost;
  readonly #flights = new Map<string, Flight>();
  /** Devices that are looked at again with the next sweep. */
  readonly #held = new Set<string>();
  readonly #next;
  readonly #expired;
  #lastPacketId = Math.floor(Math.random() * 65_535);

  constructor(database: HubDatabase, host: CloudToDeviceHost) {
    this.#database = database;
    this.#host = host;
    this.#next = database.prepare<[string, number, number]>(
      'SELECT * FROM cloudToDevice WHERE deviceId = ? AND id > ? ORDER BY id LIMIT ?',
    );
    this.#expired = database.prepare<[number]>(
      `SELECT * FROM cloudToDevice WHERE expiresMs <= ? ORDER BY expiresMs LIMIT ${EXPIRED_AT_ONCE}`,
    );
  }

  /**
   * Queues a message, durably; returns its id. A device that is connected gets it at once.
   * Throws WL_NO_SUCH_DEVICE, WL_BAD_OPTION, WL_TOO_LARGE, WL_QUEUE_FULL.
   */
  send(deviceId: string, message: CloudToDeviceMessage): string {
    const { messageId = randomUUID(), ack = 'none' } = message;
    const now = this.#host.now();
    const expiresMs = message.expiresMs ?? now + HOUR_MS;
    if (!this.#host.device(deviceId)) {
      throw this.#rejected(deviceId, 'unknown_device', noSuchDevice(deviceId));
    }
    const fault = faultOfMessage({ ...message, messageId, ack, expiresMs }, now);
    if (fault !== undefined) {
      const error = new WardletError('WL_BAD_OPTION', fault, { hint: 'docs/hub.md has the rules' });
      throw this.#rejected(deviceId, 'bad_message', error);
    }
    const body = typeof message.body === 'string' ? Buffer.from(message.body) : message.body;
    const properties = propertiesOf({ ...message, messageId, ack, expiresMs }, deviceId);
    const bytes = body.length + propertyBytes(properties);
    if (bytes > MAX_MESSAGE_BYTES || Buffer.byteLength(cloudToDeviceTopic(deviceId, properties)) > 65_535) {
      const error = new WardletError(
        'WL_TOO_LARGE',
        `a message of ${bytes} bytes, at most ${MAX_MESSAGE_BYTES}`,
        { hint: 'body and properties count, the latter percent-encoded at most 64 KB' },
      );
      throw this.#rejected(deviceId, 'too_large', error);
    }
    this.expire();
    inTransaction(this.#database, () => {
      const used = this.#packetIds(deviceId);
      if (used.size >= this.#host.limits.maxPendingMessages) {
        const error = new WardletError('WL_QUEUE_FULL', `${used.size} messages wait for ${deviceId}`, {
          hint: 'wait until the device has taken some, or purge the queue',
        });
        throw this.#rejected(deviceId, 'queue_full', error);
      }
      this.#database
        .prepare(
          `INSERT INTO cloudToDevice (deviceId, packetId, messageId, enqueuedMs, expiresMs, deliveries, ack, properties, body)
           VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?)`,
        )
        .run(
          deviceId,
          this.#packetId(used),
          messageId,
          now,
          expiresMs,
          ack,
          JSON.stringify(properties),
          body,
        );
    });
    this.#host.record({ kind: 'cloud_to_device_sent', messageId, bytes, deviceId });
    this.deliver(deviceId);
    return messageId;
  }

  /** What waits for a device, the oldest first; unacknowledged deliveries are among it. */
  pending(deviceId: string): PendingMessage[] {
    return this.#rows(deviceId).map(({ messageId, enqueuedMs, expiresMs, deliveries }) => ({
      messageId,
      enqueuedMs,
      expiresMs,
      deliveries,
    }));
  }

  /** Gives up everything that waits for a device; returns how many. Throws WL_NO_SUCH_DEVICE. */
  purge(deviceId: string): number {
    if (!this.#host.device(deviceId)) throw noSuchDevice(deviceId);
    const { changes } = this.#database.prepare('DELETE FROM cloudToDevice WHERE deviceId = ?').run(deviceId);
    this.#host.record({ kind: 'cloud_to_device_purged', count: changes, deviceId });
    return changes;
  }

  /** Sends a device that is there and subscribed what it has not been sent on this connection, a window at a time. */
  deliver(deviceId: string): void {
    const line = this.#host.lineOf(deviceId);
    const qos = line?.qosOf('devicebound');
    if (!line || qos === undefined) return;
    const flight = this.#flightOf(deviceId, line);
    this.#held.delete(deviceId);
    for (;;) {
      const room = WINDOW - flight.unacknowledged.size;
      if (room <= 0) return;
      if (line.unreadBytes > MAX_UNREAD_BYTES) {
        this.#held.add(deviceId);
        return;
      }
      let rows: readonly Row[];
      try {
        rows = this.#take(deviceId, flight, room, qos);
      } catch {
        // The messages are safe where they are.
        this.#held.add(deviceId);
        return;
      }
      if (rows.length === 0) return;
      for (const row of rows) send(row, flight, qos);
      if (qos > 0) continue;
      for (const row of rows) {
        this.#ended('cloud_to_device_completed', { ...row, deliveries: row.deliveries + 1 });
      }
    }
  }

  /** PUBACK: the message is done with. Throws when that cannot be stored. */
  acknowledged(deviceId: string, packetId: number): void {
    const flight = this.#flights.get(deviceId);
    const id = flight?.unacknowledged.get(packetId);
    if (!flight || id === undefined) return;
    const [row] = this.#next.all(deviceId, id - 1, 1) as Row[];
    // It may have expired or been purged while it was on its way.
    const waits = row?.id === id ? row : undefined;
    if (waits) this.#delete(waits);
    flight.unacknowledged.delete(packetId);
    if (waits) this.#ended('cloud_to_device_completed', waits);
    this.deliver(deviceId);
  }

  /** The connection is over: what it has not acknowledged goes out on the next one. */
  disconnected(deviceId: string, line: DeviceLine): void {
    if (this.#flights.get(deviceId)?.line === line) this.#flights.delete(deviceId);
    this.#held.delete(deviceId);
  }

  /** Called several times a second. */
  sweep(): void {
    for (const deviceId of [...this.#held]) this.deliver(deviceId);
    this.expire();
  }

  expire(): void {
    let rows: Row[];
    try {
      rows = this.#expired.all(this.#host.now()) as Row[];
      if (rows.length === 0) return;
      inTransaction(this.#database, () => {
        for (const row of rows) this.#delete(row);
      });
    } catch {
      // Found again in a moment.
      return;
    }
    for (const row of rows) this.#ended('cloud_to_device_expired', row);
  }

  /** The next messages for this connection, each counted as delivered; those delivered too often end here. */
  #take(deviceId: string, flight: Flight, room: number, qos: number): readonly Row[] {
    const { maxDeliveries } = this.#host.limits;
    const now = this.#host.now();
    const rows = this.#next.all(deviceId, flight.lastId, room) as Row[];
    const last = rows.at(-1);
    if (!last) return [];
    const given = rows.filter(({ deliveries }) => deliveries >= maxDeliveries);
    // What has expired is taken away by the next sweep.
    const sent = rows.filter(({ deliveries, expiresMs }) => deliveries < maxDeliveries && expiresMs > now);
    inTransaction(this.#database, () => {
      for (const row of given) this.#delete(row);
      for (const row of sent) {
        if (qos === 0) this.#delete(row);
        else
          this.#database
            .prepare('UPDATE cloudToDevice SET deliveries = deliveries + 1 WHERE id = ?')
            .run(row.id);
      }
    });
    flight.lastId = last.id;
    for (const row of given) this.#ended('cloud_to_device_dead_lettered', row);
    return sent.length > 0 ? sent : this.#take(deviceId, flight, room, qos);
  }

  #flightOf(deviceId: string, line: DeviceLine): Flight {
    const known = this.#flights.get(deviceId);
    if (known?.line === line) return known;
    const flight: Flight = { line, lastId: 0, unacknowledged: new Map() };
    this.#flights.set(deviceId, flight);
    return flight;
  }

  #rows(deviceId: string): Row[] {
    return this.#next.all(deviceId, 0, -1) as Row[];
  }

  #packetIds(deviceId: string): Set<number> {
    return new Set(this.#rows(deviceId).map(({ packetId }) => packetId));
  }

  /** One that no other waiting message of the device has, and none had lately. */
  #packetId(used: ReadonlySet<number>): number {
    do this.#lastPacketId = (this.#lastPacketId % 65_535) + 1;
    while (used.has(this.#lastPacketId));
    return this.#lastPacketId;
  }

  #delete({ id }: Row): void {
    this.#database.prepare('DELETE FROM cloudToDevice WHERE id = ?').run(id);
  }

  #ended(
    kind: 'cloud_to_device_completed' | 'cloud_to_device_expired' | 'cloud_to_device_dead_lettered',
    { deviceId, messageId, deliveries, ack }: Row,
  ): void {
    this.#host.record({ kind, deviceId, messageId, deliveries, ack });
  }

  #rejected(deviceId: string, reason: MessageRejection, error: WardletError): WardletError {
    this.#host.record({
      kind: 'cloud_to_device_rejected',
      reason,
      detail: bounded(error.message),
      deviceId: bounded(deviceId),
    });
    return error;
  }
}

function send(row: Row, flight: Flight, qos: number): void {
  const { id, deviceId, packetId, deliveries, properties, body } = row;
  const topic = cloudToDeviceTopic(deviceId, JSON.parse(properties) as Properties);
  if (qos === 0) {
    flight.line.push(topic, new Uint8Array(body));
    return;
  }
  flight.unacknowledged.set(packetId, id);
  flight.line.push(topic, new Uint8Array(body), { packetId, isRepeated: deliveries > 0 });
}

function propertiesOf(
  message: CloudToDeviceMessage & { readonly messageId: string; readonly expiresMs: number },
  deviceId: string,
): Properties {
  const { messageId, expiresMs, ack, correlationId, userId, contentType, contentEncoding } = message;
  const optional = (key: string, value: string | undefined) => (value === undefined ? {} : { [key]: value });
  return {
    '$.mid': messageId,
    '$.to': `/devices/${deviceId}/messages/devicebound`,
    '$.exp': new Date(expiresMs).toISOString(),
    ...optional('$.cid', correlationId),
    ...optional('$.uid', userId),
    ...optional('$.ct', contentType),
    ...optional('$.ce', contentEncoding),
    ...(ack === 'none' ? {} : optional('iothub-ack', ack)),
    ...message.properties,
  };
}
