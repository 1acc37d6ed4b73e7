// A device's side of its twin (protocol.md 4): subscribe, then ask for the whole; drop versions already seen; report what came of it.

import { WardletError } from '../../bindings/js/errors.ts';
import type { Clock } from '../agent/clock.ts';
import { twinPatch } from '../configuration/twin.ts';

/** Publishes JSON text; where the connection is lost nobody answers. */
export type Say = (topic: string, text: string) => void;

export interface TwinListener {
  /** A new version, whole. Returns what to report; undefined: nothing. */
  desired(document: unknown): Readonly<Record<string, unknown>> | undefined;
  failed(reason: WardletError): void;
}

export const TWIN_FILTERS = ['$iothub/twin/res/#', '$iothub/twin/PATCH/properties/desired/#'] as const;
const ANSWER = /^\$iothub\/twin\/res\/(\d+)\/\?(.*)$/;
const PATCH = /^\$iothub\/twin\/PATCH\/properties\/desired\/\?(.*)$/;
/** A hub that does not answer, or cannot now, is asked again: after 10 s, then 20 s, and so on. */
const AGAIN_MS = 10_000;
const LONGEST_AGAIN_MS = 600_000;

export class TwinClient {
  readonly #listener: TwinListener;
  readonly #clock: Clock;
  #say: Say | undefined;
  #document: unknown;
  #version = -1;
  /** Changes that came before the whole. */
  #early: unknown[] = [];
  #isWhole = false;
  #report: string | undefined;
  #request = 0;
  /** The requests that an answer may be for. */
  #get = '';
  #patch = '';
  #attempts = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(listener: TwinListener, clock: Clock) {
    this.#listener = listener;
    this.#clock = clock;
  }

  /** The subscriptions are granted. What was reported last and not taken is said again. */
  connected(say: Say): void {
    this.#say = say;
    this.#attempts = 0;
    this.#ask();
    if (this.#report !== undefined) this.#sayReport();
  }

  disconnected(): void {
    this.#say = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Returns whether it was for the twin. */
  received(topic: string, text: string): boolean {
    const [, patch] = PATCH.exec(topic) ?? [];
    if (patch !== undefined) {
      this.#changed(parsed(text));
      return true;
    }
    const [, status, query] = ANSWER.exec(topic) ?? [];
    if (status === undefined) return false;
    this.#answered(Number(status), new URLSearchParams(query).get('$rid') ?? '', text);
    return true;
  }

  #ask(): void {
    this.#isWhole = false;
    this.#early = [];
    this.#get = this.#next();
    this.#say?.(`$iothub/twin/GET/?$rid=${this.#get}`, '');
    this.#again();
  }

  #sayReport(): void {
    if (this.#report === undefined) return;
    this.#patch = this.#next();
    this.#say?.(`$iothub/twin/PATCH/properties/reported/?$rid=${this.#patch}`, this.#report);
    this.#again();
  }

  #answered(status: number, request: string, text: string): void {
    const isBusy = status === 429 || status >= 500;
    if (request === this.#get && status === 200) {
      this.#get = '';
      this.#whole(parsed(text));
    } else if (request === this.#patch && status < 300) {
      this.#patch = '';
      this.#report = undefined;
    } else if ((request === this.#get || request === this.#patch) && !isBusy) {
      const what = request === this.#get ? 'does not give the twin' : 'does not take the reported properties';
      this.#listener.failed(
        new WardletError('WL_REFUSED', `the hub ${what} (${status})`, { hint: 'see the log of the hub' }),
      );
      if (request === this.#get) this.#get = '';
      else {
        this.#patch = '';
        this.#report = undefined;
      }
    }
    if (this.#get === '' && this.#patch === '') {
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      this.#attempts = 0;
    }
  }

  #whole(twin: unknown): void {
    const desired = field(twin, 'desired');
    if (desired === undefined) return;
    this.#isWhole = true;
    this.#take(desired);
    for (const patch of this.#early.splice(0)) this.#changed(patch);
  }

  #changed(patch: unknown): void {
    const version = versionOf(patch);
    if (!this.#isWhole) this.#early.push(patch);
    else if (version === this.#version + 1) this.#take(twinPatch(this.#document, patch));
    // One was missed.
    else if (version > this.#version) this.#ask();
  }

  #take(document: unknown): void {
    const version = versionOf(document);
    if (version === this.#version) return;
    this.#document = document;
    this.#version = version;
    const reported = this.#listener.desired(document);
    if (reported === undefined) return;
    this.#report = JSON.stringify(reported);
    this.#sayReport();
  }

  #again(): void {
    this.#cancelTimer?.();
    const delayMs = Math.min(AGAIN_MS * 2 ** Math.min(this.#attempts++, 10), LONGEST_AGAIN_MS);
    this.#cancelTimer = this.#clock.setTimer(() => {
      this.#cancelTimer = undefined;
      if (this.#patch !== '') this.#sayReport();
      if (this.#get !== '') this.#ask();
    }, delayMs);
  }

  #next(): string {
    this.#request++;
    return this.#request.toString(16);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** -1: it has none. */
function versionOf(document: unknown): number {
  const version = field(document, '$version');
  return Number.isSafeInteger(version) ? Number(version) : -1;
}

function field(document: unknown, name: string): unknown {
  if (typeof document !== 'object' || document === null || !Object.hasOwn(document, name)) return undefined;
  return Reflect.get(document, name);
}
