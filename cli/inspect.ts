// wardlet inspect: options in, a room's result out as a table, CSV or JSON.

import { WardletError } from '../bindings/js/errors.ts';
import type { MessageFormat } from '../bindings/js/messages/security-message.ts';
import { FORMATS, type Profile } from '../bindings/js/profiles.ts';
import { fileSource } from '../host/capture/file-source.ts';
import { openCapture } from '../host/capture/open-capture.ts';
import { readIndicators } from '../host/configuration/indicator-file.ts';
import { parseFlowFilter } from '../host/inspection/flow-filter.ts';
import type { FlowTotals } from '../host/inspection/flow-totals.ts';
import { type Inspection, inspectCapture } from '../host/inspection/inspect-capture.ts';
import { ByteOutput } from './byte-output.ts';
import { openCore, PROFILES } from './cores.ts';
import { detectionJson } from './detection-view.ts';
import { checkLinks, deviceOfCapture } from './device-addresses.ts';
import { describe, reportFailure } from './failure.ts';
import { type KnownFields, writeCsvRows, writeJsonRows } from './flow-rows.ts';
import { showInspection } from './inspection-view.ts';
import { MessageFolder } from './message-folder.ts';
import { choice, integer, numberedSeed } from './options.ts';
import { Progress } from './progress.ts';
import { type ShownFlows, shownFlows } from './shown-flows.ts';

export interface InspectOptions {
  readonly local?: string;
  readonly interval: string;
  readonly profile: string;
  readonly format?: string;
  readonly messages?: string;
  readonly indicators?: string;
  readonly seed?: string;
  readonly filter?: string;
  readonly top?: string;
  readonly csv?: boolean;
  readonly json?: boolean;
}

/** What stands around the summary and the flows, at most. */
const ENDS = 16;
/** Rows of the table a person gets without --top. */
const ROWS_SHOWN = 20;
const MOST_TOLD_FIRST: readonly MessageFormat[] = ['3.0-protobuf', '3.0-flatbuffers', '2.3'];

export async function inspect(file: string, options: InspectOptions): Promise<void> {
  if (options.csv && options.json) {
    throw new WardletError('WL_BAD_USAGE', '--csv and --json exclude each other', {
      hint: 'choose one of them',
    });
  }
  const intervalSeconds =
    options.interval === 'capture' ? 'capture' : integer('--interval', options.interval, 1, 2_592_000);
  const profile: Profile = choice('--profile', options.profile, PROFILES);
  const format =
    options.format === undefined ? mostTold(profile) : choice('--format', options.format, MOST_TOLD_FIRST);
  const filter = options.filter === undefined ? undefined : parseFlowFilter(options.filter);
  const top =
    options.top === undefined ? undefined : integer('--top', options.top, 0, Number.MAX_SAFE_INTEGER);
  const seed =
    options.seed === undefined
      ? crypto.getRandomValues(new Uint8Array(32))
      : await numberedSeed(options.seed);

  const source = fileSource(file);
  const opened = await openCapture(source);
  const progress = new Progress(source.size);
  try {
    checkLinks(source.name, opened);
    const { capture, localAddresses, proposal } = await deviceOfCapture(opened, options.local);
    const folder = options.messages === undefined ? undefined : new MessageFolder(options.messages);
    const core = await openCore(profile);
    if (options.indicators !== undefined) core.loadIndicators(readIndicators(options.indicators));
    const result = await inspectCapture(capture, core, {
      localAddresses,
      intervalSeconds,
      seed,
      format,
      onProgress: (bytes) => progress.update(bytes),
      ...(folder ? { onMessage: ({ bytes }) => folder.write(bytes) } : {}),
    });
    progress.clear();
    checkLinks(source.name, opened);
    const shown = shownFlows(
      result.flows,
      filter,
      top ?? (options.json || options.csv ? undefined : ROWS_SHOWN),
    );
    const device = { addresses: localAddresses, proposed: proposal !== undefined };
    const known = { packets: format !== '2.3', times: intervalSeconds !== 'capture' };
    if (options.json) writeJson(result, shown, device, known);
    else if (options.csv) writeCsv(result.flows, shown, known);
    else
      showInspection({
        name: source.name,
        capture,
        result,
        shown,
        filtered: filter !== undefined,
        device,
        proposal,
        known,
      });
    if (result.failure !== undefined) {
      process.exitCode = reportFailure(result.failure, options.json === true);
    }
  } finally {
    progress.clear();
    await opened.close();
  }
}

function mostTold(profile: Profile): MessageFormat {
  return MOST_TOLD_FIRST.find((format) => FORMATS[profile].includes(format)) ?? '2.3';
}

function writeJson(
  { packets, messages, flows, detections, firstMs, lastMs, failure }: Inspection,
  shown: ShownFlows,
  local: { readonly addresses: readonly string[]; readonly proposed: boolean },
  known: KnownFields,
): void {
  const ignored = Object.fromEntries(Object.entries(packets.ignored).filter(([, count]) => count > 0));
  const summary = {
    local,
    packets: { seen: packets.seen, counted: packets.counted, ignored },
    bytes: { in: flows.bytesIn, out: flows.bytesOut },
    time: { first: isoTime(firstMs), last: isoTime(lastMs) },
    messages,
    // null: none were looked for.
    detections: detections?.map(detectionJson) ?? null,
    flowCount: shown.matching,
    ...(failure === undefined ? {} : { error: errorOf(failure) }),
  };
  const output = new ByteOutput(process.stdout);
  const head = ascii(JSON.stringify(summary));
  output.reserve(head.length + ENDS);
  output.text(`${head.slice(0, -1)},"flows":`);
  writeJsonRows(output, flows, shown.flows, known);
  output.reserve(ENDS);
  output.text('}\n');
  output.end();
}

/** An error's text may hold anything. */
function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function errorOf(failure: unknown): { code: string; message: string; hint: string } {
  const { code, message, hint } = describe(failure);
  return { code, message, hint };
}

function isoTime(ms: number | undefined): string | null {
  // Dates end in the year 275760; clocks of captures may not.
  return ms === undefined || ms > 8.64e15 ? null : new Date(ms).toISOString();
}

function writeCsv(totals: FlowTotals, { flows }: ShownFlows, known: KnownFields): void {
  const output = new ByteOutput(process.stdout);
  writeCsvRows(output, totals, flows, known);
  output.end();
}
