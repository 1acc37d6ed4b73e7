// Which flows to show: a small part of the language of tcpdump, about flows instead of packets.
//
//   terms joined by "and", each with an optional "not":
//   tcp | udp | icmp | ip | ip6 | port N | host ADDRESS | net ADDRESS/PREFIX

import { parseAddress, parsePrefix } from '../../bindings/js/address.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import type { FlowTotal } from './flow-totals.ts';

export type FlowFilter = (flow: FlowTotal) => boolean;

/** @throws WardletError WL_BAD_FILTER, WL_BAD_ADDRESS */
export function parseFlowFilter(text: string): FlowFilter {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const terms: FlowFilter[] = [];
  for (let at = 0; at < words.length; ) {
    if (at > 0 && words[at] === 'and') at++;
    const negated = words[at] === 'not';
    if (negated) at++;
    const { term, length } = parseTerm(words[at], words[at + 1], text);
    terms.push(negated ? (flow) => !term(flow) : term);
    at += length;
  }
  return (flow) => terms.every((term) => term(flow));
}

function parseTerm(
  word: string | undefined,
  value: string | undefined,
  text: string,
): { term: FlowFilter; length: number } {
  switch (word) {
    case 'tcp':
    case 'udp':
    case 'icmp': {
      const protocol = word.toUpperCase();
      return { term: (flow) => flow.protocol === protocol, length: 1 };
    }
    case 'ip':
      return { term: (flow) => !flow.remoteAddress.includes(':'), length: 1 };
    case 'ip6':
      return { term: (flow) => flow.remoteAddress.includes(':'), length: 1 };
    case 'port': {
      const port = Number(value);
      if (!/^\d{1,5}$/.test(value ?? '') || port > 65535)
        throw badFilter(text, `after "port" comes 0 to 65535`);
      return { term: (flow) => flow.localPort === port || flow.remotePort === port, length: 2 };
    }
    case 'host':
    case 'net': {
      if (value === undefined) throw badFilter(text, `after "${word}" comes an address`);
      const { bytes, prefixLength } = parsePrefix(value);
      const length = value.includes('/') ? prefixLength : bytes.length * 8;
      return {
        term: (flow) =>
          isWithin(flow.localAddress, bytes, length) || isWithin(flow.remoteAddress, bytes, length),
        length: 2,
      };
    }
    default:
      throw badFilter(text, word === undefined ? 'a term is missing' : `"${word.slice(0, 40)}" is no term`);
  }
}

function isWithin(address: string, network: Uint8Array, prefixLength: number): boolean {
  const bytes = parseAddress(address);
  if (bytes.length !== network.length) return false;
  for (let bit = 0; bit < prefixLength; bit += 8) {
    const mask = prefixLength - bit >= 8 ? 0xff : (0xff00 >> (prefixLength - bit)) & 0xff;
    const index = bit / 8;
    if (((bytes[index] ?? 0) ^ (network[index] ?? 0)) & mask) return false;
  }
  return true;
}

function badFilter(text: string, reason: string): WardletError {
  return new WardletError(
    'WL_BAD_FILTER',
    `the filter ${JSON.stringify(text.slice(0, 80))} cannot be read: ${reason}`,
    {
      hint: 'terms: tcp, udp, icmp, ip, ip6, port N, host ADDRESS, net ADDRESS/PREFIX; joined by "and", negated by "not"',
    },
  );
}
