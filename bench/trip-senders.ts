// Three ways to bring messages to a hub, from the whole agent down to ready bytes. Each counts its acknowledgements.

import { connect as connectTls, type TLSSocket } from 'node:tls';
import mqtt from 'mqtt';
import { generate } from 'mqtt-packet';
import { loadCore } from '../bindings/js/load.ts';
import { type Agent, type Clock, createAgent } from '../host/agent/index.ts';
import { type ConnectionString, parseConnectionString } from '../host/transport/connection-string.ts';
import { clientId, resource, userName } from '../host/transport/device-identity.ts';
import { sasToken } from '../host/transport/sas-token.ts';
import { securityTopic } from '../host/transport/security-topic.ts';
import { FRAME_CAPTURED, FRAME_HEADER, FRAME_TIME } from '../schema/frame.ts';
import { FLOWS } from './trip-job.ts';
import { batchOf, LOCAL_V4, START_MS, TCP_V4 } from './workload.ts';

export interface Sender {
  readonly bodyBytes: number;
  /** Resolves when the hub has acknowledged that many more. */
  send(count: number): Promise<void>;
  close(): Promise<void>;
}

export interface SenderOptions {
  readonly connectionString: string;
  readonly ca: string;
  readonly window: number;
  readonly module: WebAssembly.Module;
}

/** Packets of each flow in a message. */
const PACKETS = 4;
const SECOND_MS = 1000;
const HOUR_SECONDS = 3600;
const BOOT_ID = '00000000-0000-4000-8000-000000000000';

/** A device with all of Wardlet: packets are counted, collected every second of its own time, encoded, sent. */
export class AgentSender implements Sender {
  bodyBytes = 0;
  readonly #agent: Agent;
  readonly #seconds: SecondsOfTraffic;
  readonly #window: number;
  #sent = 0;
  #acknowledged = 0;
  #wake = (): void => {};

  private constructor(agent: Agent, seconds: SecondsOfTraffic, window: number) {
    this.#agent = agent;
    this.#seconds = seconds;
    this.#window = window;
    agent.on('message', ({ stage, bytes }) => {
      this.bodyBytes = bytes.length;
      if (stage === 'sent') this.#sent++;
      else this.#acknowledged++;
      this.#wake();
    });
  }

  static async open({ connectionString, ca, window, module }: SenderOptions): Promise<AgentSender> {
    const seconds = new SecondsOfTraffic();
    const agent = createAgent({
      core: await loadCore(module),
      connectionString,
      ca,
      localAddresses: [LOCAL_V4],
      clock: seconds,
      intervalSeconds: { high: 1, medium: HOUR_SECONDS, low: HOUR_SECONDS },
      firstCollectionSeconds: 0,
      // A message for every second, as the ready bodies are: those of a core that nobody asked for another format.
      format: '2.3',
      maxInFlight: window,
    });
    await new Promise<void>((resolve, reject) => {
      agent.on('state', (state) => {
        if (state === 'active') resolve();
      });
      agent.on('warning', reject);
      agent.start();
    });
    return new AgentSender(agent, seconds, window);
  }

  async send(count: number): Promise<void> {
    const end = this.#acknowledged + count;
    while (this.#acknowledged < end) {
      if (this.#sent < end && this.#sent - this.#acknowledged < this.#window) {
        this.#agent.observeBatch(this.#seconds.next());
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** Without the last collection: the books are closed. */
  async close(): Promise<void> {
    await this.#agent.stop({ timeoutMs: 5_000 });
  }
}

/** The device's clock, and the frames of each second. */
class SecondsOfTraffic implements Clock {
  #nowMs = START_MS;
  readonly #frames: Uint8Array;
  readonly #view: DataView;

  constructor() {
    const one = batchOf(0, FLOWS, TCP_V4);
    this.#frames = new Uint8Array(one.length * PACKETS);
    for (let copy = 0; copy < PACKETS; copy++) this.#frames.set(one, copy * one.length);
    this.#view = new DataView(this.#frames.buffer);
  }

  now(): number {
    return this.#nowMs;
  }

  /** Frames carry the time: nothing is due between them. */
  setTimer(): () => void {
    return () => {};
  }

  next(): Uint8Array {
    this.#nowMs += SECOND_MS;
    for (let at = 0; at < this.#frames.length; ) {
      this.#view.setBigUint64(at + FRAME_TIME, BigInt(this.#nowMs), true);
      at += FRAME_HEADER + this.#view.getUint16(at + FRAME_CAPTURED, true);
    }
    return this.#frames;
  }
}

/** The same bodies and topics from a plain client: no core, no outbox, no agent. */
export class ClientSender implements Sender {
  readonly bodyBytes: number;
  readonly #client: mqtt.MqttClient;
  readonly #connection: ConnectionString;
  readonly #body: Buffer;
  readonly #window: number;
  #sequence = 0;

  private constructor(client: mqtt.MqttClient, connection: ConnectionString, body: Buffer, window: number) {
    this.#client = client;
    this.#connection = connection;
    this.#body = body;
    this.bodyBytes = body.length;
    this.#window = window;
  }

  static async open({ connectionString, ca, window, module }: SenderOptions): Promise<ClientSender> {
    const connection = parseConnectionString(connectionString);
    const client = await mqtt.connectAsync({
      protocol: 'mqtts',
      host: connection.host,
      port: connection.port,
      clientId: clientId(connection),
      username: userName(connection),
      password: await token(connection),
      ca,
      reconnectPeriod: 0,
    });
    return new ClientSender(client, connection, await readyBody(module), window);
  }

  send(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let unsent = count;
      let unacknowledged = count;
      const publish = () => {
        unsent--;
        const topic = topicOf(this.#connection, this.#sequence++);
        this.#client.publish(topic, this.#body, { qos: 1 }, (error) => {
          if (error) reject(error);
          else if (--unacknowledged === 0) resolve();
          else if (unsent > 0) publish();
        });
      };
      for (let first = Math.min(this.#window, count); first > 0; first--) publish();
    });
  }

  async close(): Promise<void> {
    await this.#client.endAsync();
  }
}

/** What the hub can take: publishes encoded before the clock runs, written into one TLS socket as fast as it reads. */
export class LineSender implements Sender {
  readonly bodyBytes: number;
  readonly #socket: TLSSocket;
  readonly #connection: ConnectionString;
  readonly #body: Buffer;
  #sequence = 0;
  #ready: { count: number; bytes: Buffer } | undefined;

  private constructor(socket: TLSSocket, connection: ConnectionString, body: Buffer) {
    this.#socket = socket;
    this.#connection = connection;
    this.#body = body;
    this.bodyBytes = body.length;
  }

  static async open({ connectionString, ca, module }: SenderOptions): Promise<LineSender> {
    const connection = parseConnectionString(connectionString);
    const { host, port } = connection;
    const socket = connectTls({ host, port, ca, servername: host });
    const password = Buffer.from(await token(connection));
    const line = new LineSender(socket, connection, await readyBody(module));
    socket.write(
      generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        keepalive: 0,
        clientId: clientId(connection),
        username: userName(connection),
        password,
      }),
    );
    const answer = await line.#read(4);
    if (!answer.equals(Buffer.from([0x20, 2, 0, 0]))) throw new Error(`CONNACK ${answer.toString('hex')}`);
    return line;
  }

  /** Encodes the next `count`, outside of the time measured. */
  prepare(count: number): void {
    const packets = Array.from({ length: count }, (_, index) =>
      generate({
        cmd: 'publish',
        topic: topicOf(this.#connection, this.#sequence++),
        payload: this.#body,
        qos: 1,
        messageId: (index % 65_535) + 1,
        dup: false,
        retain: false,
      }),
    );
    this.#ready = { count, bytes: Buffer.concat(packets) };
  }

  async send(count: number): Promise<void> {
    if (this.#ready?.count !== count) this.prepare(count);
    const acknowledgements = this.#read(count * 4);
    this.#socket.write(this.#ready?.bytes ?? Buffer.alloc(0));
    this.#ready = undefined;
    const bytes = await acknowledgements;
    // MQTT 3.1.1 4.6: in the order of the publishes.
    for (let index = 0; index < count; index++) {
      const isAcknowledged =
        bytes.readUInt16BE(index * 4) === 0x4002 &&
        bytes.readUInt16BE(index * 4 + 2) === (index % 65_535) + 1;
      if (!isAcknowledged) throw new Error(`publish ${index} of ${count} was not acknowledged in its turn`);
    }
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.end(generate({ cmd: 'disconnect' }), () => resolve()));
  }

  #read(length: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const pieces: Buffer[] = [];
      let left = length;
      const take = (piece: Buffer) => {
        pieces.push(piece);
        left -= piece.length;
        if (left <= 0) done(() => resolve(Buffer.concat(pieces)));
      };
      const fail = (error?: unknown) => done(() => reject(error ?? new Error('the hub closed the line')));
      const done = (settle: () => void) => {
        this.#socket.off('data', take).off('error', fail).off('close', fail);
        settle();
      };
      this.#socket.on('data', take).on('error', fail).on('close', fail);
    });
  }
}

/** One message as the agents send them. */
async function readyBody(module: WebAssembly.Module): Promise<Buffer> {
  const core = await loadCore(module);
  core.configure({
    seed: new Uint8Array(32).fill(7),
    localAddresses: [LOCAL_V4],
    firstCollectionSeconds: HOUR_SECONDS,
  });
  core.start(START_MS);
  const frames = new SecondsOfTraffic().next();
  core.input.set(frames);
  core.observe(0, frames.length);
  core.collect(START_MS + SECOND_MS, ['NetworkActivity']);
  const message = core.nextMessage();
  if (!message) throw new Error('the core made no message');
  return Buffer.from(message.bytes);
}

function token(connection: ConnectionString): Promise<string> {
  if (connection.key === undefined) throw new Error('the devices of the bench have keys');
  return sasToken(resource(connection), connection.key, Math.ceil(Date.now() / 1000) + HOUR_SECONDS);
}

function topicOf(connection: ConnectionString, sequence: number): string {
  return securityTopic(connection, { bootId: BOOT_ID, sequence, format: '2.3' });
}
