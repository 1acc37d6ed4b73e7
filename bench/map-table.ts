// What one writes first: a Map with a string for a key. Reads the same frames as typed-array-table.ts.

import { FRAME_CAPTURED, FRAME_HEADER } from '../schema/frame.ts';

interface Counts {
  packets: number;
  bytesIn: number;
  bytesOut: number;
}

export class MapTable {
  readonly #flows = new Map<string, Counts>();
  readonly #local: string;
  ignored = 0;

  /** local: dotted IPv4. */
  constructor(local: string) {
    this.#local = local;
  }

  /** Counts the frames of a batch laid out as for the core (schema/frame.ts). */
  observe(batch: Uint8Array, length: number): void {
    const view = new DataView(batch.buffer, batch.byteOffset, length);
    for (let at = 0; at < length; at += FRAME_HEADER + view.getUint16(at + FRAME_CAPTURED, true)) {
      const ip = at + FRAME_HEADER + 14;
      if (view.getUint16(ip - 2) !== 0x0800) {
        this.ignored++;
        continue;
      }
      const header = (view.getUint8(ip) & 15) * 4;
      const source = dotted(view, ip + 12);
      const destination = dotted(view, ip + 16);
      const ports = [view.getUint16(ip + header), view.getUint16(ip + header + 2)];
      const out = source === this.#local;
      if (!out && destination !== this.#local) {
        this.ignored++;
        continue;
      }
      const remote = out ? destination : source;
      const [localPort, remotePort] = out ? ports : ports.reverse();
      const key = `${view.getUint8(ip + 9)} ${localPort} ${remote} ${remotePort}`;
      let counts = this.#flows.get(key);
      if (counts === undefined) {
        counts = { packets: 0, bytesIn: 0, bytesOut: 0 };
        this.#flows.set(key, counts);
      }
      counts.packets++;
      if (out) counts.bytesOut += view.getUint16(ip + 2) - header;
      else counts.bytesIn += view.getUint16(ip + 2) - header;
    }
  }

  /** Packets counted, to check the benchmark by. */
  get packets(): number {
    return [...this.#flows.values()].reduce((sum, { packets }) => sum + packets, 0);
  }
}

function dotted(view: DataView, at: number): string {
  return `${view.getUint8(at)}.${view.getUint8(at + 1)}.${view.getUint8(at + 2)}.${view.getUint8(at + 3)}`;
}
