// Where connections come in: TCP sockets, counted and bounded, then TLS. One for MQTT, perhaps others for WebSocket and for MQTT without TLS.

import { constants } from 'node:crypto';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureContextOptions, type SecureVersion } from 'node:tls';
import { WardletError } from '../../bindings/js/errors.ts';
import type { Certificates } from './certificates.ts';

export interface ListenerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly certificates: Certificates;
  /** Of every listener that shares the limit. */
  readonly sockets: Set<Socket>;
  readonly maxConnections: number;
  readonly handshakeTimeoutMs: number;
  /** A client may come with a certificate; TLS takes any, CONNECT judges it. */
  readonly asksForCertificate: boolean;
  /** No TLS: what is sent can be read, and changed, by whoever is in between. Default: false. */
  readonly isPlain?: boolean;
  onConnection(socket: Socket, remoteAddress: string): void;
  onHandshakeFailed(reason: string, remoteAddress: string): void;
  /** False: its address may not connect, and it is closed at once. */
  accepts(remoteAddress: string): boolean;
  /** A connection has come: how long it waits for TLS, ms. */
  holdMs(): number;
  /** Over the limit: it was closed at once. */
  onDropped(): void;
}

export interface Listener {
  readonly port: number;
  /** New connections get these from now on. */
  setCertificates(certificates: Certificates): void;
  /** Takes no more, and ends every connection that is not over in a moment. */
  close(): Promise<void>;
}

const OLDEST: SecureVersion = 'TLSv1.2';
/** localhost is two addresses: whichever a client tries first is there. */
const LOOPBACK = ['127.0.0.1', '::1'];
/** For the last bytes of connections that are being closed. */
const CLOSING_MS = 300;
/** A free port of one address may be taken on the other. */
const PORT_ATTEMPTS = 10;

/** Listens; throws WL_PORT_IN_USE, or WL_BAD_OPTION where host or port cannot be had. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { certificates, handshakeTimeoutMs, sockets } = options;
  const tls = createTlsServer({
    ...contextOf(certificates),
    handshakeTimeout: handshakeTimeoutMs,
    requestCert: options.asksForCertificate,
    rejectUnauthorized: false,
  });
  tls.on('secureConnection', (socket) => options.onConnection(socket, addressOf(socket)));
  tls.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    options.onHandshakeFailed(error.code ?? error.message, addressOf(socket));
    socket.destroy();
  });
  const take = (socket: Socket): void => {
    if (options.isPlain) options.onConnection(socket, addressOf(socket));
    else tls.emit('connection', socket);
  };
  const accept = (socket: Socket) => {
    if (sockets.size >= options.maxConnections) {
      socket.destroy();
      options.onDropped();
      return;
    }
    if (!options.accepts(socket.remoteAddress ?? '')) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.setNoDelay(true);
    const holdMs = options.holdMs();
    if (holdMs === 0) {
      take(socket);
      return;
    }
    socket.on('error', () => socket.destroy());
    setTimeout(() => {
      if (!socket.destroyed) take(socket);
    }, holdMs);
  };
  const servers = await bind(options, accept);
  return {
    port: portOf(servers),
    setCertificates: (renewed) => tls.setSecureContext(contextOf(renewed)),
    async close() {
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, CLOSING_MS);
      await Promise.all(servers.map(closeServer));
      clearTimeout(timer);
    },
  };
}

/** No tickets: a session resumed by one knows the client's certificate, but no longer those it came with. */
function contextOf({ server, serverKey }: Certificates): SecureContextOptions {
  return { key: serverKey, cert: server, minVersion: OLDEST, secureOptions: constants.SSL_OP_NO_TICKET };
}

async function bind(options: ListenerOptions, accept: (socket: Socket) => void): Promise<Server[]> {
  const { host, port } = options;
  const addresses = host === 'localhost' ? LOOPBACK : [host];
  for (let attempt = 1; ; attempt++) {
    const servers: Server[] = [];
    try {
      for (const address of addresses) {
        // The second address gets the port that the first one was given.
        const server = await open(accept, address, servers.length === 0 ? port : portOf(servers));
        if (server) servers.push(server);
      }
      if (servers.length === 0) throw Object.assign(new Error('no address'), { code: 'EADDRNOTAVAIL' });
      return servers;
    } catch (error) {
      await Promise.all(servers.map(closeServer));
      if (port === 0 && codeOf(error) === 'EADDRINUSE' && attempt < PORT_ATTEMPTS) continue;
      throw cannotListen(error, host, port);
    }
  }
}

/** Undefined: this machine has no such loopback address. */
async function open(
  accept: (socket: Socket) => void,
  address: string,
  port: number,
): Promise<Server | undefined> {
  const server = createTcpServer(accept);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: address, ipv6Only: address === '::1' }, resolve);
    });
  } catch (error) {
    const isMissing = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(error));
    if (isMissing && LOOPBACK.includes(address)) return undefined;
    throw error;
  }
  // Running out of file descriptors, for one: the connections that are there go on.
  server.on('error', () => {});
  return server;
}

function cannotListen(cause: unknown, host: string, port: number): WardletError {
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return new WardletError('WL_PORT_IN_USE', `port ${port} on ${host} is in use`, {
        cause,
        hint: 'stop the other program, perhaps another hub, or choose a port: --port 8884, or 0 for any',
      });
    case 'EACCES':
      return new WardletError('WL_BAD_OPTION', `port ${port} needs more rights than this user has`, {
        cause,
        hint: 'choose a port from 1024 up; IoT Hub uses 8883',
      });
    default:
      return new WardletError('WL_BAD_OPTION', `cannot listen on ${host} port ${port}: ${codeOf(cause)}`, {
        cause,
        hint: "the host is one of this machine's addresses, localhost, or 0.0.0.0 or :: for all of them",
      });
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function portOf([server]: readonly Server[]): number {
  const address = server?.address() as AddressInfo | undefined;
  return address?.port ?? 0;
}

function addressOf(socket: Socket): string {
  return socket.remoteAddress ?? '';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
