// Shared access signatures: what a device presents instead of its key.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Identity } from './client-identity.ts';
import { percentDecoded } from './property-bag.ts';

export interface SasToken {
  /** As sent, still encoded: this is what was signed. */
  readonly resource: string;
  readonly signature: Uint8Array;
  /** As sent, seconds since 1970. */
  readonly expiry: string;
  readonly expiresMs: number;
  /** Names a policy of the hub instead of the device's own key. */
  readonly policy?: string;
}

const PREFIX = 'SharedAccessSignature ';
const FIELDS = new Set(['sr', 'sig', 'se', 'skn']);
const SIGNATURE_BYTES = 32;

/** The token's fields, in any order, each once; undefined: it is none. */
export function parseSasToken(text: string): SasToken | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const fields = new Map<string, string>();
  for (const field of text.slice(PREFIX.length).split('&')) {
    const equals = field.indexOf('=');
    const name = field.slice(0, Math.max(0, equals));
    if (!FIELDS.has(name) || fields.has(name)) return undefined;
    fields.set(name, field.slice(equals + 1));
  }
  const resource = fields.get('sr') ?? '';
  const expiry = fields.get('se') ?? '';
  const encoded = percentDecoded(fields.get('sig') ?? '') ?? '';
  const signature = Buffer.from(encoded, 'base64');
  if (resource === '' || !/^\d{1,12}$/.test(expiry) || signature.length !== SIGNATURE_BYTES) return undefined;
  // Buffer passes over what is no base64: a damaged signature would do as well as the one that was sent.
  if (signature.toString('base64') !== encoded) return undefined;
  const policy = fields.get('skn');
  // Some clients always send the field, empty where it names nothing.
  return { resource, signature, expiry, expiresMs: Number(expiry) * 1000, ...(policy ? { policy } : {}) };
}

/** The host a token is for, and whether the rest names this identity; undefined: it names neither. */
export function tokenResource(
  resource: string,
  { deviceId, moduleId }: Identity,
): { readonly hostName: string; readonly isIdentity: boolean } | undefined {
  const [hostName = '', ...path] = (percentDecoded(resource) ?? '').split('/');
  if (hostName === '') return undefined;
  const wanted = ['devices', deviceId, ...(moduleId === undefined ? [] : ['modules', moduleId])];
  const isIdentity =
    path.length === wanted.length &&
    // Some clients encode the id before they encode the whole.
    wanted.every((part, index) => path[index] === part || percentDecoded(path[index] ?? '') === part);
  return { hostName, isIdentity };
}

/** Whether the token was signed with this key, base64. Takes as long for a wrong one. */
export function isSignedWith(token: SasToken, key: string): boolean {
  const expected = createHmac('sha256', Buffer.from(key, 'base64'))
    .update(`${token.resource}\n${token.expiry}`)
    .digest();
  return timingSafeEqual(expected, token.signature);
}
