// MQTT over WebSocket: from a TLS socket through HTTP to a stream of MQTT. Whatever else is asked over HTTP gets a line of text.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import { percentDecoded } from './property-bag.ts';
import { WebSocketStream } from './web-socket-stream.ts';

export interface WebSocketDoorOptions {
  /** Bytes of one message of the WebSocket. */
  readonly maxMessageBytes: number;
  /** From TLS to the end of the upgrade. */
  readonly handshakeTimeoutMs: number;
  onConnection(stream: Duplex, remoteAddress: string): void;
  /** TLS came about, an upgrade did not. */
  onRefused(reason: string, remoteAddress: string): void;
}

export const WEB_SOCKET_PATH = '/$iothub/websocket';
/** Of IoT Hub. */
export const WEB_SOCKET_PORT = 443;
const SUBPROTOCOL = 'mqtt';
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * Takes TLS sockets. Pages of any origin may connect: nothing a browser adds by itself says who a client is, the token in CONNECT
 * does, and no client certificate is asked for here.
 */
export function webSocketDoor(options: WebSocketDoorOptions): (socket: TLSSocket, address: string) => void {
  const addresses = new WeakMap<Duplex, string>();
  const timers = new WeakMap<Duplex, NodeJS.Timeout>();
  const refused = (socket: Duplex, reason: string) => options.onRefused(reason, addresses.get(socket) ?? '');

  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: options.maxMessageBytes,
    perMessageDeflate: false,
    skipUTF8Validation: true,
    autoPong: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  const http = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, insecureHTTPParser: false },
    (request, response) => {
      refused(request.socket, `HTTP ${request.method}`);
      answerPlain(request, response);
    },
  );
  http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    refused(socket, error.code ?? error.message);
    socket.destroy();
  });
  http.on('upgrade', (request, socket, head) => {
    clearTimeout(timers.get(socket));
    const fault = faultOf(request);
    if (fault) {
      refused(socket, fault.reason);
      socket.end(
        `HTTP/1.1 ${fault.status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${fault.reason.length + 1}\r\n\r\n${fault.reason}\n`,
      );
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      options.onConnection(new WebSocketStream(webSocket), addresses.get(socket) ?? ''),
    );
  });
  sockets.on('wsClientError', (error, socket) => refused(socket, error.message));

  return (socket, address) => {
    addresses.set(socket, address);
    // Node's own time-outs belong to servers that listen themselves.
    timers.set(
      socket,
      setTimeout(() => {
        refused(socket, 'no upgrade in time');
        socket.destroy();
      }, options.handshakeTimeoutMs),
    );
    socket.on('close', () => clearTimeout(timers.get(socket)));
    socket.on('error', () => socket.destroy());
    http.emit('connection', socket);
  };
}

function isPath(url: string): boolean {
  const [path = ''] = url.split('?');
  return percentDecoded(path) === WEB_SOCKET_PATH;
}

function faultOf({ url = '', headers }: IncomingMessage): { status: string; reason: string } | undefined {
  if (!isPath(url)) return { status: '404 Not Found', reason: `MQTT is at ${WEB_SOCKET_PATH}` };
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (offered.includes(SUBPROTOCOL)) return undefined;
  return { status: '400 Bad Request', reason: 'the subprotocol is mqtt' };
}

function answerPlain({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const isHere = isPath(url);
  response.writeHead(isHere ? 426 : 404, {
    connection: isHere ? 'Upgrade, close' : 'close',
    'content-type': 'text/plain',
    ...(isHere ? { upgrade: 'websocket' } : {}),
  });
  response.end(`Wardlet hub: MQTT over WebSocket is at ${WEB_SOCKET_PATH}\n`);
}
