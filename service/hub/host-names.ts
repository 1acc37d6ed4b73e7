// The names a hub goes by: in its certificate, in tokens, in user names.

import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { WardletError } from '../../bindings/js/errors.ts';

const LABEL = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?';
const DNS_NAME = new RegExp(`^(?=.{1,253}$)${LABEL}(\\.${LABEL})*$`);

/** Every machine's own. */
const LOCAL = ['localhost', '127.0.0.1', '::1'];

/** What was given first, then the machine's own; lower case, each once. Throws WL_BAD_OPTION. */
export function hostNamesOf(given: readonly string[]): string[] {
  const names = given.map((name) => name.toLowerCase());
  const wrong = names.find((name) => !isHostName(name));
  if (wrong !== undefined) {
    throw new WardletError('WL_BAD_OPTION', `${JSON.stringify(wrong)} is no host name`, {
      hint: 'a host name or address as devices will use it, without port: hub.example.com, 192.0.2.7',
    });
  }
  return [...new Set([...names, ...LOCAL, ...machineNames()])];
}

/** The machine's own name, where it is one that DNS would take. */
export function machineNames(): string[] {
  const name = hostname().toLowerCase();
  return isHostName(name) ? [name] : [];
}

/** A name as a client sends it: any case, an IPv6 address perhaps in brackets, and the port where it was told one. */
export function normalHostName(name: string): string {
  const lower = name.toLowerCase();
  const [, bracketed] = /^\[(.*)\](?::\d+)?$/.exec(lower) ?? [];
  return bracketed ?? lower.replace(/^([^:]+):\d+$/, '$1');
}

function isHostName(name: string): boolean {
  return isIP(name) !== 0 || DNS_NAME.test(name);
}
