// Labelled scenarios: the yardstick of detection.
export { BENIGN_EVENTS, type BenignEvent, benignScenario, benignScenarios } from './benign-scenarios.ts';
export {
  attackScenario,
  attackVariants,
  DEVICE_NAMES,
  type DetectionScenarioOptions,
  detectionScenarios,
} from './detection-scenarios.ts';
export { mixedScenarios } from './mixed-scenarios.ts';
export {
  type AttackKind,
  type AttackVariant,
  localAddressesOf,
  type Scenario,
  type ScenarioAttack,
  type ScenarioOptions,
  scenario,
} from './scenario.ts';
