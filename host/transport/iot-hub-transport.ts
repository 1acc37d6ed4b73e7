// A device's connection to an Azure IoT Hub, or what speaks like one: MQTT 3.1.1 over TLS, a token made of the device key or a certificate.
// It connects by itself, with a back-off; a token is replaced before it expires, without a word to the agent.

import type { OwnConnection } from '../../bindings/js/configuration.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import { type Clock, systemClock } from '../agent/clock.ts';
import { BackOff } from './back-off.ts';
import {
  cloudMessage,
  METHOD_FILTER,
  type MethodRequest,
  messageFilter,
  methodAnswer,
  methodRequest,
} from './cloud-topics.ts';
import type { ConnectionString } from './connection-string.ts';
import { clientId, identityOf, resource, userName } from './device-identity.ts';
import { hubFailure, lostConnection, takenOver } from './hub-failure.ts';
import { type HubServices, type MethodResult, noSuchMethod } from './hub-services.ts';
import { MqttConnection, type MqttEndpoint } from './mqtt-connection.ts';
import { sasToken } from './sas-token.ts';
import { securityTopic } from './security-topic.ts';
import { SendQueue } from './send-queue.ts';
import type { OutgoingMessage, Transport, TransportListener } from './transport.ts';
import {
  CONNECTION_DEFAULTS,
  type ConnectionSettings,
  type Protocol,
  usualProtocol,
} from './transport-options.ts';
import { TWIN_FILTERS, TwinClient } from './twin-client.ts';

export interface IotHubTransportOptions extends Partial<ConnectionSettings> {
  readonly connection: ConnectionString;
  /** PEM text of the authorities to trust instead of the system's. The hub's certificate is always checked. */
  readonly ca?: string | undefined;
  /** Default: mqtt in Node, mqtt-ws in a page. The port is the connection's. */
  readonly protocol?: Protocol | undefined;
  /** PEM text of the device's certificate (a chain: its own first) and key, where the connection has no key. Node only. */
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
  /** The wall clock of this device: expiry of tokens, waits between attempts. Default: the system's. */
  readonly clock?: Clock;
  /** In [0, 1): spreads the retries of a fleet. Default: Math.random. */
  readonly random?: () => number;
}

/** A token is replaced after this part of its lifetime, and up to a tenth later: a fleet that started together does not renew together. */
const RENEW_AFTER = 0.75;
const RENEW_SPREAD = 0.1;
/** How long a renewal waits for acknowledgements; then it goes on, and sends again. */
const RENEWAL_PATIENCE_MS = 5_000;
/** A connection that lasted so long was a good one, even if nothing was sent. */
const LASTED_MS = 60_000;

/** A connection lost sooner was a short one; so many in a row are no accident. */
const SHORT_MS = 10_000;
const TAKEN_OVER = 4;
const TRUCE_MS = 60_000;

/**
 * A way to Azure IoT Hub, or to a hub that speaks its MQTT: TLS, a shared access signature or a certificate, QoS 1, reconnecting with growing, random waits.
 * For agents of your own making; createAgent makes it from a connection string.
 */
export class IotHubTransport implements Transport {
  readonly identity: string;
  readonly #connection: ConnectionString;
  readonly #secure: Pick<MqttEndpoint, 'protocol' | 'ca' | 'certificate' | 'privateKey'>;
  readonly #settings: ConnectionSettings;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backOff: BackOff;
  readonly #queue: SendQueue;
  readonly #timers = new Set<() => void>();
  #listener: TransportListener | undefined;
  #mqtt: MqttConnection | undefined;
  #twin: TwinClient | undefined;
  #own: readonly OwnConnection[] = [];
  /** Connections in a row that were lost within seconds; -1: this one has lasted longer. */
  #shortOnes = 0;
  /** The hub has accepted the connection that #mqtt is. */
  #accepted = false;
  /** The listener has been told of a connection, and not of its end. */
  #announced = false;
  /** Counts attempts: what an earlier one still has to say is not heard. */
  #attempt = 0;
  #closed = false;

  constructor(options: IotHubTransportOptions) {
    const { connection, ca, protocol, certificate, privateKey, ...others } = options;
    const { clock = systemClock, random = Math.random, ...settings } = others;
    if (connection.key === undefined && (certificate === undefined || privateKey === undefined)) {
      throw new WardletError(
        'WL_BAD_OPTION',
        'the connection string says x509=true, and there is no certificate',
        {
          hint: 'give certificate and privateKey as PEM text',
        },
      );
    }
    this.#connection = connection;
    this.#secure = { protocol: protocol ?? usualProtocol(), ca, certificate, privateKey };
    this.#settings = { ...CONNECTION_DEFAULTS, ...settings };
    this.#clock = clock;
    this.#random = random;
    this.#backOff = new BackOff({
      baseMs: this.#settings.retrySeconds * 1000,
      capMs: this.#settings.maxRetrySeconds * 1000,
      random,
    });
    this.#queue = new SendQueue(this.#settings.maxInFlight);
    this.identity = identityOf(connection);
  }

  get ownConnections(): readonly OwnConnection[] {
    return this.#own;
  }

  /** From the next wait on. */
  set retrySeconds(seconds: number) {
    this.#backOff.baseMs = seconds * 1000;
  }

  /** Begins to connect, and does so until close. Once. */
  open(listener: TransportListener): void {
    this.#listener = listener;
    void this.#connect();
  }

  /** Resolves at PUBACK. @throws WardletError WL_DISCONNECTED when the connection was lost before */
  send(message: OutgoingMessage): Promise<void> {
    if (!this.#announced) return Promise.reject(lostConnection(undefined, this.#now()));
    return this.#queue.send(message);
  }

  /** Ends the connection and every attempt to make one. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener = undefined;
    this.#attempt++;
    this.#twin?.disconnected();
    this.#cancelTimers();
    this.#announced = false;
    this.#queue.rejectAll(lostConnection(undefined, this.#now()));
    const mqtt = this.#mqtt;
    this.#mqtt = undefined;
    await mqtt?.close();
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt;
    const { host, port } = this.#connection;
    const { keepAliveSeconds, connectTimeoutSeconds, tokenLifetimeSeconds } = this.#settings;
    try {
      const expirySeconds = Math.ceil(this.#clock.now() / 1000) + tokenLifetimeSeconds;
      const { key } = this.#connection;
      const password = key && (await sasToken(resource(this.#connection), key, expirySeconds));
      if (attempt !== this.#attempt) return;
      const endpoint: MqttEndpoint = {
        ...this.#secure,
        host,
        port,
        clientId: clientId(this.#connection),
        userName: userName(this.#connection),
        password,
        keepAliveSeconds,
        connectTimeoutMs: connectTimeoutSeconds * 1000,
      };
      const mqtt = await MqttConnection.open(endpoint, {
        connected: () => attempt === this.#attempt && this.#connected(),
        socket: (connection) => attempt === this.#attempt && this.#moved(connection),
        received: (topic, bytes) => attempt === this.#attempt && this.#received(topic, bytes),
        closed: (error) => attempt === this.#attempt && this.#lost(error),
      });
      if (attempt === this.#attempt) this.#mqtt = mqtt;
      else await mqtt.close();
    } catch (error) {
      if (attempt === this.#attempt) this.#lost(error);
    }
  }

  #moved(connection: OwnConnection): void {
    this.#own = [connection];
    this.#listener?.moved?.();
  }

  #connected(): void {
    this.#accepted = true;
    this.#setTimer(() => {
      this.#shortOnes = -1;
    }, SHORT_MS);
    this.#setTimer(() => this.#backOff.reset(), LASTED_MS);
    if (this.#connection.key) {
      const part = RENEW_AFTER + RENEW_SPREAD * this.#random();
      this.#setTimer(() => void this.#renew(), this.#settings.tokenLifetimeSeconds * 1000 * part);
    }
    const attempt = this.#attempt;
    if (!this.#announced) {
      this.#announced = true;
      this.#listener?.connected();
      // The listener may have closed the transport.
      if (attempt !== this.#attempt) return;
    }
    this.#queue.resume((message, done) => this.#publish(message, done));
    this.#subscribe();
  }

  /** Every connection anew: its session is clean. */
  #subscribe(): void {
    const { desired, method, message } = this.#listener ?? {};
    const messages = message && messageFilter(this.#connection);
    const filters = [
      ...(messages === undefined ? [] : [messages]),
      ...(method ? [METHOD_FILTER] : []),
      ...(desired ? TWIN_FILTERS : []),
    ];
    if (filters.length === 0) return;
    const attempt = this.#attempt;
    this.#mqtt?.subscribe(filters, (granted) => {
      if (!granted || !desired || attempt !== this.#attempt) return;
      this.#twin ??= new TwinClient(
        {
          desired: (document) => this.#listener?.desired?.(document),
          failed: (reason) => this.#listener?.failed(reason),
        },
        this.#clock,
      );
      this.#twin.connected((topic, text) => this.#mqtt?.say(topic, text));
    });
  }

  #received(topic: string, bytes: Uint8Array): void {
    const message = cloudMessage(this.#connection, topic, bytes);
    if (message) {
      this.#listener?.message?.(message);
      return;
    }
    const text = new TextDecoder().decode(bytes);
    if (this.#twin?.received(topic, text)) return;
    const called = methodRequest(topic);
    if (called) this.#call(called, text);
  }

  #call({ name, request }: MethodRequest, text: string): void {
    const { status, payload } = answerOf(this.#listener, name, text);
    this.#mqtt?.say(methodAnswer(status, request), JSON.stringify(payload) ?? 'null');
  }

  #publish(message: OutgoingMessage, done: () => void): void {
    const attempt = this.#attempt;
    this.#mqtt?.publish(securityTopic(this.#connection, message), message.bytes, (error) => {
      if (attempt !== this.#attempt) return;
      if (error !== undefined) {
        void this.#mqtt?.close();
        this.#lost(error);
        return;
      }
      this.#backOff.reset();
      done();
    });
  }

  /** The attempt failed, or the connection it made is gone. */
  #lost(error: unknown): void {
    // A failed attempt in between says nothing of what becomes of connections.
    if (this.#accepted) this.#shortOnes++;
    const isTakenOver = this.#accepted && this.#shortOnes >= TAKEN_OVER;
    const reason = isTakenOver
      ? takenOver(this.#shortOnes, this.#now())
      : this.#accepted
        ? lostConnection(error, this.#now())
        : hubFailure(error, this.#now());
    this.#attempt++;
    this.#accepted = false;
    this.#mqtt = undefined;
    this.#twin?.disconnected();
    this.#cancelTimers();
    const waitMs = this.#backOff.next();
    this.#setTimer(() => void this.#connect(), isTakenOver ? Math.max(waitMs, this.#truceMs()) : waitMs);
    if (this.#announced) this.#disconnected(reason);
    else this.#listener?.failed(reason);
  }

  /** Two that throw each other out gain nothing by hurrying: half to the whole of a minute, two, four, as far as the longest wait goes. */
  #truceMs(): number {
    const doubled = TRUCE_MS * 2 ** Math.min(this.#shortOnes - TAKEN_OVER, 20);
    const limit = Math.min(doubled, this.#settings.maxRetrySeconds * 1000);
    return Math.floor(limit * (0.5 + 0.5 * this.#random()));
  }

  #disconnected(reason: WardletError): void {
    this.#announced = false;
    this.#queue.rejectAll(reason);
    this.#listener?.disconnected(reason);
  }

  /** A new connection with a new token; the agent's sends wait in line meanwhile. */
  async #renew(): Promise<void> {
    const attempt = this.#attempt;
    const patience = new Promise<void>((resolve) => this.#setTimer(resolve, RENEWAL_PATIENCE_MS));
    await Promise.race([this.#queue.pause(), patience]);
    if (attempt !== this.#attempt) return;
    const mqtt = this.#mqtt;
    this.#mqtt = undefined;
    // From here on nothing that the old connection says is heard.
    const closing = ++this.#attempt;
    this.#accepted = false;
    this.#twin?.disconnected();
    this.#cancelTimers();
    this.#queue.takeBack();
    await mqtt?.close();
    if (closing === this.#attempt) await this.#connect();
  }

  #now(): { identity: ConnectionString; nowMs: number } {
    return { identity: this.#connection, nowMs: this.#clock.now() };
  }

  #setTimer(callback: () => void, delayMs: number): void {
    const cancel = this.#clock.setTimer(() => {
      this.#timers.delete(cancel);
      callback();
    }, delayMs);
    this.#timers.add(cancel);
  }

  #cancelTimers(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }
}

function answerOf(services: HubServices | undefined, name: string, text: string): MethodResult {
  try {
    const payload = text === '' ? null : (JSON.parse(text) as unknown);
    return services?.method?.(name, payload) ?? noSuchMethod(name);
  } catch (error) {
    const { code = 'WL_BAD_OPTION', hint = '' } = error instanceof WardletError ? error : {};
    const message = error instanceof Error ? error.message : String(error);
    return { status: 400, payload: { error: { code, message, hint } } };
  }
}
