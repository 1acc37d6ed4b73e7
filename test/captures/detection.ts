// What the core notices in real captures, by the labels of index.json: every attack as its kind and not before it began, nothing in
// ordinary traffic; in both profiles, whatever the seed of the hashes, whatever the clock.

import { deepEqual, ok } from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCore } from '../../cli/cores.ts';
import { fileSource } from '../../host/capture/file-source.ts';
import { openCapture } from '../../host/capture/open-capture.ts';
import { inspectCapture } from '../../host/inspection/inspect-capture.ts';
import { FRAME_CAPTURED, FRAME_HEADER, FRAME_TIME } from '../../schema/frame.ts';
import type { Claim } from './claim.ts';

interface Labelled {
  readonly file: string;
  readonly label: 'benign' | 'malicious' | 'neutral';
  readonly attack_kind: string | null;
  readonly local: readonly string[];
  /** Unix seconds. */
  readonly attack_start?: number;
}

/** By attack_kind. */
const KINDS: Readonly<Record<string, string>> = {
  telnet_horizontal_scan: 'HORIZONTAL_SCAN',
  port_scan_vertical: 'VERTICAL_SCAN',
  ssh_bruteforce: 'BRUTE_FORCE',
  c2_beacon: 'BEACON',
  syn_flood: 'SYN_FLOOD',
  dns_tunnel: 'DNS_TUNNEL',
};
const SEEDS = 20;
/** ms: as captured, ten years back, and a clock from the next century. */
const SHIFTS = [0, -3.15e11 - 43, 3.2e12 + 517];

export function detectionClaims(folder: string): Claim[] {
  const index = join(folder, 'index.json');
  if (!existsSync(index)) return [];
  const captures = JSON.parse(readFileSync(index, 'utf8')) as readonly Labelled[];
  return captures.flatMap((capture) => {
    const kind = KINDS[capture.attack_kind ?? ''];
    if (capture.label === 'malicious' && kind === undefined) return [];
    return (['standard', 'gateway'] as const).map((profile) => ({
      name: `${capture.file}, ${profile}, seeds 1 to ${SEEDS}, any clock: ${claimOf(capture.label, kind)}`,
      check: async () => {
        for (let seed = 1; seed <= SEEDS; seed++) {
          for (const shift of seed === 1 ? SHIFTS : SHIFTS.slice(0, 1)) {
            await check(folder, capture, profile, seed, shift, kind);
          }
        }
      },
    }));
  });
}

function claimOf(label: Labelled['label'], kind: string | undefined): string {
  if (label === 'neutral') return 'nothing traps';
  return kind === undefined ? 'nothing is noticed' : `${kind}, and not before it began`;
}

async function check(
  folder: string,
  { file, label, local, attack_start: start }: Labelled,
  profile: 'standard' | 'gateway',
  seed: number,
  shift: number,
  kind: string | undefined,
): Promise<void> {
  const capture = await openCapture(fileSource(join(folder, file)));
  const fill = capture.fill.bind(capture);
  capture.fill = async (target, rewriter) => {
    const length = await fill(target, rewriter);
    if (shift !== 0) shiftTimes(target, length, shift);
    return length;
  };
  try {
    const seedBytes = new Uint8Array(32).fill(seed);
    const core = await openCore(profile);
    const { detections = [] } = await inspectCapture(capture, core, {
      localAddresses: local,
      seed: seedBytes,
    });
    const found = detections.map(({ detection }) => detection);
    const where = `seed ${seed}, shifted by ${shift} ms`;
    if (label === 'benign') deepEqual(found, [], where);
    if (kind === undefined) return;
    // A scan of two ports is two of a kind.
    deepEqual([...new Set(found)], [kind], where);

    if (start === undefined || shift !== 0) return;
    // Times are cut to the millisecond.
    for (const { firstMs } of detections) ok(firstMs >= Math.floor(start * 1000), `${where}: ${firstMs}`);
  } finally {
    await capture.close();
  }
}

function shiftTimes(frames: Uint8Array, length: number, ms: number): void {
  const view = new DataView(frames.buffer, frames.byteOffset, length);
  for (let at = 0; at < length; at += FRAME_HEADER + view.getUint16(at + FRAME_CAPTURED, true)) {
    const time = view.getBigUint64(at + FRAME_TIME, true) + BigInt(ms);
    view.setBigUint64(at + FRAME_TIME, time, true);
  }
}
