// From options to an agent: check, configure the core, choose the way to the hub.

import { WardletError } from '../../bindings/js/errors.ts';
import { coreChanges } from '../configuration/core-changes.ts';
import { optionsLayer } from '../configuration/core-options.ts';
import { limitsOf } from '../configuration/limits.ts';
import { configurationError, type Resolved, resolveConfiguration } from '../configuration/resolve.ts';
import { parseConnectionString } from '../transport/connection-string.ts';
import { IotHubTransport } from '../transport/iot-hub-transport.ts';
import type { Transport } from '../transport/transport.ts';
import { Agent } from './agent.ts';
import {
  type AgentOptions,
  checkAddresses,
  checkOptions,
  connectionSettings,
  coreOptions,
} from './agent-options.ts';
import { type Clock, systemClock } from './clock.ts';

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
 * WL_BAD_CONFIGURATION with all faults of all documents
 */
export function createAgent(options: AgentOptions): Agent {
  checkOptions(options);
  const { core, clock = systemClock, wallClock = systemClock, entropy = randomBytes, signal } = options;
  const resolved = resolve(options);
  const transport = options.transport ?? transportOf(options, resolved, wallClock);
  if (core.status().state !== 'not initialised') {
    throw new WardletError('WL_ALREADY_STARTED', 'the core is in use already', {
      hint: 'load a core for every agent; one compiled module serves them all',
    });
  }
  core.configure({ ...coreChanges(undefined, resolved).core, seed: seedOf(entropy) });
  return new Agent({ core, transport, resolved, clock, wallClock, signal });
}

/** What is in force at the start. */
function resolve(options: AgentOptions): Resolved {
  const { core, configuration, layers = [], host } = options;
  const resolved = resolveConfiguration([optionsLayer(coreOptions(options), configuration), ...layers], {
    limits: limitsOf(core),
    ...(host === undefined ? {} : { host }),
  });
  if (resolved.faults.length > 0) throw configurationError(resolved.faults);
  checkAddresses(resolved.configuration.LocalAddresses);
  return resolved;
}

function transportOf(options: AgentOptions, { configuration }: Resolved, clock: Clock): Transport {
  const { connectionString = '', ca } = options as { connectionString?: string; ca?: string };
  return new IotHubTransport({
    connection: parseConnectionString(connectionString),
    ca,
    clock,
    ...(options.random ? { random: options.random } : {}),
    retrySeconds: configuration.Agent_RetryTime,
    ...connectionSettings(options),
  });
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
