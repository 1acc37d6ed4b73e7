// What the agent that Wardlet replaces would have sent for the same traffic, worked out from the sizes of its messages: it was measured, and
// cannot be shipped. It writes schema 2.3, one message a collection, with at most 64 flows of a family; whatever is more it loses.
//
//   flows          160 bytes, and for each flow 32 (IPv4) or 56 (IPv6), 4 more for UDP and ICMP, 4 more for both directions
//   + low group    119 more for system information and heartbeat in the same message
//   low alone      204 bytes
//
// Measured: 1, 5, 20, 64 flows of TCP one way 192, 320, 800, 2,208 bytes, of UDP both ways 202, 362, 962, 2,722; IPv6 218, 442, 1,282, 3,746 and
// 228, 484, 1,444, 4,260. The formula is within 1 % of all but the smallest.

import { decodeMessage } from '../../bindings/js/messages/decode.ts';
import {
  type Flow,
  isEverythingElse,
  type SecurityMessage,
} from '../../bindings/js/messages/security-message.ts';
import { type Cost, CostMeter } from './hub-units.ts';

/** Flows of a family that it keeps. */
const FLOWS_MAX = 64;
const WITH_FLOWS = 160;
const FLOW_V4 = 32;
const FLOW_V6 = 56;
const NOT_TCP = 4;
const BOTH_DIRECTIONS = 4;
const LOW_BESIDE_FLOWS = 119;
const LOW_ALONE = 204;
/** mti, its interface, and nothing else. */
const PROPERTY_BYTES = 55;

interface Collection {
  readonly time: number;
  flows: number;
  bytes: number;
  isLow: boolean;
  /** By family. */
  readonly left: { 4: number; 6: number };
}

/** Gets the messages of schema 2.3 that a core of the same schedule writes, in order. */
export class ReferenceAgent {
  readonly #meter = new CostMeter();
  #collection: Collection | undefined;

  add(bytes: Uint8Array): void {
    const message = decodeMessage(bytes, '2.3');
    const time = message.events[0]?.time;
    if (time === undefined) return;
    // A collection of ours may take several messages.
    if (this.#collection?.time !== time) this.#close();
    const collection = this.#collection ?? {
      time,
      flows: 0,
      bytes: 0,
      isLow: false,
      left: { 4: FLOWS_MAX, 6: FLOWS_MAX },
    };
    this.#collection = collection;
    take(collection, message);
  }

  /** Of all that was added. */
  finish(): Cost {
    this.#close();
    return this.#meter.cost;
  }

  #close(): void {
    const collection = this.#collection;
    this.#collection = undefined;
    if (collection === undefined) return;
    const { flows, bytes, isLow } = collection;
    if (flows > 0) this.#meter.add(WITH_FLOWS + bytes + (isLow ? LOW_BESIDE_FLOWS : 0), PROPERTY_BYTES);
    else if (isLow) this.#meter.add(LOW_ALONE, PROPERTY_BYTES);
  }
}

function take(collection: Collection, { events }: SecurityMessage): void {
  for (const { payload } of events) {
    if (payload.kind !== 'NetworkActivity') {
      collection.isLow = true;
      continue;
    }
    for (const flow of payload.flows) {
      if (isEverythingElse(flow) || collection.left[flow.family]-- <= 0) continue;
      collection.flows++;
      collection.bytes += flowBytes(flow);
    }
  }
}

function flowBytes({ family, protocol, bytesIn, bytesOut }: Flow): number {
  const bothWays = bytesIn > 0 && bytesOut > 0;
  return (
    (family === 4 ? FLOW_V4 : FLOW_V6) + (protocol === 'TCP' ? 0 : NOT_TCP) + (bothWays ? BOTH_DIRECTIONS : 0)
  );
}
