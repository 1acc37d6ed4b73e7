// The flow table as it stands in memory: what is uncollected, and whether index and records agree.

import { STATUS_FLOWS_V4, STATUS_FLOWS_V6 } from '../../schema/status.ts';
import type { DrivenCore } from './driven-core.ts';
import { layout } from './layout.ts';
import { slotsOf } from './memory-map.ts';
import { flowName, hex } from './message-reader.ts';

const PROTOCOLS = ['TCP', 'UDP', 'ICMP'] as const;

export interface FlowRecord {
  /** Where it stands in memory. */
  readonly at: number;
  /** flowName of its five-tuple. */
  readonly name: string;
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** ms after AGENT_SEEN_BASE. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly hasStanding: boolean;
  /** Has become an own connection: no packet finds it. */
  readonly isOwn: boolean;
}

export function readRecords(core: DrivenCore, family: 4 | 6): FlowRecord[] {
  const { view, memory } = core;
  const size = recordSize(family);
  const half = family === 4 ? 4 : 16;
  return Array.from({ length: used(core, family) }, (_, number) => {
    const at = firstRecord(core, family) + number * size;
    const local = at + layout('FLOW_ADDRESSES');
    const high = at + layout('FLOW_BYTES_HIGH');
    const bytes = at + layout('FLOW_BYTES');
    return {
      at,
      name: flowName({
        protocol: PROTOCOLS[view.getUint8(at + layout('FLOW_PROTOCOL'))] ?? 'TCP',
        family,
        local: hex(memory.subarray(local, local + half)),
        remote: hex(memory.subarray(local + half, local + 2 * half)),
        localPort: view.getUint16(at + layout('FLOW_PORTS')),
        remotePort: view.getUint16(at + layout('FLOW_PORTS') + 2),
      }),
      packetsIn: view.getUint32(at + layout('FLOW_PACKETS'), true),
      packetsOut: view.getUint32(at + layout('FLOW_PACKETS') + 8, true),
      bytesIn: view.getUint32(bytes, true) + view.getUint8(high) * 2 ** 32,
      bytesOut: view.getUint32(bytes + 8, true) + view.getUint8(high + 1) * 2 ** 32,
      firstSeen: view.getUint32(at + layout('FLOW_FIRST_SEEN'), true),
      lastSeen: view.getUint32(at + layout('FLOW_LAST_SEEN'), true),
      hasStanding: view.getUint8(at + layout('FLOW_STANDING')) !== 0,
      isOwn: view.getUint8(at + layout('FLOW_OWN')) !== 0,
    };
  });
}

/** Bytes counted but in no message yet. */
export function bytesInTables(core: DrivenCore): number {
  const { view } = core;
  const counts = layout('FLOW_BYTES');
  const high = layout('FLOW_BYTES_HIGH');
  let bytes = 0;
  for (const family of [4, 6] as const) {
    const size = recordSize(family);
    const end = firstRecord(core, family) + used(core, family) * size;
    for (let at = firstRecord(core, family); at < end; at += size) {
      bytes += view.getUint32(at + counts, true) + view.getUint8(at + high) * 2 ** 32;
      bytes += view.getUint32(at + counts + 8, true) + view.getUint8(at + high + 1) * 2 ** 32;
    }
  }
  for (let entry = 0; entry < 2 * layout('ELSE_PROTOCOLS'); entry++) {
    const at = core.exports.EVERYTHING_ELSE.value + entry * layout('ELSE_SIZE') + layout('ELSE_BYTES');
    bytes += Number(view.getBigUint64(at, true)) + Number(view.getBigUint64(at + 8, true));
  }
  return bytes;
}

/** Packets in and out that are under "everything else", by protocol (TCP, UDP, ICMP). No message of 2.3 carries them. */
export function packetsOfEverythingElse(core: DrivenCore, family: 4 | 6): Array<[number, number]> {
  return PROTOCOLS.map((_, protocol) => {
    const entry = (family === 4 ? 0 : PROTOCOLS.length) + protocol;
    const at = core.exports.EVERYTHING_ELSE.value + entry * layout('ELSE_SIZE') + layout('ELSE_PACKETS');
    return [Number(core.view.getBigUint64(at, true)), Number(core.view.getBigUint64(at + 8, true))];
  });
}

/** Throws unless every used record is in the index exactly once, nothing else is, and no two share a five-tuple. */
export function checkIndex(core: DrivenCore, family: 4 | 6): void {
  const count = used(core, family);
  const { exports, memory, view } = core;
  const wide = exports.FLOW_MAX.value > 255;
  const start = (family === 4 ? exports.INDEX_V4 : exports.INDEX_V6).value;
  const slots = slotsOf(exports);
  const found = new Uint8Array(count);
  let full = 0;
  for (let slot = 0; slot < slots; slot++) {
    const number = wide ? view.getUint16(start + 2 * slot, true) : view.getUint8(start + slot);
    if (number === 0) continue;
    if (number > count) throw new Error(`slot ${slot} of IPv${family} names record ${number} of ${count}`);
    if (found[number - 1]) throw new Error(`record ${number} of IPv${family} is in the index twice`);
    found[number - 1] = 1;
    full++;
  }
  if (full !== count) throw new Error(`${count} records of IPv${family}, ${full} in the index`);

  const tuples = new Set<string>();
  const size = recordSize(family);
  const tuple = layout('FLOW_PORTS');
  const mark = layout('FLOW_OWN');
  const addresses = layout('FLOW_ADDRESSES');
  for (let at = firstRecord(core, family), left = count; left > 0; left--, at += size) {
    tuples.add(hex(memory.subarray(at + tuple, at + mark)) + hex(memory.subarray(at + addresses, at + size)));
  }
  if (tuples.size !== count)
    throw new Error(`${count} records of IPv${family} hold ${tuples.size} five-tuples`);
}

function used(core: DrivenCore, family: 4 | 6): number {
  return core.u32(family === 4 ? STATUS_FLOWS_V4 : STATUS_FLOWS_V6);
}

function firstRecord(core: DrivenCore, family: 4 | 6): number {
  return (family === 4 ? core.exports.FLOWS_V4 : core.exports.FLOWS_V6).value;
}

function recordSize(family: 4 | 6): number {
  return layout(family === 4 ? 'FLOW_V4_SIZE' : 'FLOW_V6_SIZE');
}
