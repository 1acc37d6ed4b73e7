// From options to an agent: check, configure the core, choose the ways to the hubs.

import { WardletError } from '../../bindings/js/errors.ts';
import { coreChanges } from '../configuration/core-changes.ts';
import { optionsLayer } from '../configuration/core-options.ts';
import { limitsOf } from '../configuration/limits.ts';
import { configurationError, type Resolved, resolveConfiguration } from '../configuration/resolve.ts';
import { SeveralHubsTransport } from '../transport/several-hubs-transport.ts';
import { SpooledTransport } from '../transport/spooled-transport.ts';
import type { Transport } from '../transport/transport.ts';
import { Agent } from './agent.ts';
import { type AgentOptions, checkAddresses, checkOptions, coreOptions } from './agent-options.ts';
import { type Clock, systemClock } from './clock.ts';
import { hubsOf } from './hubs.ts';
import { chosenIndicators } from './indicator-option.ts';
import { spoolLimits, spoolOf } from './spool-option.ts';

const SEED_LENGTH = 32;

/**
 * Makes the agent of one device. It does nothing until `start`.
 *
 * @example
 * const core = await loadCore(await readFile(fileURLToPath(import.meta.resolve('wardlet/core.wasm'))));
 * const agent = createAgent({ core, connectionString, localAddresses: ['192.168.1.50/24'] });
 * agent.on('warning', ({ message, hint }) => console.error(`${message}\n  ${hint}`));
 * agent.start();
 * agent.observe(frame); // each frame of the device, as it comes
 * await agent.stop();   // the last collection, acknowledged by the hub
 *
 * @throws WardletError WL_BAD_OPTION with all faults at once, WL_BAD_CONNECTION_STRING, WL_ALREADY_STARTED when the core is in use,
 * WL_BAD_CONFIGURATION with all faults of all documents; WL_BAD_INDICATORS, WL_BAD_FILE, WL_UNSUPPORTED_EVENT of an indicator list
 */
export function createAgent(options: AgentOptions): Agent {
  checkOptions(options);
  const { core, clock = systemClock, wallClock = systemClock, entropy = randomBytes, signal } = options;
  const resolved = resolve(options);
  const { hubs, iotHubs } = hubsOf(options, resolved.configuration, wallClock);
  if (core.status().state !== 'not initialised') {
    throw new WardletError('WL_ALREADY_STARTED', 'the core is in use already', {
      hint: 'load a core for every agent; one compiled module serves them all',
    });
  }
  const seed = seedOf(entropy);
  const indicators = chosenIndicators(options.indicators, resolved.configuration);
  if (indicators) core.loadIndicators(indicators);
  const spool = spoolOf(options.spool, resolved.configuration);
  const spooled = spool && new SpooledTransport({ ...spool, hubs, clock: wallClock, ...randomOf(options) });
  const transport = spooled ?? oneOf(hubs, wallClock);
  core.configure({ ...coreChanges(undefined, resolved).core, seed, spool: transport.keeps === true });
  return new Agent({
    core,
    transport,
    resolved,
    clock,
    wallClock,
    signal,
    applyToHost(configuration, keys) {
      spooled?.limit(spoolLimits(configuration));
      if (!keys.includes('Agent_RetryTime')) return;
      for (const hub of iotHubs) hub.retrySeconds = configuration.Agent_RetryTime;
    },
    spoolStatistics: () => spooled?.statistics(),
  });
}

function oneOf(hubs: readonly Transport[], clock: Clock): Transport {
  const [only, ...others] = hubs;
  return only && others.length === 0 ? only : new SeveralHubsTransport(hubs, clock);
}

/** What is in force at the start. */
function resolve(options: AgentOptions): Resolved {
  const { core, configuration, retrySeconds, layers = [], host } = options;
  const settings = {
    ...(retrySeconds === undefined ? {} : { Agent_RetryTime: retrySeconds }),
    ...configuration,
  };
  const resolved = resolveConfiguration([...layers, optionsLayer(coreOptions(options), settings)], {
    limits: limitsOf(core),
    ...(host === undefined ? {} : { host }),
  });
  if (resolved.faults.length > 0) throw configurationError(resolved.faults);
  checkAddresses(resolved.configuration.LocalAddresses);
  return resolved;
}

function randomOf({ random }: AgentOptions): { readonly random?: () => number } {
  return random ? { random } : {};
}

function seedOf(entropy: (length: number) => Uint8Array): Uint8Array {
  const seed = entropy(SEED_LENGTH);
  if (seed instanceof Uint8Array && seed.length === SEED_LENGTH) return seed;
  throw new WardletError('WL_BAD_OPTION', `entropy gave no ${SEED_LENGTH} bytes`, {
    hint: 'entropy(length) returns that many random bytes',
  });
}

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
