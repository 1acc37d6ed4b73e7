// wardlet cost: a capture and configurations in, what a day of it costs out.

import { basename } from 'node:path';
import type { CoreConfiguration } from '../bindings/js/configuration.ts';
import type { Core } from '../bindings/js/core.ts';
import { WardletError } from '../bindings/js/errors.ts';
import type { MessageFormat } from '../bindings/js/messages/security-message.ts';
import { FORMATS, type Profile } from '../bindings/js/profiles.ts';
import { fileSource } from '../host/capture/file-source.ts';
import { openCapture } from '../host/capture/open-capture.ts';
import { coreChanges } from '../host/configuration/core-changes.ts';
import { limitsOf } from '../host/configuration/limits.ts';
import { configurationFile, hostFacts } from '../host/configuration/node-host.ts';
import { configurationError, type Resolved, resolveConfiguration } from '../host/configuration/resolve.ts';
import { type Cost, HUB_TIERS, type HubTier, perDay } from '../host/cost/hub-units.ts';
import { type CostPlan, measureCost } from '../host/cost/measure-cost.ts';
import { ReferenceAgent } from '../host/cost/reference-agent.ts';
import { openCore, PROFILES } from './cores.ts';
import { type CostRow, showCost } from './cost-view.ts';
import { checkLinks, deviceOfCapture } from './device-addresses.ts';
import { choice, numberedSeed } from './options.ts';
import { Progress } from './progress.ts';
import { duration } from './terminal.ts';

export interface CostOptions {
  readonly local?: string;
  readonly config?: readonly string[];
  readonly profile: string;
  readonly json?: boolean;
}

/** Shorter captures are mostly their beginning and their end. */
const SHORTEST_MS = 300_000;
const SHORTEST_LOW_INTERVALS = 5;
/** In the order of the rows. */
const COMPARED: readonly MessageFormat[] = ['3.0-protobuf', '3.0-flatbuffers', '2.3'];

interface PlannedRow {
  readonly name: string;
  readonly format: MessageFormat;
  readonly plan: CostPlan;
}

export async function cost(file: string, options: CostOptions): Promise<void> {
  const profile = choice<Profile>('--profile', options.profile, PROFILES);
  const core = await openCore(profile);
  const configurations = await configurationsOf(options.config ?? [], core);
  const source = fileSource(file);
  const opened = await openCapture(source);
  const progress = new Progress(source.size);
  try {
    checkLinks(source.name, opened);
    const { capture, localAddresses, proposal } = await deviceOfCapture(opened, options.local);
    const common = { localAddresses, seed: await numberedSeed('0') };
    const reference = new ReferenceAgent();
    const rows = await plannedRows(configurations, profile, common);
    const plans = [...rows.map(({ plan }) => plan), await referencePlan(reference, common)];
    const { durationMs, costs } = await measureCost(capture, plans, (bytes) => progress.update(bytes));
    progress.clear();
    checkLinks(source.name, opened);
    const lowSeconds = Math.max(
      ...configurations.map(({ resolved }) => resolved.configuration.CollectorsCore_PriorityIntervals.low),
    );
    checkDuration(source.name, durationMs, lowSeconds);
    const measured = [
      ...rows.map(({ name, format }, index) => costRow(name, format, costs[index], durationMs)),
      costRow('reference agent, estimated', '2.3', reference.finish(), durationMs),
    ];
    const device = { addresses: localAddresses, proposed: proposal !== undefined };
    if (options.json) writeJson(file, durationMs, device, measured);
    else showCost({ name: source.name, capture, durationMs, device, proposal, rows: measured });
  } finally {
    progress.clear();
    await opened.close();
  }
}

interface NamedConfiguration {
  readonly name: string;
  readonly resolved: Resolved;
}

async function configurationsOf(files: readonly string[], core: Core): Promise<NamedConfiguration[]> {
  const surroundings = { limits: limitsOf(core), host: hostFacts() };
  const layers = await Promise.all(
    files.map(async (path) => ({ name: basename(path), layers: [await configurationFile(path)] })),
  );
  if (layers.length === 0) layers.push({ name: 'defaults', layers: [] });
  return layers.map(({ name, layers }) => {
    const resolved = resolveConfiguration(layers, surroundings);
    if (resolved.faults.length > 0) throw configurationError(resolved.faults);
    return { name, resolved };
  });
}

type Common = Pick<CoreConfiguration, 'localAddresses' | 'seed'>;

/** Of each configuration: the compact format, the one it asks for, and schema 2.3, as far as the profile has them. */
async function plannedRows(
  configurations: readonly NamedConfiguration[],
  profile: Profile,
  common: Common,
): Promise<PlannedRow[]> {
  const rows: PlannedRow[] = [];
  for (const { name, resolved } of configurations) {
    const { format: asked, maxBatchDelaySeconds, ...rest } = coreChanges(undefined, resolved).core;
    for (const format of COMPARED) {
      if (!FORMATS[profile].includes(format)) continue;
      if (format !== asked && format === '3.0-flatbuffers') continue;
      // The delay is for the format asked for; others have their own.
      const delay = format === asked && maxBatchDelaySeconds !== undefined ? { maxBatchDelaySeconds } : {};
      const configuration = { ...rest, ...delay, ...common, format };
      rows.push({ name, format, plan: { core: await openCore(profile), configuration } });
    }
  }
  return rows;
}

/** It has the defaults, which are its own, and cannot be configured. */
async function referencePlan(reference: ReferenceAgent, common: Common): Promise<CostPlan> {
  return {
    core: await openCore('standard'),
    configuration: { ...common, format: '2.3' },
    onMessage: (bytes) => reference.add(bytes),
  };
}

function checkDuration(name: string, durationMs: number, lowSeconds: number): void {
  const shortest = Math.max(SHORTEST_MS, SHORTEST_LOW_INTERVALS * lowSeconds * 1000);
  if (durationMs >= shortest) return;
  throw new WardletError(
    'WL_SHORT_CAPTURE',
    `${name} lasts ${duration(durationMs)}: too short to say what a day of it costs`,
    { hint: `capture ${duration(shortest)} or more: the beginning and the end count for little then` },
  );
}

const FREE: Cost = { messages: 0, units: 0, bytes: 0 };

function costRow(
  name: string,
  format: MessageFormat,
  measured: Cost | undefined,
  durationMs: number,
): CostRow {
  const day = perDay(measured ?? FREE, durationMs);
  return { name, format, measured: measured ?? FREE, perDay: day };
}

function writeJson(
  file: string,
  durationMs: number,
  local: { readonly addresses: readonly string[]; readonly proposed: boolean },
  rows: readonly CostRow[],
): void {
  const tiers = Object.keys(HUB_TIERS) as HubTier[];
  const shown = rows.map(({ name, format, measured, perDay: { messages, units, bytes } }) => ({
    name,
    format,
    measured,
    perDay: { messages: Math.round(messages), units: Math.round(units), bytes: Math.round(bytes) },
    shareOfHubUnit: Object.fromEntries(tiers.map((tier) => [tier, units / HUB_TIERS[tier]])),
  }));
  const report = { file, local, durationSeconds: durationMs / 1000, hubUnitsPerDay: HUB_TIERS, rows: shown };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
