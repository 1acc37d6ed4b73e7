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

/** An answer is over after so long, however steadily it is read. */
const MAX_ANSWER_MS = 60_000;
/** A client that goes on sending is not waited for. */
const CLOSING_MS = 2_000;
/** Handed over piece by piece: each that is taken is progress. */
const PIECE_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_URL = 2_048;

export interface RestDoorOptions {
  readonly routes: readonly Route[];
  /** For the request; and for each piece of the answer to be taken. */
  readonly timeoutMs: number;
  token(): string | undefined;
  record(happening: HubHappening): void;
}

/** What takes connections. */
export function restDoor({ routes, timeoutMs, token, record }: RestDoorOptions): (socket: TLSSocket) => void {
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
      clearTimeout(timers.get(socket));
      void respond(response, fault(401, 401_003, 'Unauthorized'), timeoutMs);
      return;
    }
    if (url.length > MAX_URL) {
      clearTimeout(timers.get(socket));
      void respond(response, fault(414, 414_000, 'the URL is too long'), timeoutMs);
      return;
    }
    answered(request, path, query)
      .catch(faultOf)
      .then((answer) => {
        const { status = 200 } = answer;
        if (method !== 'GET') record({ kind: 'operation', ...said, status });
        clearTimeout(timers.get(socket));
        return respond(response, answer, timeoutMs);
      })
      .catch(() => socket.destroy());
  });
  server.on('clientError', (_, socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    setTimeout(() => socket.destroy(), 500).unref();
  });
  return (socket) => {
    timers.set(
      socket,
      setTimeout(() => socket.destroy(), timeoutMs),
    );
    socket.on('close', () => clearTimeout(timers.get(socket)));
    socket.on('error', () => socket.destroy());
    server.emit('connection', socket);
  };
}

/** Bounded, and fair: who reads gets all of it, who stops reading is not waited for. */
async function respond(
  response: ServerResponse,
  { status = 200, etag, body }: RestAnswer,
  timeoutMs: number,
): Promise<void> {
  const { socket } = response;
  if (!socket || socket.destroyed) return;
  const isEmpty = body === undefined || status === 204;
  const bytes = Buffer.from(isEmpty ? '' : JSON.stringify(body));
  response.writeHead(status, {
    Connection: 'close',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(isEmpty ? {} : { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': bytes.length }),
    ...(etag === undefined ? {} : { ETag: `"${etag}"` }),
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
  });
  const end = () => socket.destroy();
  const timers = [setTimeout(end, MAX_ANSWER_MS), setTimeout(end, timeoutMs)];
  const closed = new Promise<false>((resolve) => {
    socket.on('close', () => {
      for (const timer of timers) clearTimeout(timer);
      resolve(false);
    });
  });
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const taken = new Promise<boolean>((resolve) => {
      response.write(bytes.subarray(at, at + PIECE_BYTES), (error) => resolve(!error));
    });
    if (!(await Promise.race([taken, closed]))) return;
    timers[1]?.refresh();
  }
  response.end(() => timers.push(setTimeout(end, CLOSING_MS)));
}

function faultOf(error: unknown): RestAnswer {
  const { status, errorCode } = azureErrorOf(error);
  if (error instanceof WardletError) return fault(status, errorCode, error.message, error);
  return fault(status, errorCode, 'the hub could not do that');
}

/** `code` is the hub's own, `errorCode` IoT Hub's. */
function fault(
  status: number,
  errorCode: number,
  message: string,
  { code, hint }: { readonly code?: string; readonly hint?: string } = {},
): RestAnswer {
  return {
    status,
    body: {
      errorCode,
      message,
      ...(code === undefined ? {} : { code }),
      ...(hint === undefined ? {} : { hint }),
    },
  };
}
