// wardlet/configuration: one schema for files, variables, command lines, options and twins. Node and browser; what needs
// Node (configurationFile, hostFacts) is behind wardlet/configuration/node.
//
//   const layers = [await configurationFile('wardlet.jsonc'), environmentLayer(process.env)];
//   let resolved = resolveConfiguration(layers, { limits: limitsOf(core), host: hostFacts() });
//   if (resolved.faults.length > 0) throw configurationError(resolved.faults);
//   core.configure({ seed, ...coreChanges(undefined, resolved).core });
//
//   // Desired properties have arrived:
//   const outcome = applyDesired(resolved, desired);
//   applyToCore(core, coreChanges(resolved, outcome.resolved));
//   resolved = outcome.resolved;
//   report(reportedProperties(outcome));

export { configurationText } from './configuration-text.ts';
export type {
  Connection,
  DeviceConnection,
  ProvisionedConnection,
  StringConnection,
} from './connections.ts';
export { applyToCore, type Changes, coreChanges } from './core-changes.ts';
export { type CoreOptions, optionsLayer } from './core-options.ts';
export { commandLineLayer, environmentLayer, variableOf } from './environment.ts';
export { type Configuration, type KeyName, type Settings, SOURCES, type Source } from './keys.ts';
export type { Intervals, Json } from './kinds.ts';
export type { Fault, Layer } from './layer.ts';
export { type Limits, limitsOf } from './limits.ts';
export {
  configurationError,
  type Origin,
  type Resolved,
  resolveConfiguration,
  type Surroundings,
  shownValue,
  withHost,
} from './resolve.ts';
export { applyDesired, type DesiredOutcome, reportedProperties, twinPatch } from './twin.ts';
