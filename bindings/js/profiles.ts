// The builds of the core and the formats each can write. A test asks the cores.

import type { MessageFormat } from './messages/security-message.ts';

export type Profile = 'lean' | 'lean-strict' | 'standard' | 'gateway';

/** By the number that a core exports as PROFILE. */
export const PROFILES: readonly Profile[] = ['lean', 'lean-strict', 'standard', 'gateway'];

/** The first one is what an agent writes where nothing else is asked for. */
export const FORMATS: Readonly<Record<Profile, readonly MessageFormat[]>> = {
  lean: ['3.0-protobuf'],
  'lean-strict': ['2.3'],
  standard: ['3.0-protobuf', '3.0-flatbuffers', '2.3'],
  gateway: ['3.0-protobuf', '3.0-flatbuffers', '2.3'],
};

/** What to do about a format that a profile lacks: the formats it has, the profiles that have it. */
export function formatRemedy(profile: Profile, format: MessageFormat | undefined): string {
  const others = PROFILES.filter((other) => FORMATS[other].some((one) => one === format));
  const profiles = others.length === 0 ? '' : `; ${format} is in ${others.join(', ')}`;
  return `${profile} writes ${FORMATS[profile].join(', ')}${profiles}`;
}
