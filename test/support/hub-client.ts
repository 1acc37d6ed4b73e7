// A client of the hub made of a TLS socket and MQTT packets, which can say what no honest client says.

import { createHmac } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { generate, type Packet, parser } from 'mqtt-packet';

export interface Credentials {
  readonly hostName?: string;
  readonly deviceId: string;
  readonly key: string;
}

/** A token as the documentation has it, made here without the hub's code. */
export function sasToken(
  { hostName = 'localhost', deviceId, key }: Credentials,
  expiresSeconds: number,
): string {
  const resource = encodeURIComponent(`${hostName}/devices/${deviceId}`);
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(`${resource}\n${expiresSeconds}`);
  const sig = encodeURIComponent(signature.digest('base64'));
  return `SharedAccessSignature sr=${resource}&sig=${sig}&se=${expiresSeconds}`;
}

export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

export interface ConnectFields {
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string | undefined;
  readonly keepalive?: number;
  readonly clean?: boolean;
  readonly protocolVersion?: 3 | 4 | 5;
  readonly will?: { topic: string; payload: string; qos: 0 | 1 | 2; retain: boolean };
  /** Hears whether the hub found a session. */
  readonly onAnswer?: (isSessionPresent: boolean) => void;
}

export class HubClient {
  readonly received: Packet[] = [];
  readonly socket: TLSSocket;
  isClosed = false;
  #changed: Array<() => void> = [];

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    const packets = parser({ protocolVersion: 4 });
    packets.on('packet', (packet: Packet) => {
      this.received.push(packet);
      this.#wake();
    });
    packets.on('error', () => {});
    socket.on('data', (chunk) => packets.parse(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  /** `identity`: a client certificate, and what it is to be presented with. */
  static async open(
    hub: { readonly port: number; readonly caCertificate: string },
    identity: { readonly certificate?: string; readonly key?: string } = {},
  ): Promise<HubClient> {
    const { certificate: cert, key } = identity;
    const socket = connect({ port: hub.port, host: 'localhost', ca: hub.caCertificate, cert, key });
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    return new HubClient(socket);
  }

  send(packet: Packet): void {
    this.socket.write(generate(packet));
  }

  /** Sends CONNECT for the device; its fields can be replaced. Returns the code of the CONNACK, undefined without one. */
  async connect(device: Credentials, fields: ConnectFields = {}): Promise<number | undefined> {
    const { hostName = 'localhost', deviceId } = device;
    const { onAnswer, ...given } = fields;
    const password = 'password' in fields ? fields.password : sasToken(device, inSeconds(3600));
    this.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      keepalive: 60,
      clientId: deviceId,
      username: `${hostName}/${deviceId}/?api-version=2021-04-12`,
      ...given,
      ...(password === undefined ? { password: undefined } : { password: Buffer.from(password) }),
    } as Packet);
    const answer = await this.next('connack').catch(() => undefined);
    if (answer?.cmd !== 'connack') return undefined;
    onAnswer?.(answer.sessionPresent);
    return answer.returnCode;
  }

  publish(
    topic: string,
    payload: string | Buffer,
    messageId: number,
    qos: 0 | 1 | 2 = 1,
    retain = false,
  ): void {
    this.send({ cmd: 'publish', topic, payload, qos, messageId, retain, dup: false });
  }

  /** The next packet of a kind that has not been taken; rejects when the connection ends before. */
  async next(cmd: Packet['cmd']): Promise<Packet> {
    for (;;) {
      const index = this.received.findIndex((packet) => packet.cmd === cmd);
      const [packet] = index < 0 ? [] : this.received.splice(index, 1);
      if (packet) return packet;
      if (this.isClosed) throw new Error(`closed before ${cmd}`);
      await this.#change();
    }
  }

  async closed(): Promise<void> {
    while (!this.isClosed) await this.#change();
  }

  close(): void {
    this.socket.destroy();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #wake(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }
}
