import type { DeviceKind, DeviceSetting } from '../devices/setting.ts';
import { SECOND } from '../devices/setting.ts';
import type { Activity } from '../timeline.ts';

/** How long a small device takes to come up again, ms. */
const BOOT_MS = [12 * SECOND, 55 * SECOND] as const;

/** The device goes down at these times, without a word to anybody, comes up, joins the network and connects anew. */
export function withReboots(
  kind: DeviceKind,
  setting: DeviceSetting,
  timesMs: readonly number[],
): Activity[] {
  const { random, period } = setting;
  const activities: Activity[] = [];
  let { startMs } = period;
  let { boots } = setting;
  for (const timeMs of [...timesMs, period.endMs]) {
    activities.push(...kind({ ...setting, boots, period: { startMs, endMs: timeMs } }));
    startMs = timeMs + random.between(...BOOT_MS);
    boots = true;
  }
  return activities;
}
