// Floods and reflection: bursts of a tenth of a second, minutes of a steady trickle, one source, a botnet, spoofed ones.
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
const SOURCES: ReadonlyArray<readonly [words: string, peers: FloodPeers]> = [
  ['spoofed', 'spoofed'],
  ['one source', 1],
  ['50 bots', 50],
];

export function* floodVariants(): Generator<AttackVariant> {
  for (const direction of DIRECTIONS) {
    for (const family of FAMILIES) {
      const common = { direction, family, unit: 'packets/s' } as const;
      // A device that floods does it under its own address, mostly against one target.
      const sources = direction === 'in' ? SOURCES : [['one target', 1] as const];
      for (const [manner, peers] of sources) {
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
