// Detections for people, and for programs.

import type { DetectionRecord } from '../bindings/js/detections.ts';
import { err, out } from './colours.ts';
import { duration, grouped, printable } from './terminal.ts';

const STATE_WIDTH = 'ongoing'.length;

/** One line each: when, how bad, what, and why it is said. */
export function detectionLines(detections: readonly DetectionRecord[]): string[] {
  return detections.map((detection) => lineOf(detection, out));
}

/** The same for standard error, as it happens: what has become of it first. */
export function liveDetectionLine(detection: DetectionRecord): string {
  return `detection ${detection.state.toLowerCase().padEnd(STATE_WIDTH)}  ${lineOf(detection, err)}`;
}

function lineOf(detection: DetectionRecord, colours: typeof out): string {
  const { severity, detection: kind, direction, firstMs, lastMs } = detection;
  const what = colours.bold(`${words(kind)}, ${direction.toLowerCase()}`);
  const lasting = duration(Math.max(0, lastMs - firstMs));
  return `${clock(firstMs)}  ${severityText(severity, colours)}  ${what}: ${reason(detection)}, in ${lasting}`;
}

/** As JSON; times are epoch seconds. */
export function detectionJson(detection: DetectionRecord): Readonly<Record<string, unknown>> {
  const { peers, ports, firstMs, lastMs } = detection;
  return {
    kind: detection.detection.toLowerCase(),
    severity: detection.severity.toLowerCase(),
    direction: detection.direction.toLowerCase(),
    peer: peers[0] ?? null,
    port: ports[0] ?? null,
    count: detection.count,
    firstSeen: firstMs / 1000,
    lastSeen: lastMs / 1000,
    limit: detection.limit,
    state: detection.state.toLowerCase(),
    protocol: detection.protocol,
    peers,
    peerCount: detection.peerCount,
    ports,
    portCount: detection.portCount,
    reason: reason(detection),
  };
}

function reason(detection: DetectionRecord): string {
  const { protocol, count, limit, ports } = detection;
  const port = ports.length === 0 ? '' : ` port ${ports.join(', ')}`;
  const isOut = detection.direction === 'OUTBOUND';
  const against = `(limit ${grouped(limit)})`;
  const known = detection.peers.length === 0 ? '' : `, ${peers(detection)}`;
  switch (detection.detection) {
    case 'HORIZONTAL_SCAN':
      return `${grouped(count)} ${isOut ? 'hosts' : 'attempts of different hosts'} failed at ${protocol}${port} ${against}${known}`;
    case 'VERTICAL_SCAN':
      return `${grouped(count)} ${protocol} ports failed ${isOut ? 'on' : 'from'} ${peers(detection)} ${against}${ports.length === 0 ? '' : `, among them ${ports.join(', ')}`}`;
    case 'ADDRESS_SWEEP':
      return `${grouped(count)} hosts asked by ICMP echo ${against}${known}`;
    case 'BRUTE_FORCE':
      return `${grouped(count)} short connections ${isOut ? 'to' : 'from'} ${peers(detection)} at ${protocol}${port} ${against}`;
    case 'BEACON':
      return `${grouped(count)} calls of ${peers(detection)} at ${protocol}${port}, at a steady period ${against}`;
    case 'SUSPICIOUS_ADDRESS':
      return `${peers(detection)} is in the indicator list by its first ${limit} bits, met ${grouped(count)} times at ${protocol}${port}`;
    case 'FIRST_CONTACT':
      return `${peers(detection)} at ${protocol}${port} was never met while the device was learned`;
    case 'SYN_FLOOD':
      return `${grouped(count)} connections begun and not finished ${isOut ? 'to' : 'from'} ${peers(detection)} at ${protocol}${port} ${against}`;
    case 'UDP_FLOOD':
      return `${grouped(count)} datagrams that nobody answers ${isOut ? 'to' : 'from'} ${peers(detection)} ${against}`;
    case 'ICMP_FLOOD':
      return `${grouped(count)} pings ${isOut ? 'to' : 'from'} ${peers(detection)} ${against}`;
    case 'REFLECTION':
      return isOut
        ? `${grouped(count)} questions of ${peers(detection)} answered at ${protocol}${port} many times as long ${against}`
        : `${grouped(count)} hosts answered from ${protocol}${port} what they were not asked ${against}${known}`;
    case 'DNS_TUNNEL':
      return `${grouped(count)} bytes more than names and answers need, with ${peers(detection)} ${against}`;
    case 'ICMP_TUNNEL':
      return `${grouped(count)} answers to pings that are no echoes, ${isOut ? 'from' : 'to'} ${peers(detection)} ${against}`;
    default:
      return `${grouped(count)} ${against}${known}`;
  }
}

/** Of one that has only just begun none may be kept. */
function peers({ peers, peerCount }: DetectionRecord): string {
  if (peers.length === 0) return peerCount === 1 ? '1 host' : `${grouped(peerCount)} hosts`;
  const shown = peers.map(printable).join(', ');
  return peerCount > peers.length ? `${shown} and ${grouped(peerCount - peers.length)} more` : shown;
}

function words(kind: string): string {
  return kind.toLowerCase().replaceAll('_', ' ');
}

function severityText(severity: string, colours: typeof out): string {
  const text = severity.toLowerCase().padEnd(6);
  return severity === 'LOW' ? text : colours.yellow(text);
}

/** UTC; a clock that is not worth a date is shown as it is. */
function clock(ms: number): string {
  return ms > 8.64e15 ? String(ms) : new Date(ms).toISOString().replace('T', ' ').slice(0, 19);
}
