// Why the provisioning service gives a device no hub, and what a person can do about it.

import { WardletError } from '../../bindings/js/errors.ts';
import { type Attempt, hubFailure } from './hub-failure.ts';

/** CONNACK: the server is not there for now. */
const UNAVAILABLE = 3;
/** CONNACK: the first code that is about who asks. */
const BAD_CREDENTIAL = 4;
/** Characters of the service's own words that are repeated. */
const WORDS_MAX = 200;

/** There was no connection to the service, or it was lost before the answer. */
export function serviceFailure(error: unknown, attempt: Attempt, idScope: string): WardletError {
  const { identity, nowMs } = attempt;
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  if (typeof code !== 'number' || code < UNAVAILABLE) return hubFailure(error, attempt);
  if (code < BAD_CREDENTIAL) return busy(`${identity.host} is not available now`);
  return new WardletError(
    'WL_NOT_PROVISIONED',
    `${identity.host} refuses ${identity.deviceId}: not authorised (${code})`,
    {
      hint:
        `one of these is wrong: the id scope ${idScope}; the enrolment, or it is disabled; the key or certificate; ` +
        `this device's clock, which reads ${clockText(nowMs)}; the log of the service knows which`,
    },
  );
}

/** It has heard the device and says no. */
export function notAssigned(host: string, status: number, body: unknown): WardletError {
  const { words, substatus } = wordsOf(body);
  const [fault, hint] = reasonOf(status, substatus);
  const said = words === '' ? '' : `: ${words}`;
  return new WardletError('WL_NOT_PROVISIONED', `${host} ${fault} (${status})${said}`, { hint });
}

/** Nothing is wrong with the device: another time. */
export function busy(fault: string): WardletError {
  return new WardletError('WL_UNREACHABLE', fault, {
    hint: 'the agent tries again by itself; look at state and limits of the provisioning service',
  });
}

/** Said beside what the hub says, where it will have no more of the device. */
export function assignmentDropped(hub: string, deviceId: string, attempts: number): WardletError {
  return new WardletError(
    'WL_REFUSED',
    `the assignment of ${deviceId} to ${hub} is dropped: ${attempts} attempts in a row failed`,
    { hint: 'the agent asks the provisioning service again; see whether the device is there and enabled' },
  );
}

function reasonOf(status: number, substatus: string): readonly [fault: string, hint: string] {
  if (status === 409) {
    return [
      'registers no second device of that name',
      'a device of this id came another way: remove it at the hub, or give the enrolment another device id',
    ];
  }
  if (status === 401 || status === 403) {
    return [
      'refuses the device',
      'see whether its enrolment is there and enabled, and has this key or certificate',
    ];
  }
  if (status === 400) return ['does not understand the request', 'see registration id and id scope'];
  if (substatus === 'disabled') return ['says that the device is disabled', 'enable its enrolment'];
  return ['assigns no hub', 'see the enrolment: is a hub linked to the service, and allowed for it?'];
}

function wordsOf(body: unknown): { words: string; substatus: string } {
  const text = (value: unknown) => (typeof value === 'string' ? printable(value) : '');
  const field = (of: unknown, name: string): unknown =>
    typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
  const state = field(body, 'registrationState');
  return {
    words: text(field(body, 'message')) || text(field(state, 'errorMessage')),
    substatus: text(field(body, 'status')) || text(field(state, 'status')),
  };
}

/** One line without anything that moves a cursor. */
function printable(value: string): string {
  return value
    .slice(0, WORDS_MAX)
    .replace(/[^\x20-\x7e\u00a0-\uffff]+/g, ' ')
    .trim();
}

function clockText(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms since 1970`;
}
