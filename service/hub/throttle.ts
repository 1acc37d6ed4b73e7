// Throttling as IoT Hub does it, by counts per second, but without loss: what has arrived is served, and the next is read later.

import { type Identity, identityKey } from './client-identity.ts';
import type { HubHappening } from './hub-events.ts';
import type { HubLimits } from './limits.ts';

/** A token bucket of one second's worth, which may go into debt. */
export class Bucket {
  readonly #perSecond: number;
  #tokens: number;
  #filledMs: number;

  constructor(perSecond: number, elapsedMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#filledMs = elapsedMs;
  }

  /** Takes so many; returns how long it is until nothing is owed, ms. */
  take(count: number, elapsedMs: number): number {
    const earned = ((elapsedMs - this.#filledMs) / 1000) * this.#perSecond;
    this.#filledMs = elapsedMs;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + earned) - count;
    return Math.max(0, (-this.#tokens / this.#perSecond) * 1000);
  }

  /** Whether it would be full now. */
  isIdle(elapsedMs: number): boolean {
    return this.take(0, elapsedMs) === 0 && this.#tokens === this.#perSecond;
  }
}

type Throttled = Extract<HubHappening, { kind: 'throttled' }>;

/** A debt as short as this is left to grow: pausing costs more. */
const SHORTEST_MS = 5;
/** Who goes on being throttled is reported so often. */
const REPORT_MS = 10_000;

export class Throttles {
  readonly #limits: HubLimits;
  readonly #record: (happening: HubHappening) => void;
  readonly #now: () => number;
  readonly #connects: Bucket;
  readonly #sends: Bucket;
  /** Not of a connection: connecting again gives no fresh second. */
  readonly #devices = new Map<string, Bucket>();
  readonly #reportedMs = new Map<string, number>();

  constructor(limits: HubLimits, record: (happening: HubHappening) => void, elapsedMs: () => number) {
    this.#limits = limits;
    this.#record = record;
    this.#now = elapsedMs;
    this.#connects = new Bucket(limits.maxConnectsPerSecond, elapsedMs());
    this.#sends = new Bucket(limits.maxSendsPerSecond, elapsedMs());
  }

  /** A connection has come; returns how long it waits for its handshake, ms. */
  connect(): number {
    const waitMs = this.#connects.take(1, this.#now());
    return this.#held(waitMs, { scope: 'connections', perSecond: this.#limits.maxConnectsPerSecond });
  }

  /** A device has sent so many messages; returns how long it is not read, ms. */
  send(count: number, identity: Identity, remoteAddress: string): number {
    const now = this.#now();
    const key = identityKey(identity);
    let bucket = this.#devices.get(key);
    if (!bucket) {
      bucket = new Bucket(this.#limits.maxDeviceSendsPerSecond, now);
      this.#devices.set(key, bucket);
    }
    const { maxDeviceSendsPerSecond, maxSendsPerSecond } = this.#limits;
    const deviceWaitMs = bucket.take(count, now);
    const hubWaitMs = this.#sends.take(count, now);
    if (deviceWaitMs < SHORTEST_MS && hubWaitMs < SHORTEST_MS) return 0;
    const device: Omit<Throttled, 'kind'> = {
      scope: 'device',
      perSecond: maxDeviceSendsPerSecond,
      remoteAddress,
      ...identity,
    };
    return Math.max(
      this.#held(deviceWaitMs, device),
      this.#held(hubWaitMs, { scope: 'hub', perSecond: maxSendsPerSecond }),
    );
  }

  /** Forgets who owes nothing and was not reported lately. */
  prune(): void {
    const now = this.#now();
    for (const [key, bucket] of this.#devices) if (bucket.isIdle(now)) this.#devices.delete(key);
    for (const [key, ms] of this.#reportedMs) if (now - ms > REPORT_MS) this.#reportedMs.delete(key);
  }

  #held(waitMs: number, happening: Omit<Throttled, 'kind'>): number {
    if (waitMs < SHORTEST_MS) return 0;
    const { scope, deviceId } = happening;
    const key = deviceId === undefined ? scope : `device ${identityKey({ ...happening, deviceId })}`;
    const now = this.#now();
    if (now - (this.#reportedMs.get(key) ?? Number.NEGATIVE_INFINITY) > REPORT_MS) {
      this.#reportedMs.set(key, now);
      this.#record({ kind: 'throttled', ...happening });
    }
    return waitMs;
  }
}
