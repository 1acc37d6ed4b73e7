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

  /** Serves a device and then calls `done`. Returns false where it is an answer that nobody waits for. */
  request(connection: Connection, identity: Identity, request: DeviceRequest, done: () => void): boolean {
    // IoT Hub answers only who has subscribed to the answers.
    const answer = (topic: string, body: string) => {
      if (connection.qosOf('twin_responses') !== undefined)
        connection.push(`$iothub/twin/res/${topic}`, body);
      done();
    };
    const { kind, rid } = request;
    switch (kind) {
      case 'twin_read':
        answer(`200/?$rid=${rid}`, this.twins.readByDevice(identity));
        return true;
      case 'twin_report':
        this.twins.reportByDevice(identity, request.payload, (made) => {
          if ('message' in made) {
            const { status, errorCode, message } = made;
            answer(`${status}/?$rid=${rid}`, JSON.stringify({ errorCode, message }));
          } else answer(`204/?$rid=${rid}&$version=${made.version}`, '');
        });
        return true;
      case 'method_response': {
        const isAwaited = this.methods.answered(identity, rid, request.status, request.payload);
        done();
        return isAwaited;
      }
    }
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
    this.twins.flush();
    this.methods.close();
  }
}
