// Whether a CONNECT is let in, and why not. Everything IoT Hub checks, in the order in which it can be said.

import type { IConnectPacket } from 'mqtt-packet';
import { type Identity, parseClientIdentity } from './client-identity.ts';
import { newKey } from './device-key.ts';
import { bounded, type Refusal } from './hub-events.ts';
import type { Properties } from './property-bag.ts';
import { judgeWill } from './publish.ts';
import type { Device } from './registry.ts';
import { isSignedWith, parseSasToken, tokenResource } from './sas-token.ts';

export interface Will {
  readonly properties: Properties;
  readonly body: Uint8Array;
}

export interface Admission {
  readonly identity: Identity;
  readonly apiVersion: string;
  readonly key: 'primary' | 'secondary';
  /** The key itself: the connection ends when it is no longer the device's. */
  readonly keyText: string;
  readonly tokenExpiresMs: number;
  /** 0: none asked for. */
  readonly keepaliveSeconds: number;
  readonly will: Will | undefined;
}

export interface RefusedConnect {
  readonly refusal: Refusal;
  /** For the hub's log; never sent. */
  readonly detail: string;
  /** As claimed. */
  readonly identity: Identity;
}

export interface DoorKeeper {
  /** Whether the hub goes by this name. */
  isHostName(name: string): boolean;
  /** Throws when the registry cannot be read. */
  device(deviceId: string): Device | undefined;
  readonly nowMs: number;
  readonly maxMessageBytes: number;
}

const MQTT_3_1_1 = 4;

/** Signatures of devices that are not registered are checked against this: the answer takes as long. */
const NOBODYS_KEY = newKey();

export function judgeConnect(packet: IConnectPacket, hub: DoorKeeper): Admission | RefusedConnect {
  const claimed = { deviceId: bounded(packet.clientId ?? '') };
  const refuse = (refusal: Refusal, detail = '', identity: Identity = claimed): RefusedConnect => ({
    refusal,
    detail,
    identity,
  });

  if (packet.protocolVersion !== MQTT_3_1_1) {
    return refuse('unsupported_protocol', `MQTT protocol level ${packet.protocolVersion}`);
  }
  const userName = packet.username ?? '';
  const client = parseClientIdentity(packet.clientId ?? '', userName);
  if (!client) return refuse('bad_client', `user name ${bounded(userName)}`);
  const { hostName, apiVersion, ...identity } = client;
  if (!hub.isHostName(hostName)) {
    return refuse('wrong_host', `the user name is for ${bounded(hostName)}`, identity);
  }

  const password = packet.password?.toString() ?? '';
  if (password === '') return refuse('no_token', '', identity);
  const token = parseSasToken(password);
  const resource = token && tokenResource(token.resource, identity);
  if (!token || !resource) return refuse('malformed_token', '', identity);
  if (!hub.isHostName(resource.hostName)) {
    return refuse('wrong_host', `the token is for ${bounded(resource.hostName)}`, identity);
  }
  if (!resource.isIdentity)
    return refuse('other_device', `the token is for ${bounded(token.resource)}`, identity);
  if (token.policy !== undefined) return refuse('policy_token', `skn=${bounded(token.policy)}`, identity);

  const device = lookUp(identity.deviceId, hub);
  if (device === 'unavailable') return refuse('unavailable', '', identity);
  const isPrimary = isSignedWith(token, device?.primaryKey ?? NOBODYS_KEY);
  const isSecondary = isSignedWith(token, device?.secondaryKey ?? NOBODYS_KEY);
  if (!device) return refuse('unknown_device', '', identity);
  if (identity.moduleId !== undefined) return refuse('unknown_module', '', identity);
  if (!isPrimary && !isSecondary) return refuse('bad_signature', '', identity);
  if (token.expiresMs <= hub.nowMs) return refuse('expired', lateness(token.expiresMs, hub.nowMs), identity);
  if (!device.isEnabled) return refuse('disabled', '', identity);

  const will = packet.will && judgeWill(requestOf(packet.will), identity, hub.maxMessageBytes);
  if (packet.will && !will) return refuse('bad_will', bounded(packet.will.topic), identity);
  return {
    identity,
    apiVersion,
    key: isPrimary ? 'primary' : 'secondary',
    keyText: isPrimary ? device.primaryKey : device.secondaryKey,
    tokenExpiresMs: token.expiresMs,
    keepaliveSeconds: packet.keepalive ?? 0,
    will,
  };
}

function lookUp(deviceId: string, hub: DoorKeeper): Device | undefined | 'unavailable' {
  try {
    return hub.device(deviceId);
  } catch {
    return 'unavailable';
  }
}

function requestOf(will: NonNullable<IConnectPacket['will']>) {
  const { topic, payload, retain = false } = will;
  return { topic, payload: typeof payload === 'string' ? Buffer.from(payload) : payload, retain };
}

/** A clock that is wrong shows here: by how much, and on which side. */
function lateness(expiresMs: number, nowMs: number): string {
  const seconds = Math.round((nowMs - expiresMs) / 1000);
  const at = (ms: number) => new Date(ms).toISOString();
  return `expired ${seconds} s ago: valid until ${at(expiresMs)}, the hub's clock says ${at(nowMs)}`;
}
