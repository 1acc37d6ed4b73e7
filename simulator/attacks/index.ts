// Attacks, one a file: each a function of network, random numbers and options, and an activity for a Playback.
export { type AddressSweepOptions, addressSweep } from './address-sweep.ts';
export {
  ANSWERING,
  AS_FOUND,
  type AttackOptions,
  type Direction,
  REFUSING,
  type Reaction,
  SILENT,
} from './attack.ts';
export { type BeaconOptions, beacon } from './beacon.ts';
export { type BruteForceOptions, bruteForce } from './brute-force.ts';
export { type ContactOptions, contact } from './contact.ts';
export { type DnsTunnelOptions, dnsTunnel } from './dns-tunnel.ts';
export { type HorizontalScanOptions, horizontalScan } from './horizontal-scan.ts';
export { type IcmpFloodOptions, icmpFlood } from './icmp-flood.ts';
export { type IcmpTunnelOptions, icmpTunnel } from './icmp-tunnel.ts';
export { type ReflectionOptions, type ReflectorKind, reflection } from './reflection.ts';
export { type SynFloodOptions, synFlood } from './syn-flood.ts';
export { type UdpFloodOptions, udpFlood } from './udp-flood.ts';
export { type VerticalScanOptions, verticalScan } from './vertical-scan.ts';
