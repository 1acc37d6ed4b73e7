// Why there is no connection: from error codes of sockets, TLS and MQTT to what a person can do about it.

import { WardletError } from '../../bindings/js/errors.ts';
import { clientId, type DeviceIdentity } from './device-identity.ts';

export interface Attempt {
  readonly identity: DeviceIdentity;
  /** This device's clock, ms since 1970. */
  readonly nowMs: number;
}

/** CONNACK return codes of MQTT 3.1.1. */
const BAD_PROTOCOL = 1;
const BAD_CLIENT_ID = 2;
const UNAVAILABLE = 3;

const NETWORK: Readonly<Record<string, readonly [fault: string, hint: string]>> = {
  ECONNREFUSED: ['nothing listens there', 'is the hub running, and is this its port?'],
  ENOTFOUND: ['there is no such host', 'check the host name, and that this device can look names up'],
  EAI_AGAIN: ['the name cannot be looked up now', "check this device's network and its name server"],
  ETIMEDOUT: ['it does not answer', 'check the network, and that firewalls let the port pass'],
  EHOSTUNREACH: ['there is no way to it', "check this device's network"],
  ENETUNREACH: ['this device has no network', "check this device's network"],
  ECONNRESET: ['it closes the connection', 'is it an MQTT hub with TLS that listens there?'],
  EPIPE: ['it closes the connection', 'is it an MQTT hub with TLS that listens there?'],
};

const UNTRUSTED: ReadonlySet<string> = new Set([
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** error: of the socket, of TLS or of the MQTT client; undefined where the connection just closed. */
export function hubFailure(error: unknown, attempt: Attempt): WardletError {
  const { identity, nowMs } = attempt;
  const { code, message } = plain(error);
  const place = `${identity.host}:${identity.port}`;
  const cause = error === undefined ? undefined : new Error(message);
  const fail = (name: 'WL_UNREACHABLE' | 'WL_UNTRUSTED_HUB' | 'WL_WRONG_HOST', fault: string, hint: string) =>
    new WardletError(name, fault, { hint, cause });

  if (typeof code === 'number') return refusal(code, attempt);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return fail(
      'WL_WRONG_HOST',
      `the certificate of ${place} is not for the name ${identity.host}${listedNames(message)}`,
      `connect by a name the certificate lists, or let the hub make one for this name: wardlet hub --host-name ${identity.host}`,
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const state = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet';
    return fail(
      'WL_UNTRUSTED_HUB',
      `the certificate of ${place} ${state}; this device's clock reads ${clockText(nowMs)}`,
      "set this device's clock if it is wrong; otherwise the hub needs a new certificate",
    );
  }
  if (code !== undefined && UNTRUSTED.has(code)) {
    return fail(
      'WL_UNTRUSTED_HUB',
      `the certificate of ${place} is of no authority this device trusts`,
      "give the hub's own authority: the option ca, or --ca FILE; every `wardlet hub` has its own, ca.pem in its data folder",
    );
  }
  if (
    code !== undefined &&
    (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_'))
  ) {
    return fail(
      'WL_UNREACHABLE',
      `${place} speaks no TLS 1.2 or later`,
      'is it an MQTT hub that listens there?',
    );
  }
  if (message.includes('connack timeout')) {
    return fail('WL_UNREACHABLE', `${place} does not answer`, NETWORK.ETIMEDOUT?.[1] ?? '');
  }
  const [fault, hint] = (code === undefined ? undefined : NETWORK[code]) ?? [
    error === undefined ? 'it closes the connection' : `the attempt failed (${code ?? message})`,
    'is it an MQTT hub with TLS that listens there?',
  ];
  return fail('WL_UNREACHABLE', `no connection to ${place}: ${fault}`, hint);
}

/** A connection that stood was lost. */
export function lostConnection(error: unknown, { identity }: Attempt): WardletError {
  const { code, message } = plain(error);
  const why = message.includes('Keepalive') ? 'it stopped answering' : (code ?? 'it was closed');
  return new WardletError(
    'WL_DISCONNECTED',
    `the connection to ${identity.host}:${identity.port} was lost: ${why}`,
    {
      hint: 'the agent connects again by itself; what was not acknowledged is sent again',
      cause: error === undefined ? undefined : new Error(message),
    },
  );
}

/** Connections are made and lost within seconds, again and again. */
export function takenOver(times: number, { identity }: Attempt): WardletError {
  return new WardletError(
    'WL_TAKEN_OVER',
    `${times} connections in a row to ${identity.host}:${identity.port} were lost within seconds: another one as ${clientId(identity)} takes over, or the hub throws it out`,
    {
      hint: 'give every device an identity of its own; see the log of the hub. The agent waits longer before it connects again',
    },
  );
}

/** A CONNACK other than 0. IoT Hub says 4 or 5 whatever is wrong with the identity. */
function refusal(code: number, { identity, nowMs }: Attempt): WardletError {
  const who = `${identity.hostName} refuses ${clientId(identity)}`;
  switch (code) {
    case BAD_PROTOCOL:
      return new WardletError('WL_REFUSED', `${who}: it does not speak MQTT 3.1.1`, {
        hint: 'is it an IoT Hub that listens there?',
      });
    case BAD_CLIENT_ID:
      return new WardletError('WL_REFUSED', `${who}: it does not take the device id`, {
        hint: 'check DeviceId and ModuleId in the connection string',
      });
    case UNAVAILABLE:
      return new WardletError('WL_REFUSED', `${who}: it is not available now`, {
        hint: 'the agent tries again by itself; look at the state and the limits of the hub',
      });
    default:
      return new WardletError('WL_REFUSED', `${who}: not authorised (${code})`, {
        hint:
          'one of these is wrong: the key or certificate; the device id, or the device is disabled; the host name; ' +
          `this device's clock, which reads ${clockText(nowMs)}; the hub knows which: \`wardlet hub\` prints it`,
      });
  }
}

/** Node's own words: `is not in the cert's altnames: DNS:localhost, IP Address:127.0.0.1`, for addresses `list: 127.0.0.1`. */
function listedNames(message: string): string {
  const [, list = ''] = /not in the cert's (?:altnames|list): (.{1,300})/.exec(message) ?? [];
  const names = list.replace(/(DNS|IP Address):/g, '');
  return names === '' ? '' : `, but for ${names}`;
}

function clockText(ms: number): string {
  // Dates end in the year 275760.
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms since 1970`;
}

/** Nothing else of an error is kept: those of TLS carry whole certificates. */
function plain(error: unknown): { code: string | number | undefined; message: string } {
  if (typeof error !== 'object' || error === null) return { code: undefined, message: String(error) };
  const { code, message } = error as { code?: unknown; message?: unknown };
  return {
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    message: typeof message === 'string' ? message : '',
  };
}
