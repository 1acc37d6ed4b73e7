// Frames and cores for the bench: plain 60-byte TCP frames, as a host hands them over.

import type { Core } from '../bindings/js/core.ts';
import { writeFrame } from '../bindings/js/frames.ts';
import { loadCore } from '../bindings/js/load.ts';
import type { Profile } from '../bindings/js/profiles.ts';

export const LOCAL_V4 = '10.0.0.5';
export const LOCAL_V6 = '2001:db8::5';
export const START_MS = 1_700_000_000_000;
/** Captured bytes of a frame. 64 of IPv6, with a header of 16 each, are what a standard core takes at once. */
const CAPTURED_V4 = 60;
const CAPTURED_V6 = 64;

export interface FlowShape {
  readonly family: 4 | 6;
  readonly protocol: 'TCP' | 'UDP';
  /** Every third packet comes in where true; else all go out. */
  readonly bothWays: boolean;
}

export const TCP_V4: FlowShape = { family: 4, protocol: 'TCP', bothWays: true };

/** A batch of one packet each of the flows `first` to `first + count - 1`. */
export function batchOf(first: number, count: number, shape: FlowShape, incoming = false): Uint8Array {
  const captured = shape.family === 4 ? CAPTURED_V4 : CAPTURED_V6;
  const batch = new Uint8Array(count * (16 + captured));
  let at = 0;
  for (let flow = first; flow < first + count; flow++) {
    const isIncoming = incoming || (shape.bothWays && flow % 3 === 0);
    at = writeFrame(batch, at, START_MS + 1, frameOf(flow, shape, isIncoming), { snap: captured });
  }
  return batch;
}

function frameOf(flow: number, { family, protocol }: FlowShape, incoming: boolean): Uint8Array {
  const frame = new Uint8Array(100);
  const view = new DataView(frame.buffer);
  view.setUint16(12, family === 4 ? 0x0800 : 0x86dd);
  const ip = 14;
  const number = protocol === 'TCP' ? 6 : 17;
  const transport = ip + (family === 4 ? 20 : 40);
  if (family === 4) {
    view.setUint8(ip, 0x45);
    view.setUint16(ip + 2, 86);
    view.setUint8(ip + 8, 64);
    view.setUint8(ip + 9, number);
    frame.set([10, 0, 0, 5], ip + (incoming ? 16 : 12));
    frame.set([203, 0, (flow >> 8) & 255, flow & 255], ip + (incoming ? 12 : 16));
  } else {
    view.setUint8(ip, 0x60);
    view.setUint16(ip + 4, 46);
    view.setUint8(ip + 6, number);
    view.setUint8(ip + 7, 64);
    frame.set([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5], ip + (incoming ? 24 : 8));
    frame.set(
      [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, (flow >> 8) & 255, flow & 255],
      ip + (incoming ? 8 : 24),
    );
  }
  const localPort = 40000 + (flow % 20000);
  view.setUint16(transport, incoming ? 443 : localPort);
  view.setUint16(transport + 2, incoming ? localPort : 443);
  if (protocol === 'TCP') {
    view.setUint8(transport + 12, 0x50);
    view.setUint8(transport + 13, 0x10);
  }
  return frame;
}

/** A started core that collects only when told. */
export async function benchCore(bytes: Uint8Array<ArrayBuffer>): Promise<Core> {
  const core = await loadCore(bytes);
  const day = 86_400;
  core.configure({
    seed: Uint8Array.from({ length: 32 }, (_, index) => index * 7 + 1),
    localAddresses: [LOCAL_V4, LOCAL_V6],
    intervalSeconds: { high: day, medium: day, low: day },
    firstCollectionSeconds: 0,
  });
  core.start(START_MS);
  return core;
}

export type CoreBytes = Readonly<Record<Profile, Uint8Array<ArrayBuffer>>>;

/** Hands out and acknowledges every message. Returns the bytes of all. */
export function takeMessages(core: Core): number {
  let bytes = 0;
  for (let message = core.nextMessage(); message; message = core.nextMessage()) {
    bytes += message.bytes.length;
    core.acknowledge(message.sequence);
  }
  return bytes;
}
