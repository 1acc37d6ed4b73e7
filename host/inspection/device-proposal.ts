// Whose capture is this? Without --local the address that takes part in most packets is proposed, and with it the other
// addresses of the same network card. Only a proposal: on a mirror port no address may be in most of the packets.

import { formatAddress } from '../../bindings/js/address.ts';
import { FRAME_CAPTURED, FRAME_HEADER, FRAME_LINK, LINK_ETHERNET } from '../../schema/frame.ts';
import { ipHeaderAt } from './ip-header.ts';

export interface DeviceProposal {
  /** The likeliest address first. */
  readonly localAddresses: readonly string[];
  /** Of the IP packets looked at, the share that one of the addresses sent or received, 0 to 1. */
  readonly share: number;
}

/** Addresses remembered; a flood of others changes nothing about who is in most packets. */
const ADDRESSES_MAX = 65536;
/** A card that sends from more addresses than this is a router's. */
const ADDRESSES_OF_A_DEVICE = 8;

/** frames: whole frames as for a core (schema/frame.ts). undefined: not one IP packet with a unicast address. */
export function proposeDevice(frames: readonly Uint8Array[]): DeviceProposal | undefined {
  const packetsOf = new Map<string, number>();
  const addressesOfCard = new Map<string, Set<string>>();
  const pairs: Array<readonly [string, string]> = [];
  for (const { card, source, destination } of packets(frames)) {
    pairs.push([source, destination]);
    for (const address of [source, destination]) {
      if (packetsOf.size < ADDRESSES_MAX || packetsOf.has(address)) {
        packetsOf.set(address, (packetsOf.get(address) ?? 0) + 1);
      }
    }
    if (card === undefined) continue;
    const sends = addressesOfCard.get(card) ?? new Set();
    addressesOfCard.set(card, sends);
    if (sends.size <= ADDRESSES_OF_A_DEVICE) sends.add(source);
  }

  let likeliest: string | undefined;
  for (const [address, count] of packetsOf) {
    if (isUnicast(address) && (likeliest === undefined || count > (packetsOf.get(likeliest) ?? 0))) {
      likeliest = address;
    }
  }
  if (likeliest === undefined) return undefined;
  const found = new Set([likeliest]);
  for (const addresses of addressesOfCard.values()) {
    if (addresses.size > ADDRESSES_OF_A_DEVICE || !addresses.has(likeliest)) continue;
    for (const address of addresses) if (isUnicast(address)) found.add(address);
  }
  const taken = pairs.filter(([source, destination]) => found.has(source) || found.has(destination)).length;
  return { localAddresses: [...found].map(addressText), share: taken / pairs.length };
}

interface AddressedPacket {
  /** Hardware address of the sender, where the link has one. */
  readonly card: string | undefined;
  /** Network-order bytes, one character each: cheap to compare. */
  readonly source: string;
  readonly destination: string;
}

function* packets(batches: readonly Uint8Array[]): Generator<AddressedPacket> {
  for (const batch of batches) {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
    let next = 0;
    for (let at = 0; at + FRAME_HEADER <= batch.length; at = next) {
      next = at + FRAME_HEADER + view.getUint16(at + FRAME_CAPTURED, true);
      const link = view.getUint16(at + FRAME_LINK, true);
      const frame = batch.subarray(at + FRAME_HEADER, next);
      const header = ipHeaderAt(link, frame);
      if (header < 0) continue;
      const isV6 = (frame[header] as number) >> 4 === 6;
      const [addresses, length] = isV6 ? [header + 8, 16] : [header + 12, 4];
      if (addresses + 2 * length > frame.length) continue;
      yield {
        card: link === LINK_ETHERNET ? key(frame, 6, 6) : undefined,
        source: key(frame, addresses, length),
        destination: key(frame, addresses + length, length),
      };
    }
  }
}

function key(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

function addressText(address: string): string {
  return formatAddress(Uint8Array.from(address, (character) => character.charCodeAt(0)));
}

/** Not unspecified, multicast or limited broadcast. */
function isUnicast(address: string): boolean {
  const first = address.charCodeAt(0);
  if (address.length === 16) return first !== 0xff && !/^\0+$/.test(address);
  return first !== 0 && first < 224;
}
