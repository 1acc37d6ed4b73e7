// Whether a CONNECT is let in, and why not. Everything IoT Hub checks, in the order in which it can be said.

import type { X509Certificate } from 'node:crypto';
import type { IConnectPacket } from 'mqtt-packet';
import { type Identity, parseClientIdentity } from './client-identity.ts';
import type { Credential } from './credential.ts';
import type { Desk } from './desk.ts';
import { newKey } from './device-key.ts';
import { bounded, type Refusal } from './hub-events.ts';
import { type CertificateJudge, judgeCertificate, type RefusedCredential } from './judge-certificate.ts';
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
  readonly credential: Credential;
  /** 0: none asked for. */
  readonly keepaliveSeconds: number;
  readonly will: Will | undefined;
  /** Serves the connection, which is no device's: it wants to become one. */
  readonly desk?: Desk;
}

export interface RefusedConnect {
  readonly refusal: Refusal;
  /** For the hub's log; never sent. */
  readonly detail: string;
  /** As claimed. */
  readonly identity: Identity;
}

export interface DoorKeeper extends CertificateJudge {
  /** Whether the hub goes by this name. */
  isHostName(name: string): boolean;
  /** Throws when the registry cannot be read. */
  device(deviceId: string): Device | undefined;
  /** A device, or a module as the device that it stands for here. */
  identity(identity: Identity): Device | undefined;
  /** What the client presented in TLS, its own first. */
  presented(): readonly X509Certificate[];
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
  const credential = password === '' ? withCertificate(identity, hub) : withToken(password, identity, hub);
  if ('refusal' in credential) return { ...credential, identity };

  const will = packet.will && judgeWill(requestOf(packet.will), identity, hub.maxMessageBytes);
  if (packet.will && !will) return refuse('bad_will', bounded(packet.will.topic), identity);
  return {
    identity,
    apiVersion,
    credential,
    keepaliveSeconds: packet.keepalive ?? 0,
    will,
  };
}

function withToken(password: string, identity: Identity, hub: DoorKeeper): Credential | RefusedCredential {
  const token = parseSasToken(password);
  const resource = token && tokenResource(token.resource, identity);
  if (!token || !resource) return { refusal: 'malformed_token', detail: '' };
  if (!hub.isHostName(resource.hostName)) {
    return { refusal: 'wrong_host', detail: `the token is for ${bounded(resource.hostName)}` };
  }
  if (!resource.isIdentity) {
    return { refusal: 'other_device', detail: `the token is for ${bounded(token.resource)}` };
  }
  if (token.policy !== undefined) return { refusal: 'policy_token', detail: `skn=${bounded(token.policy)}` };

  const { device, holder } = registeredAs(identity, hub);
  if (holder === 'unavailable') return { refusal: 'unavailable', detail: '' };
  const isPrimary = isSignedWith(token, holder?.primaryKey ?? NOBODYS_KEY);
  const isSecondary = isSignedWith(token, holder?.secondaryKey ?? NOBODYS_KEY);
  if (!device) return { refusal: 'unknown_device', detail: '' };
  if (!holder) return { refusal: 'unknown_module', detail: '' };
  if (holder.authentication !== 'sas') {
    return {
      refusal: 'wrong_authentication',
      detail: 'a token, and the device is registered with a certificate',
    };
  }
  if (!isPrimary && !isSecondary) return { refusal: 'bad_signature', detail: '' };
  if (token.expiresMs <= hub.nowMs) {
    return { refusal: 'expired', detail: lateness(token.expiresMs, hub.nowMs) };
  }
  if (!holder.isEnabled) return { refusal: 'disabled', detail: '' };
  return {
    kind: 'sas',
    key: isPrimary ? 'primary' : 'secondary',
    keyText: isPrimary ? holder.primaryKey : holder.secondaryKey,
    expiresMs: token.expiresMs,
  };
}

function withCertificate(identity: Identity, hub: DoorKeeper): Credential | RefusedCredential {
  const chain = hub.presented();
  if (chain.length === 0) return { refusal: 'no_token', detail: '' };
  const { device, holder } = registeredAs(identity, hub);
  if (holder === 'unavailable') return { refusal: 'unavailable', detail: '' };
  if (!device) return { refusal: 'unknown_device', detail: '' };
  if (!holder) return { refusal: 'unknown_module', detail: '' };
  const credential = judgeCertificate(chain, holder, hub);
  if (!('refusal' in credential) && !holder.isEnabled) return { refusal: 'disabled', detail: '' };
  return credential;
}

/** The device, and who is to prove itself: the same, or its module. */
function registeredAs(
  identity: Identity,
  hub: DoorKeeper,
): { readonly device?: Device | undefined; readonly holder: Device | undefined | 'unavailable' } {
  try {
    const device = hub.device(identity.deviceId);
    return { device, holder: device && hub.identity(identity) };
  } catch {
    return { holder: 'unavailable' };
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
