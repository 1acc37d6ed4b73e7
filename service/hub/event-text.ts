// An event of the hub as a sentence for people. Text of devices in it is as they sent it: make it printable before it is shown.

import { identityKey } from './client-identity.ts';
import { happeningText } from './device-happenings.ts';
import { DISCONNECTIONS, type HubHappening, REFUSALS, REVOCATIONS, TERMINATIONS } from './hub-events.ts';

const PROVISIONING = {
  not_enrolled: 'its enrolment is gone or disabled',
  conflict: 'a device of that id was registered another way',
  unavailable: 'the registry could not be written',
} as const;

/** One sentence without a full stop; what a device said in it is not made printable. */
export function eventText(event: HubHappening): string {
  switch (event.kind) {
    case 'started':
      return `the hub listens on port ${event.port}${webSocket(event.webSocketPort)} as ${event.hostNames.join(', ')}${plain(event.plainPort)}`;
    case 'stopped':
      return 'the hub has stopped';
    case 'certificate_issued':
      return `new server certificate for ${event.hostNames.join(', ')}, until ${day(event.expiresMs)}`;
    case 'connected':
      return `${identityKey(event)} connected from ${event.remoteAddress} with ${proof(event)} at most`;
    case 'disconnected':
      return `${identityKey(event)} disconnected: ${DISCONNECTIONS[event.reason]}`;
    case 'refused':
      return `${identityKey(event)} refused, from ${event.remoteAddress}: ${REFUSALS[event.reason].meaning}${detail(event.detail)}`;
    case 'terminated': {
      const who =
        event.deviceId === undefined ? 'a connection' : identityKey({ ...event, deviceId: event.deviceId });
      return `${who} from ${event.remoteAddress} ended by the hub: ${TERMINATIONS[event.reason]}${detail(event.detail)}`;
    }
    case 'taken_over':
      return `${identityKey(event)} connected again from ${event.byAddress}: its connection from ${event.remoteAddress} ended`;
    case 'revoked':
      return `${identityKey(event)} ended by the hub: ${REVOCATIONS[event.reason]}`;
    case 'ignored':
      return `${identityKey(event)} published to ${event.topic}: an answer that nobody waits for`;
    case 'subscription_refused':
      return `${identityKey(event)} may not subscribe to ${event.filter}`;
    case 'certificate_added':
      return `certificate ${event.name} of ${event.subject} added: devices with certificates of it may connect, until ${day(event.expiresMs)}`;
    case 'certificate_deleted':
      return `certificate ${event.name} deleted`;
    case 'certificate_change_failed':
      return `could not ${event.change} certificate ${event.name}: ${event.reason}`;
    case 'provisioned':
      return `${identityKey(event)} registered${event.isNew ? '' : ' again'} from ${event.remoteAddress} by ${enrolment(event)}`;
    case 'provisioning_failed':
      return `${identityKey(event)} could not be registered, from ${event.remoteAddress}: ${PROVISIONING[event.reason]}${detail(event.detail)}`;
    case 'enrolment_added':
      return `${enrolment(event)} added`;
    case 'enrolment_deleted':
      return `${enrolment(event)} deleted`;
    case 'handshake_failed':
      return `no TLS with ${event.remoteAddress === '' ? 'a client' : event.remoteAddress}: ${handshakeText(event.reason)}`;
    case 'connections_dropped':
      return `${event.count} connections dropped: there are as many as the limit allows`;
    case 'throttled':
      return `${throttled(event)} held to ${event.perSecond} a second`;
    case 'messages_purged':
      return `${event.count} oldest messages removed, ${event.bytes} bytes, for their ${event.reason}`;
    case 'storage_failed':
      return `${event.count} messages could not be stored and were not acknowledged: ${event.detail}`;
    case 'storage_recovered':
      return 'messages can be stored again';
    case 'ip_filter_changed':
      return `the IP filter has ${event.count} rules now`;
    case 'ip_filter_refused':
      return `${event.count} connections from ${event.remoteAddress} refused by the IP filter, rule ${event.rule}`;
    case 'diagnostics_added':
      return `diagnostic setting ${event.name} added`;
    case 'diagnostics_edited':
      return `diagnostic setting ${event.name} edited`;
    case 'diagnostics_deleted':
      return `diagnostic setting ${event.name} deleted`;
    case 'unauthorised':
      return `unauthorised operation from ${event.remoteAddress}: ${event.method} ${event.path}`;
    case 'operation':
      return `${event.method} ${event.path} from ${event.remoteAddress}: ${event.status}`;
    case 'events_lost':
      return `${event.count} events are missing from the log`;
    default:
      return happeningText(event, identityKey(event));
  }
}

/** A client that left in the middle is most often one that was not given the hub's authority. */
function handshakeText(reason: string): string {
  const left = reason === 'ECONNRESET' || reason === 'EPIPE';
  return left ? "it left; a device that does not trust the hub's certificate does so" : reason;
}

function proof(event: Extract<HubHappening, { kind: 'connected' }>): string {
  if (event.authentication === 'sas') return `its ${event.key} key, until ${time(event.tokenExpiresMs)}`;
  const certificate =
    event.certificate === 'ca'
      ? `a certificate of ${event.authority}`
      : `its ${event.certificate} certificate`;
  return `${certificate}, until ${time(event.certificateExpiresMs)}`;
}

function throttled(event: Extract<HubHappening, { kind: 'throttled' }>): string {
  if (event.deviceId !== undefined)
    return `messages of ${identityKey({ ...event, deviceId: event.deviceId })}`;
  return event.scope === 'connections' ? 'new connections' : 'messages of all devices together';
}

function enrolment(event: { readonly enrolment: string; readonly isGroup: boolean }): string {
  return `${event.isGroup ? 'enrolment group' : 'enrolment'} ${event.enrolment}`;
}

function detail(text: string): string {
  return text === '' ? '' : ` (${text})`;
}

function plain(port: number | undefined): string {
  return port === undefined
    ? ''
    : `; WARNING: without TLS on port ${port}, tokens there travel in clear text`;
}

function webSocket(port: number | undefined): string {
  return port === undefined ? '' : `, for WebSocket on port ${port},`;
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
