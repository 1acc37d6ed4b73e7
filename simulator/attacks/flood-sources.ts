// Who a flood seems to come from, or where one of the device's own goes.
import { anyHost, type Family } from '../hosts.ts';
import type { Address } from '../packets/index.ts';
import type { Random } from '../random.ts';
import { type Opposite, oppositeAt } from './attack.ts';

/** spoofed: another one with every packet. A number: so many bots, or so many targets. */
export type FloodPeers = 'spoofed' | number;

/** A function that gives the other end of the next packet. */
export function floodPeers(
  random: Random,
  family: Family,
  peers: FloodPeers,
  only?: Address,
): () => Opposite {
  if (only !== undefined) {
    const opposite = oppositeAt(random, only);
    return () => opposite;
  }
  if (peers === 'spoofed') return () => oppositeAt(random, anyHost(family, random));
  const known = Array.from({ length: Math.max(1, peers) }, () => oppositeAt(random, anyHost(family, random)));
  return () => known[random.integer(0, known.length - 1)] ?? oppositeAt(random, anyHost(family, random));
}
