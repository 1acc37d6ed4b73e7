// What happens at the hub that somebody may want to know: the analysis, an operator, a test. Text from devices in it is data,
// cut to a length and otherwise as it was sent: whoever shows it makes it printable.

import type { Identity } from './client-identity.ts';
import type { DeviceHappening } from './device-happenings.ts';

/** Why CONNECT was refused. The device learns no more than the return code; docs/hub.md says what to do about each. */
export const REFUSALS = {
  unsupported_protocol: { returnCode: 1, meaning: 'not MQTT 3.1.1' },
  bad_client: { returnCode: 4, meaning: 'ClientId and user name do not agree, or are none of a device' },
  no_token: { returnCode: 4, meaning: 'neither password nor certificate' },
  malformed_token: { returnCode: 4, meaning: 'the password is no shared access signature' },
  bad_will: { returnCode: 4, meaning: "the will's topic is not the device's own telemetry" },
  wrong_host: { returnCode: 5, meaning: 'user name or token name another hub' },
  other_device: { returnCode: 5, meaning: 'the token is for another device or module' },
  policy_token: { returnCode: 5, meaning: "signed with a policy's key (skn), not the device's" },
  unknown_device: { returnCode: 5, meaning: 'the device is not registered' },
  unknown_module: { returnCode: 5, meaning: 'the module is not registered' },
  disabled: { returnCode: 5, meaning: 'the device is disabled' },
  bad_signature: { returnCode: 5, meaning: 'signed with neither key of the device' },
  expired: { returnCode: 5, meaning: 'the token has expired' },
  wrong_scope: { returnCode: 5, meaning: 'user name or token name another id scope' },
  not_enrolled: { returnCode: 5, meaning: 'no enrolment is for this registration id' },
  wrong_authentication: { returnCode: 5, meaning: 'a key where a certificate is registered, or the reverse' },
  wrong_thumbprint: { returnCode: 5, meaning: 'the certificate is none registered for the device' },
  other_name: { returnCode: 5, meaning: "the certificate's common name is not the device id" },
  unknown_ca: { returnCode: 5, meaning: 'the certificate leads to no authority of the hub' },
  certificate_expired: { returnCode: 5, meaning: 'a certificate has expired, or is not valid yet' },
  unavailable: { returnCode: 3, meaning: 'the hub could not look the device up' },
} as const;

/** Why the hub ended a connection. */
export const TERMINATIONS = {
  malformed: 'a packet that is no MQTT',
  too_large: 'a packet or message over the limit',
  protocol_violation: 'a packet that a device may not send, or not there',
  not_connect: 'the first packet was not CONNECT',
  connect_timeout: 'no CONNECT in time',
  keepalive: 'nothing heard for 1.5 times the keepalive',
  qos_2: 'PUBLISH with QoS 2',
  unknown_topic: 'PUBLISH to no topic of IoT Hub',
  foreign_topic: 'PUBLISH to the topic of another device',
  bad_properties: 'PUBLISH with properties that cannot be decoded',
  token_expired: 'the token it connected with has expired',
  certificate_expired: 'the certificate it connected with has expired',
  slow_reader: 'the device does not read what it is sent',
  storage_failed: 'a message, subscription or change could not be stored',
} as const;

/** Why a connection ended that nobody broke a rule on. */
export const DISCONNECTIONS = {
  by_device: 'the device said goodbye',
  lost: 'the line ended without a goodbye',
  hub_closing: 'the hub shut down',
} as const;

export const REVOCATIONS = {
  removed: 'the device was removed',
  disabled: 'the device was disabled',
  key_changed: 'the key it connected with is no longer its key',
  certificate_changed: 'the certificate it connected with no longer lets it in',
  authentication_changed: 'it proves itself in another way now: key, thumbprint or authority',
} as const;

export type Refusal = keyof typeof REFUSALS;
export type Termination = keyof typeof TERMINATIONS;
export type Disconnection = keyof typeof DISCONNECTIONS;
export type Revocation = keyof typeof REVOCATIONS;

interface FromDevice extends Identity {
  readonly remoteAddress: string;
}

export type HubHappening =
  | {
      readonly kind: 'started';
      readonly port: number;
      readonly webSocketPort?: number;
      /** There, tokens and messages travel in clear text. */
      readonly plainPort?: number;
      readonly hostNames: readonly string[];
    }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'certificate_issued'; readonly hostNames: readonly string[]; readonly expiresMs: number }
  | ({
      readonly kind: 'connected';
      readonly apiVersion: string;
    } & (
      | {
          readonly authentication: 'sas';
          readonly key: 'primary' | 'secondary';
          readonly tokenExpiresMs: number;
        }
      | {
          readonly authentication: 'x509';
          /** By one of the device's thumbprints, or by an authority. */
          readonly certificate: 'primary' | 'secondary' | 'ca';
          readonly authority?: string;
          readonly certificateExpiresMs: number;
        }
    ) &
      FromDevice)
  | ({ readonly kind: 'disconnected'; readonly reason: Disconnection } & FromDevice)
  /** Identity as claimed, as far as it could be read. */
  | ({ readonly kind: 'refused'; readonly reason: Refusal; readonly detail: string } & FromDevice)
  /** Without identity: before CONNECT was accepted. */
  | ({
      readonly kind: 'terminated';
      readonly reason: Termination;
      readonly detail: string;
    } & Partial<Identity> & {
        readonly remoteAddress: string;
      })
  | ({ readonly kind: 'taken_over'; readonly byAddress: string } & FromDevice)
  | ({ readonly kind: 'revoked'; readonly reason: Revocation } & FromDevice)
  /** An answer that nobody waits for; once a connection and topic. */
  | ({ readonly kind: 'ignored'; readonly topic: string } & FromDevice)
  | ({ readonly kind: 'subscription_refused'; readonly filter: string } & FromDevice)
  /** Authorities for devices; from whatever process changes them, so in the log and not always heard from a running hub. */
  | {
      readonly kind: 'certificate_added';
      readonly name: string;
      readonly subject: string;
      readonly thumbprint: string;
      readonly expiresMs: number;
    }
  | { readonly kind: 'certificate_deleted'; readonly name: string }
  | {
      readonly kind: 'certificate_change_failed';
      readonly change: 'add' | 'delete';
      readonly name: string;
      readonly reason: string;
    }
  /** A device was registered, or registered again, by provisioning. */
  | ({
      readonly kind: 'provisioned';
      readonly registrationId: string;
      readonly enrolment: string;
      readonly isGroup: boolean;
      readonly isNew: boolean;
    } & FromDevice)
  /** After CONNECT; `conflict`: a device of that id came another way. */
  | ({
      readonly kind: 'provisioning_failed';
      readonly reason: 'not_enrolled' | 'conflict' | 'unavailable';
      readonly detail: string;
    } & FromDevice)
  | {
      readonly kind: 'enrolment_added' | 'enrolment_deleted';
      readonly enrolment: string;
      readonly isGroup: boolean;
    }
  /** TLS did not come about, or the client left before CONNECT: one that does not trust the certificate does. */
  | { readonly kind: 'handshake_failed'; readonly reason: string; readonly remoteAddress: string }
  /** Closed as they came: more than the limit. At most four events a second. */
  | { readonly kind: 'connections_dropped'; readonly count: number }
  /** More than a limit a second: who it is goes on later, and nothing is lost. Once in ten seconds each. */
  | ({
      readonly kind: 'throttled';
      readonly scope: 'connections' | 'hub' | 'device';
      readonly perSecond: number;
      readonly remoteAddress?: string;
    } & Partial<Identity>)
  | {
      readonly kind: 'messages_purged';
      readonly reason: 'size' | 'age';
      readonly count: number;
      readonly bytes: number;
    }
  /** Not stored, not acknowledged, not lost: the devices send them again. */
  | { readonly kind: 'storage_failed'; readonly count: number; readonly detail: string }
  | { readonly kind: 'storage_recovered' }
  | { readonly kind: 'ip_filter_changed'; readonly count: number }
  /** Connections closed as they came, by the rule of that name; one event an address and sweep. */
  | {
      readonly kind: 'ip_filter_refused';
      readonly rule: string;
      readonly count: number;
      readonly remoteAddress: string;
    }
  | {
      readonly kind: 'diagnostics_added' | 'diagnostics_edited' | 'diagnostics_deleted';
      readonly name: string;
    }
  /** The REST side, asked without its token or with a wrong one. */
  | {
      readonly kind: 'unauthorised';
      readonly method: string;
      readonly path: string;
      readonly remoteAddress: string;
    }
  /** The REST side changed something, or was asked to and did not; reading is not told. */
  | {
      readonly kind: 'operation';
      readonly method: string;
      readonly path: string;
      readonly status: number;
      readonly remoteAddress: string;
    }
  | DeviceHappening
  /** The event log itself could not keep up or be written. */
  | { readonly kind: 'events_lost'; readonly count: number };

export type HubEvent = HubHappening & {
  /** ms since 1970 on the hub's clock. */
  readonly timeMs: number;
};

/** A stored event: ids count up and are never used twice. */
export type LoggedEvent = HubEvent & { readonly id: number };

const LONGEST_TEXT = 256;

/** Text of a device as it may go into an event. */
export function bounded(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}...`;
}
