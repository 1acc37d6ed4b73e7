// One core, held from JavaScript: typed calls, frames in, messages out, status.

import {
  ALREADY_STARTED,
  BAD_EVENT,
  BAD_FRAME,
  BAD_LENGTH,
  EVENT_TOO_LARGE,
  LIST_FULL,
  NO_SEED,
  NOT_STARTED,
  UNKNOWN_SEQUENCE,
  UNSUPPORTED_EVENT,
  UNSUPPORTED_FORMAT,
} from '../../schema/codes.ts';
import { FORMAT_2_3, FORMAT_3_0_FLATBUFFERS } from '../../schema/configuration-block.ts';
import { DETECTIONS_CHANGES } from '../../schema/detection-record.ts';
import { INDICATOR_SIZE, PIECE_FIRST, PIECE_LAST } from '../../schema/indicator-block.ts';
import { LEARN_BEGIN, LEARN_END } from '../../schema/learned.ts';
import { RECORD_FORMAT, RECORD_HEADER, RECORD_LENGTH, RECORD_SEQUENCE } from '../../schema/outbox-record.ts';
import { STATUS_DUE, STATUS_NOW } from '../../schema/status.ts';
import {
  type CollectorName,
  type CoreConfiguration,
  encodeConfiguration,
  OPTION_OF_KEY,
} from './configuration.ts';
import { type DetectionRecord, readDetections } from './detections.ts';
import { WardletError } from './errors.ts';
import { type EventItems, eventBlock, eventItems, type ReportedEvent, restOf } from './event-block.ts';
import type { CoreExports } from './exports.ts';
import type { IndicatorList } from './indicators.ts';
import type { MessageFormat } from './messages/security-message.ts';
import { formatRemedy, PROFILES, type Profile } from './profiles.ts';
import { type CoreState, type CoreStatus, faultKey, readStatus, STATES } from './status.ts';

/** A finished message in the outbox. */
export interface CoreMessage {
  /** Counts up from 0 at every start. */
  readonly sequence: number;
  readonly format: MessageFormat;
  /** A view into the core's memory: valid until the message is acknowledged; copy it to keep it. */
  readonly bytes: Uint8Array;
}

/** More than a message has beside one item, and an item beside its values. */
const EVENT_OVERHEAD = 640;

const COLLECTOR_BITS: Readonly<Record<CollectorName, number>> = {
  NetworkActivity: 1,
  SystemInformation: 2,
  Heartbeat: 4,
};

/** What loadCore returns. One device each; a call at a time. */
export class Core {
  readonly profile: Profile;
  /** major.minor.patch */
  readonly version: string;
  /** Flows per family. */
  readonly flowMax: number;
  /** Where frames go (schema/frame.ts) before observe. A view into the core's memory. */
  readonly input: Uint8Array;
  /** The raw exports, for tests and for hosts that read the memory map. */
  readonly exports: CoreExports;
  readonly #view: DataView;
  readonly #status: number;

  constructor(exports: CoreExports) {
    this.exports = exports;
    const version = exports.VERSION.value;
    this.profile = PROFILES[exports.PROFILE.value] ?? 'standard';
    this.version = `${version >>> 24}.${(version >>> 16) & 0xff}.${version & 0xffff}`;
    this.flowMax = exports.FLOW_MAX.value;
    // Memory never grows (invariant 2), so views stay valid.
    this.input = new Uint8Array(exports.memory.buffer, exports.INPUT.value, exports.INPUT_SIZE.value);
    this.#view = new DataView(exports.memory.buffer);
    this.#status = exports.STATUS.value;
  }

  /**
   * Applies options, before start or while running; all or nothing.
   * @throws WardletError WL_BAD_CONFIGURATION, WL_UNSUPPORTED_FORMAT, WL_BAD_ADDRESS: the configuration before stays in force
   */
  configure(configuration: CoreConfiguration): void {
    const block = encodeConfiguration(configuration);
    if (block.length > this.input.length) {
      throw new WardletError(
        'WL_BAD_CONFIGURATION',
        `the configuration takes ${block.length} bytes, this profile reads ${this.input.length} at once`,
        {
          hint: 'configure in several calls, or shorten addresses and texts',
        },
      );
    }
    this.input.set(block);
    const code = this.exports.configure(block.length);
    if (code === 0) return;
    const option = OPTION_OF_KEY.get(faultKey(this.#view, this.#status)) ?? 'configuration';
    if (code === UNSUPPORTED_FORMAT) {
      throw new WardletError(
        'WL_UNSUPPORTED_FORMAT',
        `this ${this.profile} core cannot write format ${configuration.format}`,
        {
          hint: formatRemedy(this.profile, configuration.format),
        },
      );
    }
    const value =
      option === 'configuration' || option === 'seed' ? '' : ` ${JSON.stringify(configuration[option])}`;
    throw new WardletError(
      'WL_BAD_CONFIGURATION',
      `${option}${value} is refused by the ${this.profile} core (code ${code})`,
      {
        hint: 'see docs/abi.md for the range of each option; the configuration before stays in force',
      },
    );
  }

  /** @param timeMs ms since 1970. @throws WardletError WL_NO_SEED, WL_ALREADY_STARTED */
  start(timeMs: number): void {
    this.#check(this.exports.start(time(timeMs)));
  }

  /** Does what is due. Returns when to call again, ms since 1970. */
  tick(timeMs: number): number {
    return this.#check(Number(this.exports.tick(time(timeMs))));
  }

  /**
   * Counts the frames in input[offset, offset + length). Returns where it stopped: short of the end, tick with that
   * frame's time, then observe the rest.
   * @throws WardletError WL_BAD_LENGTH, WL_BAD_FRAME: nothing was counted
   */
  observe(offset: number, length: number): number {
    const stopped = this.exports.observe(offset, length);
    return stopped < 0 ? this.#check(stopped) : stopped;
  }

  /**
   * Turns the pcap records (little-endian) in input[0, length) into frames of `link`, in place: quicker than JavaScript reads them.
   * Stops before the first one that is cut or longer than a frame can be: `end`. Undefined in profiles that cannot: all but gateway.
   * @throws WardletError WL_BAD_LENGTH
   */
  pcapToFrames(
    length: number,
    link: number,
    nanoseconds: boolean,
  ): { readonly records: number; readonly end: number } | undefined {
    const result = this.exports.pcapToFrames?.(length, link, nanoseconds ? 1 : 0);
    if (result === undefined) return undefined;
    if (result < 0n) this.#check(Number(result));
    return { records: Number(result >> 32n), end: Number(result & 0xffff_ffffn) };
  }

  /** Collects ahead of the schedule; default: every enabled collector. Returns the number of messages finished. */
  collect(timeMs: number, collectors: readonly CollectorName[] = []): number {
    const bits = collectors.reduce((sum, name) => sum | COLLECTOR_BITS[name], 0);
    return this.#check(this.exports.collect(bits, time(timeMs)));
  }

  /**
   * Reports an event of the host's at `timeMs`, or the latest time, whichever is later: ports, checks, processes, log records, a detection
   * (of severity HIGH: at once), or the agent's own statistics, whose counters the core fills in. A list that does not fit one
   * message becomes several events. Returns what found no room in the outbox, undefined where all did: report it again after an acknowledgement.
   *
   * @example core.report({ kind: 'Log', records: [{ level: 'WARN', message: 'disk full', fileName: 'disk.c', line: 7, timestamp: 0 }] }, Date.now());
   *
   * @throws WardletError WL_BAD_EVENT, WL_BAD_ADDRESS, WL_UNSUPPORTED_EVENT, WL_EVENT_TOO_LARGE: nothing of it was reported; WL_NOT_STARTED
   */
  report(event: ReportedEvent, timeMs: number): ReportedEvent | undefined {
    const { report } = this.exports;
    if (!report) throw this.#unsupported(`this ${this.profile} core takes no events`);
    const at = time(timeMs);
    const items = eventItems(event, Math.max(Number(at), this.now));
    // All of it is looked at first: what is too large is refused whole.
    const blocks = this.#blocksOf(items);
    let taken = 0;
    for (const { block, count } of blocks) {
      this.input.set(block);
      const written = this.#check(report(block.length, at));
      taken += written;
      if (written < Math.max(count, 1)) return restOf(event, taken);
    }
    return undefined;
  }

  /**
   * Puts a list in the place of the one in force, all of it at once; an empty one ends the search. Returns its prefixes.
   * @example core.loadIndicators(parseIndicators('203.0.113.0/24'));
   * @throws WardletError WL_BAD_INDICATORS: the list before stays in force; WL_UNSUPPORTED_EVENT in the lean profiles
   */
  loadIndicators(list: Pick<IndicatorList, 'entries'>): number {
    const { loadIndicators, INDICATOR_MAX } = this.exports;
    if (!loadIndicators) throw this.#unsupported(`this ${this.profile} core notices nothing`);
    const { entries } = list;
    const most = Math.floor(this.input.length / INDICATOR_SIZE) * INDICATOR_SIZE;
    let taken = 0;
    let at = 0;
    do {
      const piece = entries.subarray(at, at + most);
      this.input.set(piece);
      const isFirst = at === 0 ? PIECE_FIRST : 0;
      at += piece.length;
      taken = loadIndicators(piece.length, isFirst | (at === entries.length ? PIECE_LAST : 0));
      if (taken < 0) {
        const places = `this ${this.profile} core has places for ${INDICATOR_MAX?.value} IPv4 prefixes, an IPv6 one takes four`;
        const isFull = taken === LIST_FULL || entries.length > most;
        throw new WardletError(
          'WL_BAD_INDICATORS',
          isFull ? places : `the core refuses the list (code ${taken})`,
          {
            hint: isFull ? 'shorten the list, or use the gateway core' : 'make lists with parseIndicators',
          },
        );
      }
    } while (at < entries.length);
    return taken;
  }

  /** Learns the device's endpoints anew, until the configured time is over or `endLearning`. */
  beginLearning(): void {
    this.#learn(LEARN_BEGIN);
  }

  /** What was learned holds from now on: new endpoints are told as first contacts. */
  endLearning(): void {
    this.#learn(LEARN_END);
  }

  /** What was learned, to be saved and restored into a core of the same profile; undefined in the lean profiles. */
  learned(): Uint8Array | undefined {
    const { LEARNED, LEARNED_SIZE } = this.exports;
    if (!LEARNED || !LEARNED_SIZE) return undefined;
    return new Uint8Array(this.exports.memory.buffer, LEARNED.value, LEARNED_SIZE.value).slice();
  }

  /**
   * What `learned` gave once holds again, its configuration too.
   * @throws WardletError WL_BAD_LEARNED: nothing changed; WL_UNSUPPORTED_EVENT in the lean profiles
   */
  restoreLearned(learned: Uint8Array): void {
    const { restoreLearned } = this.exports;
    if (!restoreLearned) throw this.#unsupported(`this ${this.profile} core learns nothing`);
    const fits = learned.length <= this.input.length;
    if (fits) this.input.set(learned);
    if (fits && restoreLearned(learned.length) === 0) return;
    throw new WardletError(
      'WL_BAD_LEARNED',
      `${learned.length} bytes are nothing this ${this.profile} core has learned`,
      {
        hint: 'restore what a core of the same profile and release gave',
      },
    );
  }

  #learn(command: number): void {
    const { learn } = this.exports;
    if (!learn) throw this.#unsupported(`this ${this.profile} core learns nothing`);
    learn(command);
  }

  /** A first hub is connected. */
  connect(): CoreState {
    return this.#state(this.exports.connect());
  }

  /** The last hub is gone; unacknowledged messages come out of nextMessage again. */
  disconnect(timeMs: number): CoreState {
    return this.#state(this.exports.disconnect(time(timeMs)));
  }

  /** The oldest message not handed out yet. */
  nextMessage(): CoreMessage | undefined {
    const at = this.exports.next();
    if (at === 0) return undefined;
    const format = this.#view.getUint16(at + RECORD_FORMAT, true);
    return {
      sequence: this.#view.getUint32(at + RECORD_SEQUENCE, true),
      format:
        format === FORMAT_2_3
          ? '2.3'
          : format === FORMAT_3_0_FLATBUFFERS
            ? '3.0-flatbuffers'
            : '3.0-protobuf',
      bytes: new Uint8Array(
        this.exports.memory.buffer,
        at + RECORD_HEADER,
        this.#view.getUint32(at + RECORD_LENGTH, true),
      ),
    };
  }

  /** @throws WardletError WL_UNKNOWN_SEQUENCE */
  acknowledge(sequence: number): void {
    this.#check(this.exports.acknowledge(sequence));
  }

  /** Counters, state and boot id of this moment; at any time. */
  status(): CoreStatus {
    return readStatus(this.#view, this.#status);
  }

  /** What the core has noticed, oldest first; none in the lean profiles. An ended one stays until its place is needed. */
  detections(): DetectionRecord[] {
    const { DETECT } = this.exports;
    return DETECT ? readDetections(this.#view, DETECT.value) : [];
  }

  /** Grows with each detection that begins, is worth an update or ends; undefined in the lean profiles, which notice nothing. */
  get detectionChanges(): number | undefined {
    const { DETECT } = this.exports;
    return DETECT && this.#view.getUint32(DETECT.value + DETECTIONS_CHANGES, true);
  }

  /** ms since 1970: when tick is due; what tick returned last, or earlier after an acknowledgement. */
  get due(): number {
    return Number(this.#view.getBigUint64(this.#status + STATUS_DUE, true));
  }

  /** ms since 1970: the latest time the core has seen. */
  get now(): number {
    return Number(this.#view.getBigUint64(this.#status + STATUS_NOW, true));
  }

  #state(code: number): CoreState {
    return STATES[this.#check(code)] ?? 'not initialised';
  }

  /** Bytes of a block of one item that fits a message in every format, what the formats put around it and its texts left off. */
  get #eventMax(): number {
    return this.exports.MESSAGE_MAX.value - EVENT_OVERHEAD;
  }

  #blocksOf(items: EventItems): Array<{ readonly block: Uint8Array; readonly count: number }> {
    const blocks = [];
    let from = 0;
    do {
      const next = eventBlock(items, from, Math.min(this.input.length, this.#eventMax));
      blocks.push(next);
      from += next.count;
    } while (from < items.items.length);
    return blocks;
  }

  #unsupported(what: string): WardletError {
    return new WardletError('WL_UNSUPPORTED_EVENT', what, {
      hint: 'profiles standard and gateway take events; Statistics and Detection are of schema 3.0',
    });
  }

  #check(code: number): number {
    if (code >= 0) return code;
    switch (code) {
      case BAD_LENGTH:
        throw new WardletError(
          'WL_BAD_LENGTH',
          `a batch reaches over the input buffer of ${this.input.length} bytes`,
          {
            hint: 'split the batch; input.length is the limit',
          },
        );
      case BAD_FRAME:
        throw new WardletError('WL_BAD_FRAME', 'a frame header claims more bytes than the batch holds', {
          hint: 'FRAME_CAPTURED must count the bytes that follow the 16-byte header (schema/frame.ts)',
        });
      case NOT_STARTED:
        throw new WardletError('WL_NOT_STARTED', 'the core is not started', {
          hint: 'call configure with a seed, then start',
        });
      case NO_SEED:
        throw new WardletError('WL_NO_SEED', 'the core has no entropy: devices would share event ids', {
          hint: 'configure({ seed: crypto.getRandomValues(new Uint8Array(32)) }) before start',
        });
      case ALREADY_STARTED:
        throw new WardletError('WL_ALREADY_STARTED', 'the core is running already', {
          hint: 'load another core for another device',
        });
      case BAD_EVENT:
        throw new WardletError('WL_BAD_EVENT', 'the core refuses the event', {
          hint: 'see schema/event-block.ts for the range of each value; nothing of it was reported',
        });
      case UNSUPPORTED_EVENT:
        throw this.#unsupported('the configured format has no such event');
      case EVENT_TOO_LARGE:
        throw new WardletError('WL_EVENT_TOO_LARGE', 'the event, or an entry of it, does not fit a message', {
          hint: 'shorten its texts',
        });
      case UNKNOWN_SEQUENCE:
        throw new WardletError('WL_UNKNOWN_SEQUENCE', 'no waiting message has this sequence number', {
          hint: 'acknowledge each message once, with its own sequence number',
        });
      default:
        throw new WardletError(
          'WL_BAD_CORE',
          `the core returned code ${code}, which these bindings do not know`,
          {
            hint: 'use core and bindings of the same wardlet release',
          },
        );
    }
  }
}

/** The core clamps what is out of range; what is no number is the year 1970. */
function time(ms: number): bigint {
  return Number.isFinite(ms) ? BigInt(Math.trunc(ms)) : 0n;
}
