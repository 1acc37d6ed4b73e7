// Whether a CONNECT to provisioning is let in, by which enrolment, and why not.

import type { X509Certificate } from 'node:crypto';
import type { IConnectPacket } from 'mqtt-packet';
import { commonNameOf } from './certificate-chain.ts';
import type { Admission, RefusedConnect } from './connect.ts';
import type { Credential } from './credential.ts';
import { derivedKey } from './derived-key.ts';
import type { Desk } from './desk.ts';
import { isDeviceId } from './device-id.ts';
import { newKey } from './device-key.ts';
import type { Enrolment, Enrolments } from './enrolments.ts';
import { bounded, type Refusal } from './hub-events.ts';
import {
  type CertificateJudge,
  judgeIssued,
  judgeThumbprint,
  type RefusedCredential,
} from './judge-certificate.ts';
import { percentDecoded } from './property-bag.ts';
import type { Applicant } from './registrar.ts';
import { isSignedWith, parseSasToken } from './sas-token.ts';
import { thumbprintOf } from './thumbprint.ts';

export interface ProvisioningDoorKeeper extends CertificateJudge {
  readonly enrolments: Enrolments;
  presented(): readonly X509Certificate[];
  desk(applicant: Applicant): Desk;
}

interface Claim {
  readonly idScope: string;
  readonly registrationId: string;
  readonly apiVersion: string;
}

type Proof = { readonly credential: Credential; readonly enrolment: Enrolment; readonly thumbprint?: string };

const MQTT_3_1_1 = 4;
const POLICY = 'registration';
const NOBODYS_KEY = newKey();

/** A user name of provisioning begins with an id scope, where a device's begins with the hub's name. */
export function isForProvisioning({ username = '' }: IConnectPacket, isHostName: (name: string) => boolean) {
  const [first = '', second] = username.split('/');
  return second === 'registrations' && !isHostName(first);
}

export function judgeRegistration(
  packet: IConnectPacket,
  hub: ProvisioningDoorKeeper,
): Admission | RefusedConnect {
  const identity = { deviceId: bounded(packet.clientId ?? '') };
  const refuse = (refusal: Refusal, detail = ''): RefusedConnect => ({ refusal, detail, identity });
  if (packet.protocolVersion !== MQTT_3_1_1) {
    return refuse('unsupported_protocol', `MQTT protocol level ${packet.protocolVersion}`);
  }
  const claim = parseClaim(packet);
  if (!claim) return refuse('bad_client', `user name ${bounded(packet.username ?? '')}`);
  const { registrationId, apiVersion } = claim;
  const { idScope } = hub.enrolments;
  if (claim.idScope !== idScope) return refuse('wrong_scope', `the user name has ${bounded(claim.idScope)}`);
  if (packet.will) return refuse('bad_will', bounded(packet.will.topic));

  const password = packet.password?.toString() ?? '';
  let proof: Proof | RefusedCredential;
  try {
    proof =
      password === ''
        ? byCertificate(registrationId, hub)
        : byToken(password, registrationId, hub.enrolments, hub.nowMs);
  } catch {
    return refuse('unavailable');
  }
  if ('refusal' in proof) return { ...proof, identity };
  const { enrolment, thumbprint, credential } = proof;
  if (!enrolment.isEnabled) return refuse('disabled', `enrolment ${enrolment.id}`);
  const applicant = {
    registrationId,
    enrolment: enrolment.id,
    isGroup: enrolment.isGroup,
    ...(thumbprint === undefined ? {} : { thumbprint }),
  };
  return {
    identity,
    apiVersion,
    credential,
    keepaliveSeconds: packet.keepalive ?? 0,
    will: undefined,
    desk: hub.desk(applicant),
  };
}

/** ClientId `{id}`, user name `{scope}/registrations/{id}/api-version=2019-03-31&...`. */
function parseClaim({ clientId = '', username = '' }: IConnectPacket): Claim | undefined {
  const [idScope = '', , named = '', ...rest] = username.split('/');
  const [, apiVersion] = /^\??(?:.*&)?api-version=([\d-]+)/.exec(rest.join('/')) ?? [];
  const isNamed = named === clientId || percentDecoded(named) === clientId;
  if (!isNamed || !isDeviceId(clientId) || apiVersion === undefined) return undefined;
  return { idScope, registrationId: clientId, apiVersion };
}

function byToken(
  password: string,
  registrationId: string,
  enrolments: Enrolments,
  nowMs: number,
): Proof | RefusedCredential {
  const token = parseSasToken(password);
  if (!token) return refused('malformed_token');
  const [idScope, second, named, ...rest] = (percentDecoded(token.resource) ?? '').split('/');
  if (second !== 'registrations' || named === undefined || rest.length > 0) return refused('malformed_token');
  if (idScope !== enrolments.idScope)
    return refused('wrong_scope', `the token is for ${bounded(token.resource)}`);
  if (named !== registrationId && percentDecoded(named) !== registrationId) {
    return refused('other_device', `the token is for ${bounded(token.resource)}`);
  }
  if (token.policy !== undefined && token.policy !== POLICY) {
    return refused('policy_token', `skn=${bounded(token.policy)}`);
  }

  const individual = enrolments.get(registrationId, false);
  if (individual && individual.authentication !== 'sas') return refused('wrong_authentication');
  const candidates = individual ? [individual] : enrolments.groups('sas');
  // As long as for one that is there.
  if (candidates.length === 0) isSignedWith(token, NOBODYS_KEY);
  for (const enrolment of candidates) {
    for (const key of ['primary', 'secondary'] as const) {
      const own = key === 'primary' ? enrolment.primaryKey : enrolment.secondaryKey;
      const keyText = enrolment.isGroup ? derivedKey(own, registrationId) : own;
      if (!isSignedWith(token, keyText)) continue;
      if (token.expiresMs <= nowMs) {
        return refused('expired', `valid until ${new Date(token.expiresMs).toISOString()}`);
      }
      return { credential: { kind: 'sas', key, keyText, expiresMs: token.expiresMs }, enrolment };
    }
  }
  return refused(candidates.length === 0 ? 'not_enrolled' : 'bad_signature');
}

function byCertificate(registrationId: string, hub: ProvisioningDoorKeeper): Proof | RefusedCredential {
  const [leaf, ...rest] = hub.presented();
  if (!leaf) return refused('no_token');
  const commonName = commonNameOf(leaf);
  if (commonName !== registrationId) {
    return refused(
      'other_name',
      commonName === undefined ? 'no common name' : `it is of ${bounded(commonName)}`,
    );
  }
  const thumbprint = thumbprintOf(leaf);
  const individual = hub.enrolments.get(registrationId, false);
  if (individual) {
    if (individual.authentication === 'sas') return refused('wrong_authentication');
    const credential = judgeThumbprint(leaf, individual, hub.nowMs);
    return 'refusal' in credential ? credential : { credential, enrolment: individual, thumbprint };
  }
  const groups = hub.enrolments.groups('ca');
  const authorities = () =>
    hub.authorities().filter(({ name }) => groups.some(({ authority }) => authority === name));
  const chain = judgeIssued(leaf, rest, { nowMs: hub.nowMs, authorities });
  if ('refusal' in chain) return chain;
  const enrolment = groups.find(({ authority }) => authority === chain.authority.name);
  if (!enrolment) return refused('not_enrolled');
  const credential: Credential = {
    kind: 'ca',
    authority: chain.authority,
    expiresMs: Date.parse(leaf.validTo),
  };
  return { credential, enrolment, thumbprint };
}

function refused(refusal: Refusal, detail = ''): RefusedCredential {
  return { refusal, detail };
}
