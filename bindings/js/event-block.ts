// From an event that a host reports to the blocks the core reads (schema/event-block.ts).

import {
  EVENT_BLOCK_COUNT,
  EVENT_BLOCK_HEADER,
  EVENT_BLOCK_INTERVAL,
  EVENT_BLOCK_KIND,
  EVENT_BLOCK_VERSION,
  EVENT_KIND_BASELINE,
  EVENT_KIND_DETECTION,
  EVENT_KIND_LISTENING_PORTS,
  EVENT_KIND_LOG,
  EVENT_KIND_PROCESS,
  EVENT_KIND_STATISTICS,
  EVENT_VERSION,
} from '../../schema/event-block.ts';
import { parseAddress } from './address.ts';
import { WardletError } from './errors.ts';
import {
  BASELINE_RESULTS,
  BASELINE_SEVERITIES,
  type Baseline,
  type BaselineCheck,
  DETECTION_DIRECTIONS,
  DETECTION_KINDS,
  DETECTION_SEVERITIES,
  DETECTION_STATES,
  type Detection,
  type ListeningPort,
  type ListeningPorts,
  LOG_LEVELS,
  type Log,
  type LogRecord,
  PROCESS_EVENTS,
  PROTOCOL_NAMES,
  type ProcessEvent,
} from './messages/security-message.ts';

/** The core writes the counters; of those that are the host's, this is the one. */
export interface ReportedStatistics {
  readonly kind: 'Statistics';
  readonly counters?: { readonly messagesLost?: number };
}

/** What a host may report, as decodeMessage gives it back. */
export type ReportedEvent = (
  | ListeningPorts
  | Baseline
  | ProcessEvent
  | Log
  | Detection
  | ReportedStatistics
) & {
  /** Seconds before its time that it covers; default 0: it is of that moment. */
  readonly collectionIntervalSeconds?: number;
};

/** An event, taken apart: what its blocks are made of. */
export interface EventItems {
  readonly kind: number;
  readonly interval: number;
  /** One of a list, or the event itself. */
  readonly items: readonly Uint8Array[];
}

const U32_MAX = 2 ** 32 - 1;
const U64_END = 2 ** 64;
const TEXT_MAX = 65_535;
/** Characters of a refused value that the error repeats. */
const QUOTED_MAX = 60;

/**
 * timeMs: the event's time. What a value does not fit is refused, never cut short.
 * @throws WardletError WL_BAD_EVENT, WL_BAD_ADDRESS, WL_EVENT_TOO_LARGE
 */
export function eventItems(event: ReportedEvent, timeMs: number): EventItems {
  const interval = whole('collectionIntervalSeconds', event.collectionIntervalSeconds ?? 0, U32_MAX);
  switch (event.kind) {
    case 'ListeningPorts':
      return { kind: EVENT_KIND_LISTENING_PORTS, interval, items: event.ports.map(portItem) };
    case 'Baseline':
      return { kind: EVENT_KIND_BASELINE, interval, items: event.checks.map(checkItem) };
    case 'Process':
      return { kind: EVENT_KIND_PROCESS, interval, items: [processItem(event)] };
    case 'Log':
      return { kind: EVENT_KIND_LOG, interval, items: event.records.map(recordItem) };
    case 'Statistics': {
      const item = new ItemWriter().u32('counters.messagesLost', event.counters?.messagesLost ?? 0);
      return { kind: EVENT_KIND_STATISTICS, interval, items: [item.bytes()] };
    }
    case 'Detection':
      return { kind: EVENT_KIND_DETECTION, interval, items: [detectionItem(event, timeMs)] };
    default:
      throw badEvent('kind', (event as { readonly kind: unknown }).kind, 'is none that a host reports');
  }
}

/** The block of `count` items from `from` on; at most `room` bytes. Returns them with their number. */
export function eventBlock(
  { kind, interval, items }: EventItems,
  from: number,
  room: number,
): { readonly block: Uint8Array; readonly count: number } {
  let length = EVENT_BLOCK_HEADER;
  let end = from;
  for (let next = items[end]; next && length + next.length <= room; next = items[end]) {
    length += next.length;
    end++;
  }
  if (end === from && from < items.length) {
    throw new WardletError(
      'WL_EVENT_TOO_LARGE',
      `an event, or one entry of it, takes ${items[from]?.length} bytes`,
      { hint: `this core takes ${room - EVENT_BLOCK_HEADER} at once; shorten its texts` },
    );
  }
  const block = new Uint8Array(length);
  const view = new DataView(block.buffer);
  view.setUint16(EVENT_BLOCK_VERSION, EVENT_VERSION, true);
  view.setUint16(EVENT_BLOCK_KIND, kind, true);
  view.setUint32(EVENT_BLOCK_INTERVAL, interval, true);
  view.setUint32(EVENT_BLOCK_COUNT, end - from, true);
  let at = EVENT_BLOCK_HEADER;
  for (const item of items.slice(from, end)) {
    block.set(item, at);
    at += item.length;
  }
  return { block, count: end - from };
}

/** The event less its first `count` entries. */
export function restOf(event: ReportedEvent, count: number): ReportedEvent {
  switch (event.kind) {
    case 'ListeningPorts':
      return { ...event, ports: event.ports.slice(count) };
    case 'Baseline':
      return { ...event, checks: event.checks.slice(count) };
    case 'Log':
      return { ...event, records: event.records.slice(count) };
    default:
      return event;
  }
}

function portItem({ family, protocol, localAddress, localPort }: ListeningPort): Uint8Array {
  const address = parseAddress(localAddress);
  if (family !== (address.length === 4 ? 4 : 6)) throw badEvent('family', family, `is not ${localAddress}'s`);
  return new ItemWriter()
    .number('localPort', localPort, 4, 65_535)
    .octets(address)
    .name('protocol', protocol, PROTOCOL_NAMES)
    .bytes();
}

function checkItem({ id, error, description, remediation, result, severity }: BaselineCheck): Uint8Array {
  return new ItemWriter()
    .text('id', id)
    .text('error', error)
    .text('description', description)
    .text('remediation', remediation)
    .name('result', result, BASELINE_RESULTS)
    .name('severity', severity, BASELINE_SEVERITIES)
    .bytes();
}

function processItem(event: ProcessEvent): Uint8Array {
  if (event.hitCount === 0) throw badEvent('hitCount', 0, 'is none');
  return new ItemWriter()
    .u32('processId', event.processId)
    .u32('parentProcessId', event.parentProcessId)
    .u32('userId', event.userId)
    .u32('hitCount', event.hitCount)
    .text('executable', event.executable)
    .text('userName', event.userName)
    .text('commandLine', event.commandLine)
    .name('event', event.event, PROCESS_EVENTS)
    .bytes();
}

function recordItem({ timestamp, line, message, fileName, level }: LogRecord): Uint8Array {
  return new ItemWriter()
    .u64('timestamp', timestamp)
    .u32('line', line)
    .text('message', message)
    .text('fileName', fileName)
    .name('level', level, LOG_LEVELS)
    .bytes();
}

function detectionItem(event: Detection, timeMs: number): Uint8Array {
  const last = tenths('lastSeen', event.lastSeen);
  const first = tenths('firstSeen', event.firstSeen);
  const peers = event.peers.map(parseAddress);
  const isV6 = peers[0]?.length === 16;
  if (peers.some(({ length }) => length !== (isV6 ? 16 : 4)))
    throw badEvent('peers', event.peers.join(), 'are of two families');
  return (
    new ItemWriter()
      .u64('count', event.count)
      .u64('limit', event.limit)
      .u32('number', event.number)
      .u32('peerCount', event.peerCount)
      .u32('portCount', event.portCount)
      // What lies ahead of the event happens with it.
      .u32('lastSeen', Math.max(0, Math.floor(timeMs / 100) - last))
      .u32('firstSeen', last - first)
      .octets(Uint8Array.from(peers.flatMap((peer) => [...peer])))
      .ports(event.ports)
      .name('detection', event.detection, DETECTION_KINDS)
      .name('severity', event.severity, DETECTION_SEVERITIES)
      .name('direction', event.direction, DETECTION_DIRECTIONS)
      .name('state', event.state, DETECTION_STATES)
      .name('protocol', event.protocol, PROTOCOL_NAMES)
      .number('peers', Number(isV6), 1, 1)
      .bytes()
  );
}

class ItemWriter {
  readonly #bytes: number[] = [];

  /** Little-endian, `size` bytes. */
  number(what: string, value: number, size: number, most: number): this {
    let left = BigInt(whole(what, value, most));
    for (let byte = 0; byte < size; byte++, left >>= 8n) this.#bytes.push(Number(left & 0xffn));
    return this;
  }

  u32(what: string, value: number): this {
    return this.number(what, value, 4, U32_MAX);
  }

  u64(what: string, value: number): this {
    // The double below the end: 2^64 itself is none.
    return this.number(what, value, 8, U64_END - 2 ** 11);
  }

  name(what: string, value: string, names: readonly string[]): this {
    const number = names.indexOf(value);
    if (number < 0) throw badEvent(what, value, `is none of ${names.join(', ')}`);
    return this.number(what, number, 1, 255);
  }

  text(what: string, value: string | undefined): this {
    if (value !== undefined && typeof value !== 'string') throw badEvent(what, value, 'is no text');
    const bytes = new TextEncoder().encode(value ?? '');
    if (bytes.length > TEXT_MAX) {
      throw new WardletError('WL_EVENT_TOO_LARGE', `${what} takes ${bytes.length} bytes`, {
        hint: `at most ${TEXT_MAX}`,
      });
    }
    return this.octets(bytes);
  }

  octets(bytes: Uint8Array): this {
    this.number('length', bytes.length, 2, TEXT_MAX);
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  ports(ports: readonly number[]): this {
    this.number('ports', ports.length, 2, TEXT_MAX);
    for (const port of ports) this.number('ports', port, 2, 65_535);
    return this;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

function tenths(what: string, seconds: number): number {
  return whole(what, Math.round(seconds * 10), Number.MAX_SAFE_INTEGER);
}

function whole(what: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw badEvent(what, value, `is no whole number from 0 to ${most}`);
}

function badEvent(what: string, value: unknown, why: string): WardletError {
  return new WardletError(
    'WL_BAD_EVENT',
    `${what} ${JSON.stringify(String(value).slice(0, QUOTED_MAX))} ${why}`,
    {
      hint: 'an event is what decodeMessage gives back of it; nothing of this one was reported',
    },
  );
}
