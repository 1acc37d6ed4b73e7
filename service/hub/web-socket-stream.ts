// A WebSocket as a stream of bytes: the MQTT packets in it need not begin or end where its messages do (MQTT 3.1.1, 6).

import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** Answers to pings wait behind what the client has not read; one that reads nothing gets none. */
const MAX_UNREAD_PONG_BYTES = 64 * 1024;

export class WebSocketStream extends Duplex {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      // MQTT 3.1.1, 6: anything but a binary message is the connection's end.
      if (!isBinary) this.destroy(Object.assign(new Error('a text message'), { code: 'WS_TEXT_MESSAGE' }));
      else if (!this.push(data)) socket.pause();
    });
    socket.on('ping', (data) => {
      if (socket.bufferedAmount > MAX_UNREAD_PONG_BYTES) this.destroy();
      else socket.pong(data);
    });
    socket.on('error', (error) => this.destroy(error));
    // What has arrived is still read.
    socket.on('close', () => this.push(null));
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    this.#socket.send(chunk, done);
  }

  /** What waited together goes out in one message. */
  override _writev(chunks: Array<{ chunk: Buffer }>, done: (error?: Error) => void): void {
    this.#socket.send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    this.#socket.close(1000);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.terminate();
    done(error);
  }
}
