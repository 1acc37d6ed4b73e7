// One conversation with the Device Provisioning Service: connect, register, ask until there is an answer, and say goodbye.
//
//   PUT iotdps-register -> 202 assigning, retry-after -> GET iotdps-get-operationstatus -> 200 assigned: hub and device id

import type { OwnConnection } from '../../bindings/js/configuration.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import type { Clock } from '../agent/clock.ts';
import { type Assignment, assignmentOf } from './assignment.ts';
import type { DeviceIdentity } from './device-identity.ts';
import type { DeviceKey } from './device-key.ts';
import { MqttConnection, type MqttEndpoint } from './mqtt-connection.ts';
import { busy, notAssigned, serviceFailure } from './provisioning-failure.ts';
import { sasToken } from './sas-token.ts';

export interface RegistrationOptions {
  readonly host: string;
  readonly port: number;
  readonly idScope: string;
  readonly registrationId: string;
  /** undefined: a certificate says who it is. */
  readonly key: DeviceKey | undefined;
  readonly secure: Pick<MqttEndpoint, 'protocol' | 'ca' | 'certificate' | 'privateKey'>;
  readonly connectTimeoutSeconds: number;
  readonly keepAliveSeconds: number;
  readonly clock: Clock;
  /** The TCP connection is made. */
  moved(connection: OwnConnection): void;
}

const API_VERSION = '2019-03-31';
const POLICY = 'registration';
const ANSWERS = '$dps/registrations/res/';
const ANSWER = /^\$dps\/registrations\/res\/(\d{3})\/\?(.*)$/;
const REGISTER = '$dps/registrations/PUT/iotdps-register/?$rid=';
const STATUS = '$dps/registrations/GET/iotdps-get-operationstatus/?$rid=';
/** A token for one conversation. */
const TOKEN_SECONDS = 3_600;
/** What it takes longer is given up, and begun anew later. */
const WHOLE_MS = 300_000;
/** Where the answer names no time, and the bounds of what it may name. */
const RETRY_SECONDS = 2;
const RETRY_MIN_SECONDS = 1;
const RETRY_MAX_SECONDS = 120;
/** No answer of the service is longer. */
const ANSWER_MAX_BYTES = 65_536;
const OPERATION = /^[\w.\-:=]{1,200}$/;

export class Registration {
  readonly #options: RegistrationOptions;
  readonly #timers = new Set<() => void>();
  readonly #done: (error: unknown, assignment?: Assignment) => void;
  /** Rejects with a WardletError: WL_NOT_PROVISIONED where waiting alone mends nothing, WL_UNREACHABLE, WL_UNTRUSTED_HUB, WL_WRONG_HOST. */
  readonly assigned: Promise<Assignment>;
  #mqtt: MqttConnection | undefined;
  #isOver = false;
  #request = 0;
  #operation: string | undefined;
  #cancelAnswer: (() => void) | undefined;

  /** Begins at once. */
  constructor(options: RegistrationOptions) {
    this.#options = options;
    let done: (error: unknown, assignment?: Assignment) => void = () => {};
    this.assigned = new Promise((resolve, reject) => {
      done = (error, assignment) => (assignment ? resolve(assignment) : reject(error));
    });
    this.#done = done;
    void this.#connect();
  }

  /** Nothing is heard of it afterwards. */
  async cancel(): Promise<void> {
    this.#isOver = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    const mqtt = this.#mqtt;
    this.#mqtt = undefined;
    await mqtt?.close();
  }

  async #connect(): Promise<void> {
    const { host, port, idScope, registrationId, key, secure, clock } = this.#options;
    const { connectTimeoutSeconds, keepAliveSeconds } = this.#options;
    try {
      const resource = `${idScope}/registrations/${registrationId}`;
      const expirySeconds = Math.ceil(clock.now() / 1000) + TOKEN_SECONDS;
      const password = key && (await sasToken(resource, key, expirySeconds, POLICY));
      if (this.#isOver) return;
      const endpoint: MqttEndpoint = {
        ...secure,
        host,
        port,
        clientId: registrationId,
        userName: `${resource}/api-version=${API_VERSION}&ClientVersion=wardlet`,
        password,
        keepAliveSeconds,
        connectTimeoutMs: connectTimeoutSeconds * 1000,
      };
      this.#setTimer(
        () => this.#finish(busy(`${host} assigns no hub within ${WHOLE_MS / 1000} s`)),
        WHOLE_MS,
      );
      const mqtt = await MqttConnection.open(endpoint, {
        connected: () => this.#connected(),
        socket: (connection) => !this.#isOver && this.#options.moved(connection),
        received: (topic, bytes) => this.#received(topic, bytes),
        closed: (error) => this.#finish(this.#failure(error)),
      });
      if (this.#isOver) await mqtt.close();
      else this.#mqtt = mqtt;
    } catch (error) {
      this.#finish(this.#failure(error));
    }
  }

  #connected(): void {
    if (this.#isOver) return;
    this.#mqtt?.subscribe([`${ANSWERS}#`], (granted) => {
      if (this.#isOver) return;
      if (granted) this.#ask();
      else this.#finish(busy(`${this.#options.host} lets nobody hear its answers`));
    });
  }

  /** Registers, or asks what has become of it. */
  #ask(): void {
    const { host, registrationId, connectTimeoutSeconds } = this.#options;
    this.#request++;
    const topic =
      this.#operation === undefined
        ? `${REGISTER}${this.#request}`
        : `${STATUS}${this.#request}&operationId=${this.#operation}`;
    const body = this.#operation === undefined ? JSON.stringify({ registrationId }) : '';
    this.#cancelAnswer = this.#setTimer(
      () => this.#finish(busy(`${host} does not answer`)),
      connectTimeoutSeconds * 1000,
    );
    this.#mqtt?.publish(topic, new TextEncoder().encode(body), (error) => {
      if (error !== undefined) this.#finish(this.#failure(error));
    });
  }

  #received(topic: string, bytes: Uint8Array): void {
    const [, code = '', query = ''] = ANSWER.exec(topic) ?? [];
    const given = query.split('&').map((pair) => pair.split('='));
    const named = (name: string) => given.find(([key]) => key === name)?.[1];
    if (this.#isOver || code === '' || named('$rid') !== String(this.#request)) return;
    this.#cancelAnswer?.();
    const verdict = this.#judge(Number(code), parsed(bytes));
    if (verdict === 'later') this.#askAfter(named('retry-after'));
    else if (verdict instanceof WardletError) this.#finish(verdict);
    else this.#finish(undefined, verdict);
  }

  #judge(status: number, body: Readonly<Record<string, unknown>>): Assignment | WardletError | 'later' {
    const { operationId, registrationState: state } = body;
    if (status === 404 && this.#operation !== undefined) {
      // What the service has forgotten begins anew.
      this.#operation = undefined;
      return 'later';
    }
    if (status === 429 || status >= 500) return 'later';
    if (status === 202 || (status === 200 && body.status === 'assigning')) {
      if (typeof operationId === 'string' && OPERATION.test(operationId)) this.#operation = operationId;
      return 'later';
    }
    const assignment =
      status === 200 && body.status === 'assigned' && isObject(state)
        ? assignmentOf(state.assignedHub, state.deviceId)
        : undefined;
    return assignment ?? notAssigned(this.#options.host, status, body);
  }

  #askAfter(retryAfter: string | undefined): void {
    const given = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) : RETRY_SECONDS;
    const seconds = Math.min(Math.max(given, RETRY_MIN_SECONDS), RETRY_MAX_SECONDS);
    this.#setTimer(() => this.#ask(), seconds * 1000);
  }

  #failure(error: unknown): unknown {
    const { idScope, host, port, registrationId, clock } = this.#options;
    const identity: DeviceIdentity = { hostName: host, deviceId: registrationId, host, port };
    return serviceFailure(error, { identity, nowMs: clock.now() }, idScope);
  }

  #finish(error: unknown, assignment?: Assignment): void {
    if (this.#isOver) return;
    void this.cancel();
    this.#done(error, assignment);
  }

  #setTimer(callback: () => void, delayMs: number): () => void {
    const cancel = this.#options.clock.setTimer(() => {
      this.#timers.delete(cancel);
      callback();
    }, delayMs);
    this.#timers.add(cancel);
    return () => {
      this.#timers.delete(cancel);
      cancel();
    };
  }
}

/** {} where it is no JSON object. */
function parsed(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (bytes.length > ANSWER_MAX_BYTES) return {};
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(body) ? body : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
