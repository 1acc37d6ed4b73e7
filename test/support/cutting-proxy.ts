// A TCP line between a device and a hub that a test can cut, hold and count. It sees TLS records only, so a place in the
// conversation is a number of bytes in one direction.

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** up: from device to hub. */
export type Direction = 'up' | 'down';

/** Where a connection breaks: after so many bytes in one direction, the last piece cut in two where it falls inside. */
export interface Cut {
  readonly direction: Direction;
  readonly afterBytes: number;
}

export interface Line {
  readonly up: number;
  readonly down: number;
}

interface OpenLine {
  readonly device: Socket;
  readonly hub: Socket;
  readonly bytes: Record<Direction, number>;
}

export class CuttingProxy {
  /** Port on localhost; connections made afterwards go there. */
  target: number;
  /** Asked for each new connection; undefined: it is left whole. */
  nextCut: () => Cut | undefined = () => undefined;
  /** New connections are reset at once. */
  refuses = false;
  /** What passed over each connection that has ended. */
  readonly ended: Line[] = [];
  readonly #open = new Set<OpenLine>();
  readonly #server: Server;
  readonly #held = new Set<Direction>();

  private constructor(target: number) {
    this.target = target;
    this.#server = createServer((device) => this.#join(device));
  }

  static async open(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, 'localhost', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Bytes stay in the proxy from now on: the line is half open. */
  hold(...directions: readonly Direction[]): void {
    for (const direction of directions) this.#held.add(direction);
    for (const line of this.#open) {
      if (this.#held.has('up')) line.device.pause();
      if (this.#held.has('down')) line.hub.pause();
    }
  }

  release(): void {
    this.#held.clear();
    for (const { device, hub } of this.#open) {
      device.resume();
      hub.resume();
    }
  }

  /** Cuts every line now: a reset, no goodbye. */
  cut(): void {
    for (const line of this.#open) this.#end(line);
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(device: Socket): void {
    if (this.refuses) {
      device.resetAndDestroy();
      return;
    }
    const hub = connect({ port: this.target, host: 'localhost' });
    const line: OpenLine = { device, hub, bytes: { up: 0, down: 0 } };
    this.#open.add(line);
    const cut = this.nextCut();
    this.#pipe(line, 'up', device, hub, cut);
    this.#pipe(line, 'down', hub, device, cut);
    if (cut?.afterBytes === 0) this.#end(line);
  }

  #pipe(line: OpenLine, direction: Direction, from: Socket, to: Socket, cut: Cut | undefined): void {
    const limit = cut?.direction === direction ? cut.afterBytes : Number.POSITIVE_INFINITY;
    from.on('data', (piece) => {
      const passes = Math.min(piece.length, limit - line.bytes[direction]);
      line.bytes[direction] += passes;
      const last = line.bytes[direction] >= limit;
      to.write(piece.subarray(0, passes), () => {
        if (last) this.#end(line);
      });
    });
    from.on('error', () => this.#end(line));
    from.on('close', () => this.#end(line));
    if (this.#held.has(direction)) from.pause();
  }

  #end(line: OpenLine): void {
    if (!this.#open.delete(line)) return;
    this.ended.push({ ...line.bytes });
    line.device.resetAndDestroy();
    line.hub.resetAndDestroy();
  }
}
