// wardlet/bindings: hold a core, feed it, read its messages. Node and browser; nothing of either in here.

export {
  LINK_ETHERNET,
  LINK_IPV4,
  LINK_IPV6,
  LINK_LINUX_SLL,
  LINK_LINUX_SLL2,
  LINK_LOOP,
  LINK_NULL,
  LINK_RAW,
} from '../../schema/frame.ts';
export { type AddressPrefix, formatAddress, parseAddress, parsePrefix } from './address.ts';
export type {
  CollectorName,
  CoreConfiguration,
  DetectionConfiguration,
  OwnConnection,
  PriorityGroup,
} from './configuration.ts';
export { Core, type CoreMessage } from './core.ts';
export type { DetectionRecord } from './detections.ts';
export { ERROR_CODES, type ErrorCode, WardletError } from './errors.ts';
export type { ReportedEvent, ReportedStatistics } from './event-block.ts';
export { ABI_VERSION, type CoreExports } from './exports.ts';
export { DEFAULT_SNAP, type FrameOptions, writeFrame } from './frames.ts';
export { type IndicatorList, parseIndicators } from './indicators.ts';
export { type CoreSource, loadCore } from './load.ts';
export { decodeMessage } from './messages/decode.ts';
export { type ByteMeaning, explainMessage } from './messages/explain.ts';
export { type FlowVisitor, type VisitedFlow, visitFlows } from './messages/flow-visitor.ts';
export {
  type AddressFamily,
  BASELINE_RESULTS,
  BASELINE_SEVERITIES,
  type Baseline,
  type BaselineCheck,
  COUNTER_NAMES,
  type CounterName,
  DETECTION_DIRECTIONS,
  DETECTION_KINDS,
  DETECTION_SEVERITIES,
  DETECTION_STATES,
  type Detection,
  type Flow,
  type Heartbeat,
  INITIATORS,
  isEverythingElse,
  type ListeningPort,
  type ListeningPorts,
  LOG_LEVELS,
  type Log,
  type LogRecord,
  type MessageFormat,
  type Named,
  type NetworkActivity,
  OUTCOMES,
  type Payload,
  PROCESS_EVENTS,
  PROTOCOL_NAMES,
  type ProcessEvent,
  type Protocol,
  type ProtocolName,
  type SecurityEvent,
  type SecurityMessage,
  type Statistics,
  type SystemInformation,
  type UnknownPayload,
} from './messages/security-message.ts';
export {
  type Arrival,
  DeviceSequence,
  type SequenceOptions,
  type SequenceTotals,
  sequenceOf,
} from './messages/sequence.ts';
export type { Profile } from './profiles.ts';
export {
  type CoreState,
  type CoreStatus,
  type IgnoredReason,
  REASON_NAMES,
  readStatus,
  STATES,
} from './status.ts';
