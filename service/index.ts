// @wardlet/service: the cloud half. Node only.

export { type Authorities, type Authority, openAuthorities } from './hub/authorities.ts';
export { type AzureError, azureErrorOf } from './hub/azure-errors.ts';
export type { Identity } from './hub/client-identity.ts';
export type { CloudToDevice, CloudToDeviceMessage, PendingMessage } from './hub/cloud-to-device.ts';
export type { Durability } from './hub/database.ts';
export { derivedKey } from './hub/derived-key.ts';
export type { Authentication, DeviceAccess } from './hub/device-access.ts';
export {
  type Acknowledgement,
  type DeviceHappening,
  feedbackOf,
  type MessageFeedback,
} from './hub/device-happenings.ts';
export type { DeviceKeys } from './hub/device-key.ts';
export {
  type DiagnosticSetting,
  DiagnosticSettings,
  withDiagnosticSettings,
} from './hub/diagnostic-settings.ts';
export type { DirectMethods, MethodOptions, MethodResult } from './hub/direct-methods.ts';
export {
  type Enrolment,
  type Enrolments,
  type GroupOptions,
  type IndividualOptions,
  openEnrolments,
} from './hub/enrolments.ts';
export { type EventQuery, readEvents } from './hub/event-log.ts';
export { eventText } from './hub/event-text.ts';
export { Hub, startHub } from './hub/hub.ts';
export {
  DISCONNECTIONS,
  type Disconnection,
  type HubEvent,
  type LoggedEvent,
  REFUSALS,
  REVOCATIONS,
  type Refusal,
  type Revocation,
  TERMINATIONS,
  type Termination,
} from './hub/hub-events.ts';
export type { HubOptions } from './hub/hub-options.ts';
export { IpFilter, type IpFilterRule, withIpFilter } from './hub/ip-filter.ts';
export { type HubLimits, LIMITS } from './hub/limits.ts';
export { type MessageQuery, type MessageReader, openMessages, readMessages } from './hub/message-reader.ts';
export type { MessageSink } from './hub/message-store.ts';
export { type Module, type Modules, noSuchDevice } from './hub/modules.ts';
export type { ReceivedMessage } from './hub/received-message.ts';
export {
  type ConnectionStringOptions,
  DEFAULT_PORT,
  type Device,
  openRegistry,
  type Registry,
  type RegistryOptions,
} from './hub/registry.ts';
export type { TwinObject, TwinValue } from './hub/twin-document.ts';
export type { Twin, TwinChange, TwinCondition, Twins } from './hub/twins.ts';
export { restPortOf, restToken, rotateRestToken } from './rest/token.ts';
