// The body of a request: bounded bytes, and JSON of bounded depth without keys that mean something to JavaScript.

import type { IncomingMessage } from 'node:http';
import { WardletError } from '../../bindings/js/errors.ts';

export const MAX_BODY_BYTES = 256 * 1024;
const MAX_DEPTH = 32;

/** Rejects with WL_TOO_LARGE. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new WardletError('WL_TOO_LARGE', `the body is longer than ${MAX_BODY_BYTES} bytes`, {
        hint: 'send less in one request',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** An object, or a list; nothing is an empty object. Throws WL_BAD_OPTION. */
export function parseBody(body: Buffer): unknown {
  if (body.length === 0) return {};
  const text = body.toString('utf8');
  if (depthOf(text) > MAX_DEPTH) throw wrong(`the body is nested deeper than ${MAX_DEPTH}`);
  let isForbidden = false;
  let value: unknown;
  try {
    value = JSON.parse(text, (key, inner: unknown) => {
      if (key === '__proto__') isForbidden = true;
      return inner;
    });
  } catch {
    throw wrong('the body is no JSON');
  }
  if (isForbidden) throw wrong('the body has a key __proto__');
  if (typeof value !== 'object' || value === null) throw wrong('the body is neither an object nor a list');
  return value;
}

/** Of brackets outside strings; before anything recursive sees them. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (isString) {
      if (char === '\\') at++;
      else if (char === '"') isString = false;
    } else if (char === '"') isString = true;
    else if (char === '{' || char === '[') deepest = Math.max(deepest, ++depth);
    else if (char === '}' || char === ']') depth--;
  }
  return deepest;
}

function wrong(message: string): WardletError {
  return new WardletError('WL_BAD_OPTION', message, { hint: 'send one JSON object, UTF-8' });
}
