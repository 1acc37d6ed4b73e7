// A device that does not know its hub: it asks the provisioning service, remembers the answer, and from then on is a connection like any
// other. A hub that will have no more of it, or is gone, makes it ask again.

import type { OwnConnection } from '../../bindings/js/configuration.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import { type Clock, systemClock } from '../agent/clock.ts';
import { type Assignment, type AssignmentStore, assignmentOf, connectionOf } from './assignment.ts';
import { BackOff } from './back-off.ts';
import { DeviceKey } from './device-key.ts';
import { lostConnection } from './hub-failure.ts';
import { IotHubTransport } from './iot-hub-transport.ts';
import { assignmentDropped } from './provisioning-failure.ts';
import { Registration } from './registration.ts';
import type { OutgoingMessage, Transport, TransportListener } from './transport.ts';
import {
  CONNECTION_DEFAULTS,
  type ConnectionSettings,
  PORTS,
  type Protocol,
  usualProtocol,
} from './transport-options.ts';

/** Azure's, for every id scope. */
export const PROVISIONING_HOST = 'global.azure-devices-provisioning.net';

/** Who the device is at the provisioning service, and one proof of it: key, groupKey, or certificate with privateKey. */
export interface Provisioning {
  /** HOST or HOST:PORT. Default: Azure's global endpoint. */
  readonly host?: string | undefined;
  readonly idScope: string;
  readonly registrationId: string;
  /** Base64, of the device. */
  readonly key?: string | undefined;
  /** Base64, of its group: the device's is derived from it. Who holds it can be any device of the group. */
  readonly groupKey?: string | undefined;
  /** PEM text; the common name is the registration id. Node only. */
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
}

export interface ProvisionedTransportOptions extends Partial<ConnectionSettings> {
  readonly provisioning: Provisioning;
  /** Default: in memory, so that a restart registers again. */
  readonly assignments?: AssignmentStore | undefined;
  /** PEM text of the authorities to trust instead of the system's, of the service and of the hub. */
  readonly ca?: string | undefined;
  readonly protocol?: Protocol | undefined;
  readonly clock?: Clock;
  /** In [0, 1): spreads the retries of a fleet. Default: Math.random. */
  readonly random?: () => number;
}

/** In a row; then the hub has no such device any more, or not with this key. */
const REFUSALS = 3;
/** In a row, of any kind; then the hub is gone, and the device may have another one. */
const FAILURES = 10;

/** A way to the hub that a Device Provisioning Service names. createAgent makes it from a connection with `dps`. */
export class ProvisionedTransport implements Transport {
  readonly identity: string;
  readonly #provisioning: Provisioning;
  readonly #endpoint: { readonly host: string; readonly port: number };
  readonly #assignments: AssignmentStore | undefined;
  readonly #secure: {
    readonly protocol: Protocol;
    readonly ca: string | undefined;
    readonly certificate: string | undefined;
    readonly privateKey: string | undefined;
  };
  readonly #settings: ConnectionSettings;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backOff: BackOff;
  #key: DeviceKey | undefined;
  readonly #groupKey: DeviceKey | undefined;
  #listener: TransportListener | undefined;
  #registration: Registration | undefined;
  #hub: IotHubTransport | undefined;
  #own: readonly OwnConnection[] = [];
  #refusals = 0;
  #failures = 0;
  #retrySeconds: number;
  #isConnected = false;
  #cancelTimer: (() => void) | undefined;
  #closed = false;

  /** @throws WardletError WL_BAD_OPTION, WL_BAD_KEY */
  constructor(options: ProvisionedTransportOptions) {
    const { provisioning, assignments, ca, protocol = usualProtocol(), ...others } = options;
    const { clock = systemClock, random = Math.random, ...settings } = others;
    const { host = PROVISIONING_HOST, idScope, registrationId, key, groupKey } = provisioning;
    const { certificate, privateKey } = provisioning;
    this.#provisioning = provisioning;
    this.#endpoint = endpointOf(host, protocol);
    this.#assignments = assignments;
    this.#secure = { protocol, ca, certificate, privateKey };
    this.#settings = { ...CONNECTION_DEFAULTS, ...settings };
    this.#retrySeconds = this.#settings.retrySeconds;
    this.#clock = clock;
    this.#random = random;
    this.#backOff = new BackOff({
      baseMs: this.#settings.retrySeconds * 1000,
      capMs: this.#settings.maxRetrySeconds * 1000,
      random,
    });
    this.#key = key === undefined ? undefined : new DeviceKey(key);
    this.#groupKey = groupKey === undefined ? undefined : new DeviceKey(groupKey);
    this.identity = `${host.toLowerCase()}/${idScope}/${registrationId}`;
  }

  get ownConnections(): readonly OwnConnection[] {
    return this.#hub?.ownConnections ?? this.#own;
  }

  /** From the next wait on. */
  set retrySeconds(seconds: number) {
    this.#retrySeconds = seconds;
    this.#backOff.baseMs = seconds * 1000;
    if (this.#hub) this.#hub.retrySeconds = seconds;
  }

  /** Connects to the hub it was assigned to before; without one it registers. Once. */
  open(listener: TransportListener): void {
    this.#listener = listener;
    void this.#begin();
  }

  /** Resolves at PUBACK. @throws WardletError WL_DISCONNECTED when there is no connection, or it was lost before */
  send(message: OutgoingMessage): Promise<void> {
    if (this.#hub) return this.#hub.send(message);
    const { registrationId } = this.#provisioning;
    const identity = { hostName: this.#endpoint.host, deviceId: registrationId, ...this.#endpoint };
    return Promise.reject(lostConnection(undefined, { identity, nowMs: this.#clock.now() }));
  }

  /** Ends the connection, and every attempt to register or to make one. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#listener = undefined;
    this.#cancelTimer?.();
    await Promise.all([this.#registration?.cancel(), this.#hub?.close()]);
  }

  async #begin(): Promise<void> {
    const kept = await this.#kept();
    if (this.#closed) return;
    if (kept) this.#connect(kept, await this.#deviceKey());
    else await this.#register();
  }

  async #register(): Promise<void> {
    try {
      const key = await this.#deviceKey();
      if (this.#closed) return;
      const { idScope, registrationId } = this.#provisioning;
      const { connectTimeoutSeconds, keepAliveSeconds } = this.#settings;
      this.#registration = new Registration({
        ...this.#endpoint,
        idScope,
        registrationId,
        key,
        secure: this.#secure,
        connectTimeoutSeconds,
        keepAliveSeconds,
        clock: this.#clock,
        moved: (connection) => {
          this.#own = [connection];
          this.#listener?.moved?.();
        },
      });
      const assignment = await this.#registration.assigned;
      await this.#keep(assignment);
      if (!this.#closed) this.#connect(assignment, key);
    } catch (error) {
      if (this.#closed) return;
      this.#listener?.failed(asError(error));
      this.#registerLater();
    } finally {
      this.#registration = undefined;
    }
  }

  #registerLater(): void {
    this.#cancelTimer = this.#clock.setTimer(() => void this.#register(), this.#backOff.next());
  }

  #connect(assignment: Assignment, key: DeviceKey | undefined): void {
    const listener = this.#listener;
    if (this.#closed || !listener) return;
    this.#refusals = 0;
    this.#failures = 0;
    const hub = new IotHubTransport({
      ...this.#settings,
      ...this.#secure,
      retrySeconds: this.#retrySeconds,
      connection: connectionOf(assignment, this.#secure.protocol, key),
      clock: this.#clock,
      random: this.#random,
    });
    this.#hub = hub;
    const { desired, method, message } = listener;
    hub.open({
      // What nobody listens for is not subscribed to.
      ...(desired ? { desired: (document) => listener.desired?.(document) } : {}),
      ...(method ? { method: method.bind(listener) } : {}),
      ...(message ? { message: message.bind(listener) } : {}),
      moved: () => listener.moved?.(),
      connected: () => {
        this.#refusals = 0;
        this.#failures = 0;
        this.#isConnected = true;
        this.#backOff.reset();
        listener.connected();
      },
      disconnected: (reason) => {
        this.#isConnected = false;
        listener.disconnected(reason);
      },
      failed: (reason) => {
        listener.failed(reason);
        // Not of the connection then: of the twin, say.
        if (this.#isConnected) return;
        this.#failures++;
        this.#refusals = reason.code === 'WL_REFUSED' ? this.#refusals + 1 : 0;
        if (this.#hub === hub && (this.#refusals >= REFUSALS || this.#failures >= FAILURES)) {
          void this.#drop(hub, assignment);
        }
      },
    });
  }

  /** The hub has said so, or says nothing any more. */
  async #drop(hub: IotHubTransport, { hub: name, deviceId }: Assignment): Promise<void> {
    this.#hub = undefined;
    this.#listener?.failed(assignmentDropped(name, deviceId, Math.max(this.#refusals, this.#failures)));
    await hub.close();
    await this.#keep(undefined);
    if (!this.#closed) this.#registerLater();
  }

  async #deviceKey(): Promise<DeviceKey | undefined> {
    if (this.#groupKey) {
      this.#key ??= new DeviceKey(await this.#groupKey.sign(this.#provisioning.registrationId));
    }
    return this.#key;
  }

  /** A store that fails is no reason to have no hub. */
  async #kept(): Promise<Assignment | undefined> {
    try {
      const kept = await this.#assignments?.load(this.identity);
      return kept && assignmentOf(kept.hub, kept.deviceId);
    } catch (error) {
      this.#listener?.failed(asError(error));
      return undefined;
    }
  }

  async #keep(assignment: Assignment | undefined): Promise<void> {
    try {
      await this.#assignments?.save(this.identity, assignment);
    } catch (error) {
      this.#listener?.failed(asError(error));
    }
  }
}

function endpointOf(text: string, protocol: Protocol): { host: string; port: number } {
  // The parser of connection strings knows what a host is.
  const hub = assignmentOf(text, 'd');
  if (hub) return { host: connectionOf(hub, protocol, undefined).host, port: portOf(text, protocol) };
  throw new WardletError('WL_BAD_OPTION', 'dps: host is no host name', {
    hint: 'HOST or HOST:PORT, as global.azure-devices-provisioning.net or localhost:8883',
  });
}

function portOf(text: string, protocol: Protocol): number {
  const [, port] = /:(\d+)$/.exec(text) ?? [];
  return port === undefined ? PORTS[protocol] : Number(port);
}

function asError(error: unknown): WardletError {
  if (error instanceof WardletError) return error;
  return new WardletError('WL_BAD_FILE', `the assignment cannot be kept: ${String(error)}`, {
    hint: 'the agent goes on, and registers again at its next start',
    cause: error,
  });
}
