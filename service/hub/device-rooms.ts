// What a device has at the hub besides telemetry: its session, twin, method calls and queue. Connections speak to it; the service
// side uses `twins`, `methods` and `cloudToDevice`.

import type { Identity } from './client-identity.ts';
import { CloudToDevice } from './cloud-to-device.ts';
import type { Connection } from './connection.ts';
import type { HubDatabase } from './database.ts';
import type { DeviceHappening } from './device-happenings.ts';
import { DirectMethods } from './direct-methods.ts';
import type { HubLimits } from './limits.ts';
import { requireRegistered } from './modules.ts';
import type { DeviceRequest } from './publish.ts';
import type { Device } from './registry.ts';
import { type Session, SessionStore } from './session-store.ts';
import { Twins } from './twins.ts';

export interface RoomsHost {
  readonly limits: HubLimits;
  /** A device, or a module as the device that it stands for. */
  registered(identity: Identity): Device | undefined;
  connectionOf(identity: Identity): Connection | undefined;
  record(happening: DeviceHappening): void;
  now(): number;
}

export class DeviceRooms {
  readonly twins: Twins;
  readonly methods: DirectMethods;
  readonly cloudToDevice: CloudToDevice;
  readonly #sessions: SessionStore;

  constructor(database: HubDatabase, host: RoomsHost) {
    this.#sessions = new SessionStore(database);
    this.twins = new Twins(database, {
      registered: (identity) => host.registered(identity),
      isConnected: (identity) => host.connectionOf(identity) !== undefined,
      desiredChanged: (identity, patch, version) => {
        const connection = host.connectionOf(identity);
        if (connection?.qosOf('desired_properties') === undefined) return;
        const body = JSON.stringify({ ...patch, $version: version });
        connection.push(`$iothub/twin/PATCH/properties/desired/?$version=${version}`, body);
      },
      record: (happening) => host.record(happening),
      now: () => host.now(),
    });
    this.methods = new DirectMethods({
      requireRegistered: (identity) => void requireRegistered(identity, host.registered),
      lineOf: (identity) => host.connectionOf(identity),
      record: (happening) => host.record(happening),
      setTimer: (action, ms) => {
        const timer = setTimeout(action, ms);
        return () => clearTimeout(timer);
      },
    });
    this.cloudToDevice = new CloudToDevice(database, {
      limits: host.limits,
      device: (deviceId) => host.registered({ deviceId }),
      lineOf: (deviceId) => host.connectionOf({ deviceId }),
      record: (happening) => host.record(happening),
      now: () => host.now(),
    });
  }

  /** Throws when it cannot be read or written. */
  openSession(identity: Identity, isClean: boolean): Session {
    return this.#sessions.open(identity, isClean);
  }

  /** Subscriptions have been restored or changed, and the device knows. Throws when they cannot be kept. */
  subscribed(session: Session): void {
    this.#sessions.save(session);
    if (session.subscriptions.has('methods')) this.methods.sendWaiting();
    if (session.identity.moduleId === undefined) this.cloudToDevice.deliver(session.identity.deviceId);
  }

  /** False: an answer that nobody waits for. */
  request(connection: Connection, identity: Identity, request: DeviceRequest): boolean {
    if (request.kind === 'method_response') {
      return this.methods.answered(identity, request.rid, request.status, request.payload);
    }
    const { topic, body } =
      request.kind === 'twin_read'
        ? { topic: `200/?$rid=${request.rid}`, body: this.twins.readByDevice(identity) }
        : this.#report(identity, request.rid, request.payload);
    // IoT Hub answers only who has subscribed to the answers.
    if (connection.qosOf('twin_responses') !== undefined) connection.push(`$iothub/twin/res/${topic}`, body);
    return true;
  }

  /** PUBACK. */
  acknowledged({ deviceId, moduleId }: Identity, packetId: number): void {
    if (moduleId === undefined) this.cloudToDevice.acknowledged(deviceId, packetId);
  }

  ended(connection: Connection): void {
    const { identity } = connection;
    if (identity && identity.moduleId === undefined) {
      this.cloudToDevice.disconnected(identity.deviceId, connection);
    }
  }

  sweep(): void {
    this.methods.sendWaiting();
    this.cloudToDevice.sweep();
  }

  close(): void {
    this.methods.close();
  }

  #report(identity: Identity, rid: string, payload: Uint8Array): { topic: string; body: string } {
    const answer = this.twins.reportByDevice(identity, payload);
    if ('version' in answer) return { topic: `204/?$rid=${rid}&$version=${answer.version}`, body: '' };
    const { status, errorCode, message } = answer;
    return { topic: `${status}/?$rid=${rid}`, body: JSON.stringify({ errorCode, message }) };
  }
}
