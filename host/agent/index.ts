// wardlet/agent: a device that reports to a hub. Node and browser.

export { type ReplayOptions, type ReplayTotals, replayCapture } from '../replay/replay-capture.ts';
export type { Spool, SpoolStatistics } from '../spool/spool.ts';
export type { Assignment, AssignmentStore } from '../transport/assignment.ts';
export { type ConnectionString, parseConnectionString } from '../transport/connection-string.ts';
export type { DeviceIdentity } from '../transport/device-identity.ts';
export { DeviceKey } from '../transport/device-key.ts';
export type { CloudMessage, HubServices, MethodResult } from '../transport/hub-services.ts';
export { IotHubTransport, type IotHubTransportOptions } from '../transport/iot-hub-transport.ts';
export {
  PROVISIONING_HOST,
  ProvisionedTransport,
  type ProvisionedTransportOptions,
  type Provisioning,
} from '../transport/provisioned-transport.ts';
export type { OutgoingMessage, Transport, TransportListener } from '../transport/transport.ts';
export type { ConnectionSettings } from '../transport/transport-options.ts';
export type { Agent, AgentEvents, AgentMessage, ObserveOptions, StopOptions } from './agent.ts';
export type { AgentOptions, ConnectionOptions } from './agent-options.ts';
export { type Clock, systemClock } from './clock.ts';
export { createAgent } from './create-agent.ts';
export type { IndicatorReader } from './indicator-option.ts';
export type { SpoolOpener } from './spool-option.ts';
