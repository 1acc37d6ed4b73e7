// The TCP segments of a capture, and the connections they belong to, as the simulated device sees them.
import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import type { PcapFrame } from '../../host/capture/index.ts';
import { addressBytes } from '../../simulator/packets/index.ts';
import { dissect } from './dissect.ts';

export interface Tcp {
  readonly timeMs: number;
  readonly isOut: boolean;
  readonly remote: string;
  readonly localPort: number;
  readonly remotePort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly length: number;
}

export function tcpOf(frames: Iterable<PcapFrame>): Tcp[] {
  const local = new Set([hex(addressBytes('192.0.2.50')), hex(addressBytes('2001:db8::50'))]);
  const found: Tcp[] = [];
  for (const { timeMs, bytes } of frames) {
    const { protocol, body, source, destination } = dissect(bytes);
    if (protocol !== 6) continue;
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    const isOut = local.has(source);
    assert.ok(isOut !== local.has(destination));
    found.push({
      timeMs,
      isOut,
      remote: isOut ? destination : source,
      localPort: view.getUint16(isOut ? 0 : 2),
      remotePort: view.getUint16(isOut ? 2 : 0),
      sequence: view.getUint32(4),
      acknowledgement: view.getUint32(8),
      flags: view.getUint8(13),
      length: body.length - (view.getUint8(12) >> 4) * 4,
    });
  }
  return found;
}

export function connectionsOf(segments: readonly Tcp[]): Tcp[][] {
  const connections = new Map<string, Tcp[]>();
  for (const segment of segments) {
    const key = `${segment.remote} ${segment.remotePort} ${segment.localPort}`;
    const connection = connections.get(key) ?? [];
    connection.push(segment);
    connections.set(key, connection);
  }
  return [...connections.values()];
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Of times and bytes. */
export function digest(frames: Iterable<PcapFrame>): string {
  const hash = createHash('sha256');
  for (const { timeMs, bytes } of frames) hash.update(`${timeMs} `).update(bytes);
  return hash.digest('hex');
}
