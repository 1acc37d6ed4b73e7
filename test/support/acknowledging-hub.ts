// An endpoint that takes every device and acknowledges every message, until a test tells it otherwise. Not a hub: no topic, token or device
// is checked.

import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer, type Server, type TlsOptions } from 'node:tls';
import {
  generate,
  type IConnectPacket,
  type IPublishPacket,
  parser as makeParser,
  type Packet,
} from 'mqtt-packet';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { parseMessageType } from '../../bindings/js/messages/message-type.ts';
import type { MessageFormat } from '../../bindings/js/messages/security-message.ts';
import { Authority } from './certificates.ts';
import type { CloudSide } from './cloud-side.ts';

export type Answer = 'acknowledge' | 'keep quiet' | 'cut before storing' | 'cut after storing';

export class AcknowledgingHub {
  readonly caCertificate: string;
  readonly connects: IConnectPacket[] = [];
  readonly stored: IPublishPacket[] = [];
  /** Goodbyes heard. */
  disconnects = 0;
  /** Common names of the certificates that devices showed, '' where none; and paths of WebSockets. */
  readonly shown: string[] = [];
  readonly paths: string[] = [];
  /** Of each TCP connection: this end's address, and the device's port. */
  readonly peers: Array<{ readonly address: string | undefined; readonly port: number | undefined }> = [];
  /** CONNACK; undefined: none at all. */
  returnCode: number | undefined = 0;
  answer: (packet: IPublishPacket) => Answer = () => 'acknowledge';
  /** Twin, methods and messages, where a test has them. */
  cloud: CloudSide | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();

  private constructor(server: Server, caCertificate: string) {
    this.#server = server;
    this.caCertificate = caCertificate;
    server.on('secureConnection', (socket) => {
      this.peers.push({ address: socket.localAddress, port: socket.remotePort });
      this.shown.push(socket.getPeerCertificate().subject?.CN ?? '');
      if (!(server instanceof HttpsServer)) this.#serve(socket);
    });
    server.on('tlsClientError', () => {});
  }

  /** What is stored, each in the format that its property `mti` says. */
  get messages(): ReadonlyArray<{ readonly format: MessageFormat; readonly bytes: Uint8Array }> {
    return this.stored.map(({ topic, payload }) => {
      const type = parseMessageType(/[/&]mti=([^&]+)/.exec(topic)?.[1] ?? '');
      if (!type) throw new Error(`no mti that is known in ${topic}`);
      return { format: type.format, bytes: payload as Buffer };
    });
  }

  static async start(options: TlsOptions = {}, port = 0): Promise<AcknowledgingHub> {
    const authority = await Authority.make('Test Authority');
    const { certificate, key } = await authority.server();
    const hub = new AcknowledgingHub(
      createServer({ cert: certificate, key, ...options }),
      authority.certificate,
    );
    await new Promise<void>((resolve) => hub.#server.listen(port, 'localhost', resolve));
    return hub;
  }

  /** The same behind WebSockets. */
  static async startWebSocket(options: TlsOptions = {}): Promise<AcknowledgingHub> {
    const authority = await Authority.make('Test Authority');
    const { certificate, key } = await authority.server();
    const server = createHttpsServer({ cert: certificate, key, ...options });
    const hub = new AcknowledgingHub(server, authority.certificate);
    const sockets = new WebSocketServer({
      server,
      handleProtocols: (offered) => offered.has('mqtt') && 'mqtt',
    });
    sockets.on('connection', (socket, request) => {
      hub.paths.push(request.url ?? '');
      hub.#serve(createWebSocketStream(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    return hub;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** For a device of that name; the key is of no importance here. */
  connectionString(deviceId: string, key = 'a2V5'): string {
    return `HostName=hub.example;DeviceId=${deviceId};SharedAccessKey=${key};GatewayHostName=localhost:${this.port}`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Without a word to anybody. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    if (this.#server instanceof HttpsServer) this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    const parser = makeParser({ protocolVersion: 4 });
    parser.on('packet', (packet: Packet) => this.#take(socket, packet));
    socket.on('data', (chunk: Buffer) => parser.parse(chunk));
  }

  #take(socket: Duplex, packet: Packet): void {
    if (this.cloud?.take(socket, packet)) return;
    switch (packet.cmd) {
      case 'connect':
        this.connects.push(packet);
        if (this.returnCode === undefined) return;
        socket.write(generate({ cmd: 'connack', returnCode: this.returnCode, sessionPresent: false }));
        if (this.returnCode !== 0) socket.end();
        return;
      case 'publish': {
        const answer = this.answer(packet);
        if (answer !== 'cut before storing')
          this.stored.push({ ...packet, payload: Buffer.from(packet.payload) });
        if (answer === 'acknowledge')
          socket.write(generate({ cmd: 'puback', messageId: packet.messageId ?? 0 }));
        if (answer.startsWith('cut')) socket.destroy();
        return;
      }
      case 'subscribe': {
        // 0x80: there is nothing to subscribe to here.
        const granted = packet.subscriptions.map(() => 0x80);
        socket.write(generate({ cmd: 'suback', messageId: packet.messageId ?? 0, granted }));
        return;
      }
      case 'pingreq':
        socket.write(generate({ cmd: 'pingresp' }));
        return;
      case 'disconnect':
        this.disconnects++;
        socket.end();
    }
  }
}
