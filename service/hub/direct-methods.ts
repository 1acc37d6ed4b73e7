// Calls to devices that answer at once or not at all: `hub.methods`. Nothing is kept: a call that the hub does not survive has failed.

import { WardletError } from '../../bindings/js/errors.ts';
import { type Identity, identityKey } from './client-identity.ts';
import type { DeviceHappening, MethodOutcome } from './device-happenings.ts';
import type { DeviceLine } from './device-line.ts';

export interface MethodOptions {
  /** For the answer, from when the device is asked: 5 to 300 s. Default: 30. */
  readonly responseTimeoutSeconds?: number;
  /** For a device that is not there to come: 0 to 300 s. Default: 0. */
  readonly connectTimeoutSeconds?: number;
}

export interface MethodResult {
  /** The device's own number. */
  readonly status: number;
  readonly payload: unknown;
}

export interface MethodsHost {
  /** Throws WL_NO_SUCH_DEVICE, WL_NO_SUCH_MODULE. */
  requireRegistered(identity: Identity): void;
  lineOf(identity: Identity): DeviceLine | undefined;
  record(happening: DeviceHappening): void;
  /** Calls back after so many ms; returns what keeps it from doing so. */
  setTimer(action: () => void, ms: number): () => void;
}

interface Call {
  readonly identity: Identity;
  readonly method: string;
  readonly body: string;
  readonly responseMs: number;
  stopTimer: () => void;
  settle(outcome: MethodOutcome, answer: MethodResult | WardletError): void;
}

const MAX_PAYLOAD_BYTES = 128 * 1024;
/** Written and not yet taken by the device: further calls wait that long. */
const MAX_UNREAD_BYTES = 256 * 1024;
/** IoT Hub's, without + and #, which no MQTT topic can hold. */
const METHOD_NAME = /^[A-Za-z0-9!%&'*.^_`|~-]{1,64}$/;

export class DirectMethods {
  readonly #host: MethodsHost;
  readonly #calls = new Map<string, Call>();
  /** Calls that have not been sent, by rid: their device is not there, or has not read what it was sent before. */
  readonly #waiting = new Set<string>();
  #lastId = 0;

  constructor(host: MethodsHost) {
    this.#host = host;
  }

  /**
   * Asks a device and waits for its answer, whatever status that has.
   * Rejects with WL_NO_SUCH_DEVICE, WL_NO_SUCH_MODULE, WL_BAD_OPTION, WL_TOO_LARGE, WL_DEVICE_OFFLINE, WL_METHOD_TIMEOUT, WL_BAD_ANSWER.
   */
  async invoke(
    identity: Identity,
    method: string,
    payload: unknown = null,
    options: MethodOptions = {},
  ): Promise<MethodResult> {
    const responseMs = 1000 * seconds('responseTimeoutSeconds', options.responseTimeoutSeconds ?? 30, 5);
    const connectMs = 1000 * seconds('connectTimeoutSeconds', options.connectTimeoutSeconds ?? 0, 0);
    const body = requestBody(method, payload);
    this.#host.requireRegistered(identity);
    return new Promise((resolve, reject) => {
      const rid = (++this.#lastId).toString(16);
      const begunMs = performance.now();
      const settle: Call['settle'] = (outcome, answer) => {
        call.stopTimer();
        this.#calls.delete(rid);
        this.#waiting.delete(rid);
        const isError = answer instanceof Error;
        this.#host.record({
          kind: 'method_called',
          method,
          outcome,
          ...(isError ? {} : { status: answer.status }),
          elapsedMs: Math.round(performance.now() - begunMs),
          ...identity,
        });
        if (isError) reject(answer);
        else resolve(answer);
      };
      const isThere = this.#host.lineOf(identity)?.qosOf('methods') !== undefined;
      const stopTimer = isThere
        ? this.#host.setTimer(() => settle('timed_out', timedOut(call)), responseMs)
        : this.#host.setTimer(() => settle('offline', offline(identity)), connectMs);
      const call: Call = { identity, method, body, responseMs, stopTimer, settle };
      this.#calls.set(rid, call);
      this.#waiting.add(rid);
      if (isThere) this.#send(rid, call);
      else if (connectMs === 0) settle('offline', offline(identity));
    });
  }

  /** False: nobody waits for this answer, any more. */
  answered(identity: Identity, rid: string, status: number, payload: Uint8Array): boolean {
    const call = this.#calls.get(rid);
    // The rid of another device's call says nothing here.
    if (!call || this.#waiting.has(rid) || identityKey(call.identity) !== identityKey(identity)) return false;
    if (payload.length > MAX_PAYLOAD_BYTES) {
      call.settle('bad_answer', badAnswer(call, `${payload.length} bytes, at most ${MAX_PAYLOAD_BYTES}`));
      return true;
    }
    let answer: unknown = null;
    try {
      if (payload.length > 0) answer = JSON.parse(Buffer.from(payload).toString());
    } catch (cause) {
      call.settle('bad_answer', badAnswer(call, 'no JSON', cause));
      return true;
    }
    call.settle('answered', { status, payload: answer });
    // A device that answers has read what it was sent.
    this.sendWaiting();
    return true;
  }

  /** Sends what waits for devices that have come, subscribed or read on. */
  sendWaiting(): void {
    for (const rid of this.#waiting) {
      const call = this.#calls.get(rid);
      if (call) this.#send(rid, call);
    }
  }

  close(): void {
    for (const call of [...this.#calls.values()]) {
      const error = new WardletError(
        'WL_DEVICE_OFFLINE',
        'the hub shut down before the device had answered',
        {
          hint: 'call again when the hub runs',
        },
      );
      call.settle('hub_closing', error);
    }
  }

  #send(rid: string, call: Call): void {
    const line = this.#host.lineOf(call.identity);
    if (line?.qosOf('methods') === undefined || line.unreadBytes > MAX_UNREAD_BYTES) return;
    this.#waiting.delete(rid);
    call.stopTimer();
    call.stopTimer = this.#host.setTimer(() => call.settle('timed_out', timedOut(call)), call.responseMs);
    line.push(`$iothub/methods/POST/${call.method}/?$rid=${rid}`, call.body);
  }
}

function requestBody(method: string, payload: unknown): string {
  if (!METHOD_NAME.test(method)) {
    throw new WardletError('WL_BAD_OPTION', `${JSON.stringify(method.slice(0, 70))} is no name of a method`, {
      hint: "1 to 64 of A-Z a-z 0-9 and ! % & ' * - . ^ _ ` | ~",
    });
  }
  const body = JSON.stringify(payload);
  if (body === undefined) {
    throw new WardletError('WL_BAD_OPTION', 'the payload is nothing that JSON can hold', {
      hint: 'any JSON value, or none',
    });
  }
  const bytes = Buffer.byteLength(body);
  if (bytes > MAX_PAYLOAD_BYTES) {
    throw new WardletError('WL_TOO_LARGE', `a payload of ${bytes} bytes, at most ${MAX_PAYLOAD_BYTES}`, {
      hint: 'send what the device can fetch the rest with',
    });
  }
  return body;
}

function seconds(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value <= 300) return value;
  throw new WardletError('WL_BAD_OPTION', `${name} is ${value}`, {
    hint: `whole seconds from ${least} to 300`,
  });
}

function offline(identity: Identity): WardletError {
  return new WardletError('WL_DEVICE_OFFLINE', `${identityKey(identity)} is not there to be called`, {
    hint: 'is it connected, and subscribed to $iothub/methods/POST/#? connectTimeoutSeconds waits for it',
  });
}

function timedOut({ identity, method, responseMs }: Call): WardletError {
  return new WardletError(
    'WL_METHOD_TIMEOUT',
    `${identityKey(identity)} did not answer ${method} within ${responseMs / 1000} s`,
    { hint: 'the device may have done it all the same; responseTimeoutSeconds allows up to 300' },
  );
}

function badAnswer({ identity, method }: Call, what: string, cause?: unknown): WardletError {
  return new WardletError('WL_BAD_ANSWER', `${identityKey(identity)} answered ${method} with ${what}`, {
    cause,
    hint: 'the device has to answer with JSON of at most 128 KB',
  });
}
