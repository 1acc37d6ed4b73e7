// Floods and reflection: bursts of a tenth of a second, minutes of a steady trickle, one source, a botnet, spoofed ones.
import { SILENT } from '../attacks/attack.ts';
import type { FloodPeers } from '../attacks/flood-sources.ts';
import { icmpFlood } from '../attacks/icmp-flood.ts';
import { REFLECTORS, type ReflectorKind, reflection } from '../attacks/reflection.ts';
import { synFlood } from '../attacks/syn-flood.ts';
import { udpFlood } from '../attacks/udp-flood.ts';
import { DIRECTIONS, FAMILIES } from './scan-variants.ts';
import type { AttackVariant } from './scenario.ts';

/** Packets a second, and for how long. */
const SYN_RATES = [
  [50, 60_000],
  [200, 30_000],
  [1000, 10_000],
  [10_000, 2000],
  [50_000, 100],
] as const;
const UDP_RATES = [
  [200, 30_000],
  [1000, 10_000],
  [10_000, 2000],
  [30_000, 100],
] as const;
const ICMP_RATES = [
  [100, 30_000],
  [1000, 10_000],
  [10_000, 1000],
] as const;
const REFLECTED_PER_SECOND = [2, 20, 200] as const;
interface Source {
  readonly manner: string;
  readonly peers: FloodPeers;
  /** Whether the device answers at all. */
  readonly isAnswered: boolean;
}
const SOURCES: readonly Source[] = [
  { manner: 'spoofed', peers: 'spoofed', isAnswered: true },
  { manner: 'spoofed, unanswered', peers: 'spoofed', isAnswered: false },
  { manner: 'one source', peers: 1, isAnswered: true },
  { manner: '50 bots', peers: 50, isAnswered: true },
];
/** A device that floods does it under its own address, mostly against one target. */
const TARGETS: readonly Source[] = [{ manner: 'one target', peers: 1, isAnswered: true }];

export function* floodVariants(): Generator<AttackVariant> {
  for (const direction of DIRECTIONS) {
    for (const family of FAMILIES) {
      const common = { direction, family, unit: 'packets/s' } as const;
      for (const { manner, peers, isAnswered } of direction === 'in' ? SOURCES : TARGETS) {
        for (const [rate, durationMs] of SYN_RATES) {
          const ecn = manner === 'spoofed' && rate === 1000;
          yield {
            ...common,
            kind: 'SYN_FLOOD',
            rate,
            manner: ecn ? `${manner}, with ECN` : manner,
            durationMs,
            make: (network, random, startMs, lasting) =>
              synFlood(network, random, {
                startMs,
                durationMs: lasting,
                direction,
                family,
                packetsPerSecond: rate,
                peers,
                ecn,
                ...(isAnswered ? {} : { reaction: SILENT }),
              }),
          };
        }
        for (const [rate, durationMs] of UDP_RATES) {
          yield {
            ...common,
            kind: 'UDP_FLOOD',
            rate,
            manner,
            durationMs,
            make: (network, random, startMs, lasting) =>
              udpFlood(network, random, {
                startMs,
                durationMs: lasting,
                direction,
                family,
                packetsPerSecond: rate,
                peers,
                ...(isAnswered ? {} : { unreachablesPerSecond: 0 }),
              }),
          };
        }
        for (const [rate, durationMs] of ICMP_RATES) {
          yield {
            ...common,
            kind: 'ICMP_FLOOD',
            rate,
            manner,
            durationMs,
            make: (network, random, startMs, lasting) =>
              icmpFlood(network, random, {
                startMs,
                durationMs: lasting,
                direction,
                family,
                packetsPerSecond: rate,
                peers,
                ...(isAnswered ? {} : { reaction: SILENT }),
              }),
          };
        }
      }
    }
  }
}

export function* reflectionVariants(): Generator<AttackVariant> {
  for (const kind of Object.keys(REFLECTORS) as ReflectorKind[]) {
    for (const direction of DIRECTIONS) {
      for (const family of FAMILIES) {
        for (const rate of REFLECTED_PER_SECOND) {
          yield {
            kind: 'REFLECTION',
            direction,
            family,
            rate,
            unit: direction === 'in' ? 'answers/s' : 'questions/s',
            manner: kind,
            durationMs: 20_000,
            make: (network, random, startMs, durationMs) =>
              reflection(network, random, {
                startMs,
                durationMs,
                direction,
                family,
                kind,
                perSecond: rate,
                hosts: direction === 'in' ? 300 : 4,
              }),
          };
        }
      }
    }
  }
}
