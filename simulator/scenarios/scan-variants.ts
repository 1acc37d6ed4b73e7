// Scans and sweeps at all rates, ways and families: from one host in 40 s, which takes a day to see a network, to a thousand a second.

import { addressSweep } from '../attacks/address-sweep.ts';
import { AS_FOUND, type Direction, REFUSING, type Reaction, SILENT } from '../attacks/attack.ts';
import { horizontalScan } from '../attacks/horizontal-scan.ts';
import type { ProbeManner } from '../attacks/probe.ts';
import { verticalScan } from '../attacks/vertical-scan.ts';
import { SERVED_ADDRESSES } from '../devices/index.ts';
import type { Family, Neighbourhood } from '../hosts.ts';
import type { AttackVariant } from './scenario.ts';

export const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];
export const DIRECTIONS: readonly Direction[] = ['out', 'in'];

/** One host every 40 s, out for a day. */
const SLOWEST = 0.025;
const HOSTS_PER_SECOND = [SLOWEST, 0.1, 0.4, 1.4, 10, 100, 1000] as const;
const PORTS_PER_SECOND = [0.05, 0.2, 1, 10, 100, 1000] as const;
const SWEPT_PER_SECOND = [0.05, 0.2, 1, 10, 100] as const;
/** Of a vertical scan that goes on to its end. */
const MOST_PORTS = 3000;
const SHORTEST_MS = 5000;
const DAY = 86_400_000;

/** So long that so many are met. */
function durationFor(perSecond: number, targets: number): number {
  return Math.max(SHORTEST_MS, (targets / perSecond) * 1000);
}

interface Manner {
  readonly words: string;
  readonly manner: ProbeManner;
  readonly ports: readonly [number, ...number[]];
  readonly reaction: Reaction;
  readonly portsOfEach?: 'one' | 'all';
  readonly where?: Neighbourhood;
}

/** Well-known ports, odd ones, several at once; tools and whole connections. */
const SCANS: readonly Manner[] = [
  { words: 'TCP 23 and 2323, as found', manner: 'half-open', ports: [23, 2323], reaction: AS_FOUND },
  { words: 'TCP 8291, silent', manner: 'half-open', ports: [8291], reaction: SILENT },
  { words: 'TCP 37215, refused', manner: 'connect', ports: [37_215], reaction: REFUSING },
  {
    words: 'TCP 22 80 5555 each, as found',
    manner: 'connect',
    ports: [22, 80, 5555],
    reaction: AS_FOUND,
    portsOfEach: 'all',
  },
  { words: 'TCP 445 at home, refused', manner: 'connect', ports: [445], reaction: REFUSING, where: 'home' },
  { words: 'UDP 1900, silent', manner: 'udp', ports: [1900], reaction: SILENT },
  { words: 'UDP 48101, refused', manner: 'udp', ports: [48_101], reaction: REFUSING },
];

export function* horizontalScanVariants(): Generator<AttackVariant> {
  for (const perSecond of HOSTS_PER_SECOND) {
    for (const direction of DIRECTIONS) {
      for (const family of FAMILIES) {
        for (const { words, where = 'anywhere', ...scan } of SCANS) {
          const isServed = direction === 'in' && family === 'IPv4' && scan.manner === 'half-open';
          const how = { ...scan, where, hostsPerSecond: perSecond };
          const common = {
            kind: 'HORIZONTAL_SCAN',
            direction,
            family,
            rate: perSecond,
            unit: 'hosts/s',
          } as const;
          if (where === 'home' && (direction === 'in' || family === 'IPv6')) continue;
          yield {
            ...common,
            manner: direction === 'in' ? `${words}, from everywhere` : words,
            durationMs: perSecond === SLOWEST && direction === 'out' ? DAY : durationFor(perSecond, 150),
            make: (network, random, startMs, durationMs) =>
              horizontalScan(network, random, { ...how, direction, family, startMs, durationMs }),
          };
          if (!isServed) continue;
          yield {
            ...common,
            manner: `${words}, from one host`,
            needsGateway: true,
            durationMs: durationFor(perSecond, SERVED_ADDRESSES.length),
            make: (network, random, startMs, durationMs) =>
              horizontalScan(network, random, {
                ...how,
                direction,
                family,
                startMs,
                durationMs,
                deviceAddresses: SERVED_ADDRESSES,
              }),
          };
        }
      }
    }
  }
}

const PORT_SCANS: ReadonlyArray<Pick<Manner, 'words' | 'manner' | 'reaction'>> = [
  { words: 'TCP, refused', manner: 'half-open', reaction: REFUSING },
  { words: 'TCP, silent', manner: 'half-open', reaction: SILENT },
  { words: 'TCP connections, refused', manner: 'connect', reaction: REFUSING },
  { words: 'UDP, refused', manner: 'udp', reaction: REFUSING },
  { words: 'UDP, silent', manner: 'udp', reaction: SILENT },
];

export function* verticalScanVariants(): Generator<AttackVariant> {
  for (const perSecond of PORTS_PER_SECOND) {
    for (const direction of DIRECTIONS) {
      for (const family of FAMILIES) {
        for (const { words, manner, reaction } of PORT_SCANS) {
          yield {
            kind: 'VERTICAL_SCAN',
            direction,
            family,
            rate: perSecond,
            unit: 'ports/s',
            manner: words,
            durationMs: durationFor(perSecond, 150),
            make: (network, random, startMs, durationMs) =>
              verticalScan(network, random, {
                startMs,
                durationMs,
                direction,
                family,
                manner,
                reaction,
                portsPerSecond: perSecond,
                portCount: MOST_PORTS,
              }),
          };
        }
      }
    }
  }
}

/** In: one host asks for all addresses of a gateway, which are of IPv4. */
export function* addressSweepVariants(): Generator<AttackVariant> {
  for (const perSecond of SWEPT_PER_SECOND) {
    for (const [direction, family] of [
      ['out', 'IPv4'],
      ['out', 'IPv6'],
      ['in', 'IPv4'],
    ] as const) {
      const isIn = direction === 'in';
      yield {
        kind: 'ADDRESS_SWEEP',
        direction,
        family,
        rate: perSecond,
        unit: 'hosts/s',
        manner: 'echo',
        needsGateway: isIn,
        durationMs: durationFor(perSecond, isIn ? SERVED_ADDRESSES.length : 100),
        make: (network, random, startMs, durationMs) =>
          addressSweep(network, random, {
            startMs,
            durationMs,
            direction,
            family,
            hostsPerSecond: perSecond,
            ...(isIn ? { deviceAddresses: SERVED_ADDRESSES } : {}),
          }),
      };
    }
  }
}
