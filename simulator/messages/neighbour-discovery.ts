// IPv6 neighbour discovery (RFC 4861) and listener reports (RFC 3810), as bodies of ICMPv6 messages.
import { type Address, addressBytes, type IcmpMessage, type MacAddress, macBytes } from '../packets/index.ts';
import { MessageWriter } from './message-writer.ts';

const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
const LISTENER_REPORT = 143;
const SOURCE_LINK_ADDRESS = 1;
const TARGET_LINK_ADDRESS = 2;
const SOLICITED_AND_OVERRIDE = 0x6000_0000;
/** A listener starts to take a group from all sources. RFC 3810 5.2.12 */
const CHANGE_TO_EXCLUDE = 4;

/** Neighbours drop what a router has passed on. RFC 4861 7.1 */
export const NEIGHBOUR_HOP_LIMIT = 255;

/** senderMac: left out in duplicate address detection, which has no source address. RFC 4862 5.4.2 */
export function neighbourSolicitation(target: Address, senderMac?: MacAddress): IcmpMessage {
  const writer = new MessageWriter().u32(0).bytes(addressBytes(target));
  if (senderMac !== undefined) writer.u8(SOURCE_LINK_ADDRESS, 1).bytes(macBytes(senderMac));
  return { type: NEIGHBOUR_SOLICITATION, body: writer.end() };
}

export function neighbourAdvertisement(target: Address, mac: MacAddress): IcmpMessage {
  const writer = new MessageWriter().u32(SOLICITED_AND_OVERRIDE).bytes(addressBytes(target));
  return {
    type: NEIGHBOUR_ADVERTISEMENT,
    body: writer.u8(TARGET_LINK_ADDRESS, 1).bytes(macBytes(mac)).end(),
  };
}

export function listenerReport(groups: readonly Address[]): IcmpMessage {
  const writer = new MessageWriter().u16(0, groups.length);
  for (const group of groups) writer.u8(CHANGE_TO_EXCLUDE, 0).u16(0).bytes(addressBytes(group));
  return { type: LISTENER_REPORT, body: writer.end() };
}

/** Where a neighbour listens for questions about its address: ff02::1:ff00:0/104. RFC 4291 2.7.1 */
export function solicitedNode(address: Address): Uint8Array {
  const group = addressBytes('ff02::1:ff00:0').slice();
  group.set(addressBytes(address).subarray(13), 13);
  return group;
}
