// The four messages with which a device gets its address: RFC 2131, options of RFC 2132.
import { type Address, addressBytes, type MacAddress, macBytes } from '../packets/index.ts';
import { MessageWriter } from './message-writer.ts';

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

const KINDS = { discover: 1, offer: 2, request: 3, acknowledgement: 5 } as const;
export type DhcpKind = keyof typeof KINDS;

const REQUEST = 1;
const REPLY = 2;
const MAGIC_COOKIE = 0x63825363;
/** Shorter BOOTP messages are dropped by some relays (RFC 1542 2.1). */
const SHORTEST = 300;
const LEASE_SECONDS = 86_400;

export interface DhcpExchange {
  readonly transaction: number;
  readonly clientMac: MacAddress;
  readonly hostName: string;
  readonly offered: Address;
  readonly server: Address;
  readonly netmask: Address;
}

export function dhcpMessage(kind: DhcpKind, exchange: DhcpExchange): Uint8Array {
  const isReply = kind === 'offer' || kind === 'acknowledgement';
  const writer = new MessageWriter().u8(isReply ? REPLY : REQUEST, 1, 6, 0).u32(exchange.transaction);
  writer.u32(0, 0);
  writer.bytes(isReply ? addressBytes(exchange.offered) : new Uint8Array(4)).u32(0, 0);
  // Client hardware address, server name, boot file.
  writer.bytes(macBytes(exchange.clientMac)).bytes(new Uint8Array(10 + 64 + 128));
  writer.u32(MAGIC_COOKIE).u8(53, 1, KINDS[kind]);
  if (kind === 'request') addressOption(writer, 50, exchange.offered);
  if (kind !== 'discover') addressOption(writer, 54, exchange.server);
  if (isReply) {
    writer.u8(51, 4).u32(LEASE_SECONDS);
    addressOption(writer, 1, exchange.netmask);
    addressOption(writer, 3, exchange.server);
    addressOption(writer, 6, exchange.server);
  } else {
    writer.u8(12, exchange.hostName.length).text(exchange.hostName);
    // It asks for netmask, router, resolver.
    writer.u8(55, 3, 1, 3, 6);
  }
  const bytes = writer.u8(255).end();
  const padded = new Uint8Array(Math.max(SHORTEST, bytes.length));
  padded.set(bytes);
  return padded;
}

function addressOption(writer: MessageWriter, code: number, address: Address): void {
  writer.u8(code, 4).bytes(addressBytes(address));
}
