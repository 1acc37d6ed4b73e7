// wardlet agent: a capture as if the device lived through it, reported to a hub.

import { type ErrorCode, WardletError } from '../bindings/js/errors.ts';
import type { MessageFormat } from '../bindings/js/messages/security-message.ts';
import type { Profile } from '../bindings/js/profiles.ts';
import {
  type Agent,
  type AgentOptions,
  type ConnectionSettings,
  createAgent,
  replayCapture,
} from '../host/agent/index.ts';
import { fileSource } from '../host/capture/file-source.ts';
import { openCapture } from '../host/capture/open-capture.ts';
import type { Configuration } from '../host/configuration/keys.ts';
import type { Layer } from '../host/configuration/layer.ts';
import { type Limits, limitsOf } from '../host/configuration/limits.ts';
import { assignmentFile, readIndicators } from '../host/configuration/node-host.ts';
import { configurationError, resolveConfiguration } from '../host/configuration/resolve.ts';
import { openFileSpool } from '../host/spool/file-spool.ts';
import { agentConnection, type ConnectionOptions } from './agent-connection.ts';
import { AgentView } from './agent-view.ts';
import { openCore, PROFILES } from './cores.ts';
import { assignmentsPath } from './data-folder.ts';
import { checkLinks, deviceOfCapture } from './device-addresses.ts';
import { choice, integer, integers, numberedSeed, speedFactor } from './options.ts';
import { Progress } from './progress.ts';
import { settingDocuments } from './setting-documents.ts';
import { untilStopped } from './stop-signal.ts';

export interface AgentVerbOptions extends ConnectionOptions {
  readonly pcap: string;
  readonly local?: string;
  readonly speed: string;
  readonly config?: string;
  readonly set?: readonly string[];
  readonly spool?: string;
  readonly indicators?: string;
  readonly interval?: string;
  readonly profile: string;
  readonly format?: string;
  readonly seed?: string;
  readonly retry?: string;
  readonly wait: string;
  readonly json?: boolean;
}

const FORMATS: readonly MessageFormat[] = ['3.0-protobuf', '3.0-flatbuffers', '2.3'];
const INTERVAL_MAX_SECONDS = 2_592_000;
/** Nobody mends these by waiting: a first connection that fails so ends the run. Later ones are tried again for ever. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set([
  'WL_REFUSED',
  'WL_NOT_PROVISIONED',
  'WL_UNTRUSTED_HUB',
  'WL_WRONG_HOST',
]);
/** A device that was provisioned once registers again where its hub refuses it. */
const HOPELESS_PROVISIONED: ReadonlySet<ErrorCode> = new Set(
  [...HOPELESS].filter((code) => code !== 'WL_REFUSED'),
);

export async function agent(options: AgentVerbOptions): Promise<void> {
  // What was on the command line is not to be read off a list of processes.
  if (options.connectionString !== undefined) process.title = 'wardlet agent';
  const speed = speedFactor(options.speed);
  const chosen = {
    ...intervalsOf(options.interval),
    ...retriesOf(options.retry),
    ...formatOf(options.format),
  };
  const waitMs = integer('--wait', options.wait, 0, 86_400) * 1000;
  const profile: Profile = choice('--profile', options.profile, PROFILES);
  const seed = options.seed === undefined ? undefined : await numberedSeed(options.seed);
  const core = await openCore(profile);
  const layers = await settingDocuments(options, { withConnectionFiles: true });
  const configuration = configurationOf(layers, limitsOf(core));
  const connection = agentConnection(options, configuration);
  const path = options.spool ?? configuration.Spool_Path;
  const settings = {
    ...(path === undefined ? {} : { Spool_Path: path }),
    ...(options.indicators === undefined ? {} : { Detection_IndicatorFile: options.indicators }),
  };
  // With a spool a run gets on without a hub.
  const patienceMs = speed === 'max' && path === undefined ? waitMs : undefined;
  const local = options.local ?? (configuration.LocalAddresses.join(',') || undefined);
  if (options.pcap === '-' && local === undefined) {
    throw new WardletError('WL_NO_DEVICE', 'a live capture cannot be looked at before it is counted', {
      hint: 'say which address is the device: --local 192.168.1.50 (several with commas)',
    });
  }

  const source = fileSource(options.pcap);
  const opened = await openCapture(source);
  const progress = new Progress(source.size);
  try {
    checkLinks(source.name, opened);
    const { capture, localAddresses, proposal } = await deviceOfCapture(opened, local);
    const view = new AgentView(options.json === true, progress);
    await untilStopped(async (signal) => {
      let hopeless: WardletError | undefined;
      let running: Agent | undefined;
      const totals = await replayCapture(capture, {
        speed,
        signal,
        timeoutMs: waitMs,
        onProgress: (bytes) => progress.update(bytes),
        agent: (clock) => {
          const device = createAgent({
            core,
            ...connection,
            assignments: assignmentFile(assignmentsPath()),
            ...(path === undefined ? {} : { spool: openFileSpool }),
            indicators: readIndicators,
            configuration: settings,
            localAddresses,
            clock,
            layers,
            ...chosen,
            ...(seed === undefined ? {} : { entropy: () => seed }),
          });
          running = device;
          // Another hub may still take it.
          const { connectionString, connections } = connection;
          if (connectionString === undefined && connections === undefined) {
            view.follow(device, () => false);
            return device;
          }
          const codes = connections === undefined ? HOPELESS : HOPELESS_PROVISIONED;
          const isFirst = giveUpWhenHopeless(device, codes, patienceMs, (error) => {
            hopeless = error;
          });
          // What ends the run is said once, at the end.
          view.follow(device, (error) => isFirst() && codes.has(error.code));
          return device;
        },
      }).catch((error: unknown) => {
        throw hopeless ?? error;
      });
      if (hopeless) throw hopeless;
      const device = { name: source.name, localAddresses, proposed: proposal !== undefined };
      view.end(totals, device, running?.spool());
    });
    checkLinks(source.name, opened);
  } finally {
    progress.clear();
    await opened.close();
  }
}

/**
 * Ends a run whose first connection cannot come about: at once where waiting mends nothing, else after `patienceMs`, for a run
 * that goes no faster than the hub takes it. Returns whether there has been no connection yet.
 */
function giveUpWhenHopeless(
  agent: Agent,
  hopeless: ReadonlySet<ErrorCode>,
  patienceMs: number | undefined,
  gaveUp: (error: WardletError) => void,
): () => boolean {
  let connected = false;
  let isOver = false;
  let last: WardletError | undefined;
  const giveUp = (error: WardletError) => {
    clearTimeout(timer);
    gaveUp(error);
    agent.stop({ timeoutMs: 0 }).catch(() => {});
  };
  const timeIsOver = () => {
    isOver = true;
    if (last) giveUp(last);
  };
  const timer = patienceMs === undefined ? undefined : setTimeout(timeIsOver, patienceMs).unref();
  agent.on('state', (state) => {
    connected ||= state === 'active';
    if (connected) clearTimeout(timer);
  });
  agent.on('warning', (error) => {
    last = error;
    if (!connected && (isOver || hopeless.has(error.code))) giveUp(error);
  });
  return () => !connected;
}

/** What is in force of documents alone: the device of a capture is not this machine. */
function configurationOf(layers: readonly Layer[], limits: Limits): Configuration {
  const { configuration, faults } = resolveConfiguration(layers, { limits });
  if (faults.length > 0) throw configurationError(faults);
  return configuration;
}

function intervalsOf(text: string | undefined): Pick<AgentOptions, 'intervalSeconds'> {
  if (text === undefined) return {};
  const [high = 0, medium = 0, low = 0] = integers('--interval', text, 3, 1, INTERVAL_MAX_SECONDS);
  return { intervalSeconds: { high, medium, low } };
}

/** Whether the profile has it is for the agent to say. */
function formatOf(text: string | undefined): Pick<AgentOptions, 'format'> {
  return text === undefined ? {} : { format: choice('--format', text, FORMATS) };
}

function retriesOf(text: string | undefined): Partial<ConnectionSettings> {
  if (text === undefined) return {};
  const [retrySeconds = 0, maxRetrySeconds = 0] = integers('--retry', text, 2, 1, 3_600);
  return { retrySeconds, maxRetrySeconds };
}
