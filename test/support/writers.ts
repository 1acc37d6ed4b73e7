// The ways in which a core writes: schema 2.3, and 3.0 with collections that share messages or do not.

import {
  FORMAT_3_0_FLATBUFFERS,
  FORMAT_3_0_PROTOBUF,
  KEY_BATCH_DELAY,
  KEY_FORMAT,
} from '../../schema/configuration-block.ts';
import { type Entry, numbers } from './configuration-block.ts';
import type { DrivenCore } from './driven-core.ts';
import { layout } from './layout.ts';
import type { Profile } from './profiles.ts';

export interface Writer {
  readonly name: string;
  readonly entries: readonly Entry[];
}

/** Each collection alone; and several in one message, for less time or for more than it takes to fill. */
export function writersOf(profile: Profile): readonly Writer[] {
  const strict = { name: '2.3', entries: [] };
  if (profile === 'lean-strict') return [strict];
  const isLean = profile === 'lean';
  const formats = [
    ['protobuf', FORMAT_3_0_PROTOBUF],
    ['flatbuffers', FORMAT_3_0_FLATBUFFERS],
  ] as const;
  const shared = formats.slice(0, isLean ? 1 : 2).flatMap(([format, number]) =>
    [0, 7, 3_600].map((seconds) => ({
      name: `${format}, ${seconds} s`,
      entries: [numbers(KEY_FORMAT, number), numbers(KEY_BATCH_DELAY, seconds)],
    })),
  );
  return isLean ? shared : [strict, ...shared];
}

/** Bytes so far of the message that later collections may share; 0 where none is open. */
export function openBytes({ exports, view }: DrivenCore): number {
  return view.getUint32(exports.AGENT.value + layout('AGENT_BATCH_LENGTH'), true);
}
