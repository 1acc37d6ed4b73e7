// The REST side at a TLS connection: one request each, bounded in size and time, with the token or not at all.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { WardletError } from '../../bindings/js/errors.ts';
import { azureErrorOf } from '../hub/azure-errors.ts';
import { bounded, type HubHappening } from '../hub/hub-events.ts';
import { openApiOf } from './openapi.ts';
import { parseBody, readBody } from './request-body.ts';
import { matchRoute, type RestAnswer, type Route } from './route.ts';
import { isAuthorised } from './token.ts';

const REQUEST_MS = 10_000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_URL = 2_048;

export interface RestDoorOptions {
  readonly routes: readonly Route[];
  token(): string | undefined;
  record(happening: HubHappening): void;
}

/** What takes connections. */
export function restDoor({ routes, token, record }: RestDoorOptions): (socket: TLSSocket) => void {
  const table: readonly Route[] = [
    ...routes,
    {
      method: 'GET',
      path: '/openapi.json',
      summary: 'This document',
      handle: () => ({ body: openApiOf(table) }),
    },
  ];
  const timers = new WeakMap<object, NodeJS.Timeout>();
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, insecureHTTPParser: false });
  server.maxRequestsPerSocket = 1;

  async function answered(request: IncomingMessage, path: string, query: string): Promise<RestAnswer> {
    const match = matchRoute(table, request.method ?? '', path);
    if (!('route' in match)) return fault(match.status, match.status * 1000, 'no such operation');
    const body = await readBody(request);
    clearTimeout(timers.get(request.socket));
    return match.route.handle({
      path: match.path,
      query: new URLSearchParams(query),
      headers: request.headers,
      body,
      json: () => parseBody(body),
    });
  }

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', socket } = request;
    const remoteAddress = socket.remoteAddress ?? '';
    const [path = '', query = ''] = url.split(/\?(.*)/s);
    const said = { method, path: bounded(path), remoteAddress };
    if (!isAuthorised(request.headers.authorization, token())) {
      record({ kind: 'unauthorised', ...said });
      respond(response, fault(401, 401_003, 'Unauthorized'));
      return;
    }
    if (url.length > MAX_URL) {
      respond(response, fault(414, 414_000, 'the URL is too long'));
      return;
    }
    answered(request, path, query)
      .catch(faultOf)
      .then((answer) => {
        const { status = 200 } = answer;
        if (method !== 'GET') record({ kind: 'operation', ...said, status });
        respond(response, answer);
      });
  });
  server.on('clientError', (_, socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    setTimeout(() => socket.destroy(), 500).unref();
  });
  return (socket) => {
    timers.set(
      socket,
      setTimeout(() => socket.destroy(), REQUEST_MS),
    );
    socket.on('close', () => clearTimeout(timers.get(socket)));
    socket.on('error', () => socket.destroy());
    server.emit('connection', socket);
  };
}

function respond(response: ServerResponse, { status = 200, etag, body }: RestAnswer): void {
  const { socket } = response;
  const isEmpty = body === undefined || status === 204;
  response.writeHead(status, {
    Connection: 'close',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(isEmpty ? {} : { 'Content-Type': 'application/json; charset=utf-8' }),
    ...(etag === undefined ? {} : { ETag: `"${etag}"` }),
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
  });
  response.end(isEmpty ? undefined : JSON.stringify(body));
  // A client that goes on sending, or does not read, is not waited for.
  setTimeout(() => socket?.destroy(), 2_000).unref();
}

function faultOf(error: unknown): RestAnswer {
  const { status, errorCode } = azureErrorOf(error);
  if (error instanceof WardletError) return fault(status, errorCode, error.message, error.hint);
  return fault(status, errorCode, 'the hub could not do that');
}

function fault(status: number, errorCode: number, message: string, hint?: string): RestAnswer {
  return { status, body: { errorCode, message, ...(hint === undefined ? {} : { hint }) } };
}
