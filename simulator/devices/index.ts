// Device kinds, one a file, and what may happen to any of them.
import { bridge } from './bridge.ts';
import { camera } from './camera.ts';
import { gateway } from './gateway.ts';
import { industrialSensor } from './industrial-sensor.ts';
import { lock } from './lock.ts';
import type { DeviceKind } from './setting.ts';
import { television } from './television.ts';
import { voiceAssistant } from './voice-assistant.ts';

export { SERVED_ADDRESSES } from './gateway.ts';
export type { DeviceKind, DeviceSetting } from './setting.ts';

export const DEVICE_KINDS = {
  lock,
  camera,
  bridge,
  'voice assistant': voiceAssistant,
  television,
  'industrial sensor': industrialSensor,
  gateway,
} as const satisfies Readonly<Record<string, DeviceKind>>;

export type DeviceKindName = keyof typeof DEVICE_KINDS;
