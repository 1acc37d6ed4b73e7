// One MQTT connection from its first packet to its last: a client of its own, never reused. The client's options hold the token, so the
// client stays out of sight.

import type { IClientOptions, MqttClient } from 'mqtt';
import type { OwnConnection } from '../../bindings/js/configuration.ts';
import type { Protocol } from './transport-options.ts';

export interface MqttEndpoint {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly userName: string;
  /** undefined: the certificate is proof enough. */
  readonly password: string | undefined;
  /** Of the device, PEM, with its key. */
  readonly certificate: string | undefined;
  readonly privateKey: string | undefined;
  /** Authorities to trust, PEM, instead of the system's. */
  readonly ca: string | undefined;
  readonly keepAliveSeconds: number;
  readonly connectTimeoutMs: number;
}

export interface MqttListener {
  connected(): void;
  /** The TCP connection is made, before anything is said on it; not in a page. */
  socket?(connection: OwnConnection): void;
  received?(topic: string, bytes: Uint8Array): void;
  /** Called once, connected or not; error: why, where it is known. Not after close. */
  closed(error: unknown): void;
}

const TLS_MIN = 'TLSv1.2';
/** The subprotocol is mqtt. */
const WEB_SOCKET_PATH = '/$iothub/websocket';
/** A hub that does not answer our goodbye is left. */
const GOODBYE_MS = 1_000;

export class MqttConnection {
  readonly #client: MqttClient;
  #listener: MqttListener | undefined;
  #failure: unknown;
  #unanswered = 0;

  private constructor(client: MqttClient, listener: MqttListener) {
    this.#client = client;
    this.#listener = listener;
    client.on('connect', () => this.#listener?.connected());
    client.on('message', (topic, payload) => this.#listener?.received?.(topic, payload));
    client.on('error', (error) => {
      this.#failure ??= error;
      // Not every error closes the stream by itself.
      client.end(true);
      this.#over();
    });
    client.on('close', () => this.#over());
  }

  /** Begins to connect. The package is loaded with the first connection: a program that never connects never loads it. */
  static async open(endpoint: MqttEndpoint, listener: MqttListener): Promise<MqttConnection> {
    const { default: mqtt } = await import('mqtt');
    const told = (socket: SocketEnds): void => {
      const connection = ownConnection(socket);
      if (connection) listener.socket?.(connection);
    };
    const client = mqtt.connect(clientOptions(endpoint, told));
    if (endpoint.protocol === 'mqtt') client.stream.once('connect', () => told(client.stream as SocketEnds));
    return new MqttConnection(client, listener);
  }

  /** QoS 1. done: acknowledged, or with an error: not sent at all. Not called where the connection closes before. */
  publish(topic: string, bytes: Uint8Array, done: (error?: unknown) => void): void {
    this.#unanswered++;
    this.#client.publish(topic, bytes as Buffer, { qos: 1 }, (error) => {
      this.#unanswered--;
      if (this.#listener) done(error ?? undefined);
    });
  }

  /** done: all of them granted, or not. */
  subscribe(filters: readonly string[], done: (granted: boolean) => void): void {
    this.#client.subscribe([...filters], { qos: 1 }, (error) => {
      if (this.#listener) done(!error);
    });
  }

  /** QoS 0: whoever says it waits for an answer of another kind. */
  say(topic: string, text: string): void {
    if (this.#client.connected) this.#client.publish(topic, text, { qos: 0 }, () => {});
  }

  /** Says goodbye where there is a connection; the listener hears nothing any more. */
  close(): Promise<void> {
    this.#listener = undefined;
    const client = this.#client;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        client.stream?.destroy();
        resolve();
      }, GOODBYE_MS);
      // What still waits for an acknowledgement will be sent again: no reason to linger.
      client.end(!client.connected || this.#unanswered > 0, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #over(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.closed(this.#failure);
  }
}

/** What sockets of Node say of themselves. */
interface SocketEnds {
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  readonly localPort?: number;
}

function ownConnection({ remoteAddress, remotePort, localPort }: SocketEnds): OwnConnection | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  // Link-local addresses come with the name of an interface.
  const address = remoteAddress.replace(/%.*$/, '');
  return { remoteAddress: address, remotePort, ...(localPort === undefined ? {} : { localPort }) };
}

/** Of the package `ws`, which a page does not have: the request that becomes a WebSocket, and its socket. */
interface UpgradeRequest {
  once(event: 'socket', listener: (socket: UpgradeSocket) => void): void;
  end(): void;
}
type UpgradeSocket = SocketEnds & { once(event: 'connect', listener: () => void): void };

function finishRequest(told: (socket: SocketEnds) => void) {
  return (request: UpgradeRequest): void => {
    request.once('socket', (socket) => socket.once('connect', () => told(socket)));
    request.end();
  };
}

function clientOptions(
  endpoint: MqttEndpoint,
  told: (socket: SocketEnds) => void,
): IClientOptions & { readonly minVersion: string } {
  const { protocol, host, port, clientId, userName, password, keepAliveSeconds, connectTimeoutMs } = endpoint;
  const { ca, certificate, privateKey } = endpoint;
  return {
    ...(protocol === 'mqtt'
      ? { protocol: 'mqtts' }
      : {
          protocol: 'wss',
          path: WEB_SOCKET_PATH,
          wsOptions: { minVersion: TLS_MIN, finishRequest: finishRequest(told) },
        }),
    host,
    port,
    clientId,
    username: userName,
    ...(password === undefined ? {} : { password: unprintable(password) }),
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(privateKey === undefined ? {} : { key: privateKey }),
    protocolVersion: 4,
    // The outbox is the session: it sends again what was not acknowledged, after a restart of the hub as well.
    clean: true,
    keepalive: keepAliveSeconds,
    connectTimeout: connectTimeoutMs,
    // Every attempt has a token, a client and a delay of its own.
    reconnectPeriod: 0,
    rejectUnauthorized: true,
    minVersion: TLS_MIN,
  };
}

/** The packages below print whole packets when DEBUG asks for it. A page has no other way than a text. */
function unprintable(password: string): string | Buffer {
  if (typeof globalThis.Buffer !== 'function') return password;
  const show = { value: () => '[token]' };
  return Object.defineProperties(globalThis.Buffer.from(password), {
    [Symbol.for('nodejs.util.inspect.custom')]: show,
    toJSON: show,
    toString: show,
  });
}
