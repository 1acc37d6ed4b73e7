// Devices as raw sockets, cheaper than any server: packets are made once, acknowledgements are counted in bytes. A process of its own:
// it is sent a Load by its parent, then a Course at a time, and answers with what it saw.

import { createHmac } from 'node:crypto';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';
import { generate } from 'mqtt-packet';

export interface Load {
  readonly port: number;
  /** PEM: TLS; undefined: plain. */
  readonly ca?: string;
  readonly devices: number;
  /** Base64, of every device; undefined: no password. */
  readonly key?: string;
  readonly bodyBytes: number;
}

/** One after the other, over the same connections. */
export interface Course {
  readonly seconds: number;
  /** Messages of a device that are sent and not acknowledged: as many at any time. */
  readonly window: number;
}

/** All are connected, and then for every course: all is acknowledged. */
export type LoaderNews =
  | { readonly kind: 'connected'; readonly seconds: number }
  | { readonly kind: 'done'; readonly acknowledged: number; readonly seconds: number };

/** Handshakes under way at once. */
const CONNECTING = 64;
const PUBACK_BYTES = 4;
const CONNACK_BYTES = 4;

process.once('message', (load: Load) => void run(load));

async function run(load: Load): Promise<void> {
  const secureContext = load.ca === undefined ? undefined : createSecureContext({ ca: load.ca });
  const started = performance.now();
  const sockets: Socket[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < load.devices; index = next++) {
      sockets[index] = await connected(load, index, secureContext);
    }
  };
  await Promise.all(Array.from({ length: CONNECTING }, worker));
  tell({ kind: 'connected', seconds: (performance.now() - started) / 1000 });

  process.on('message', async (course: Course) => {
    const begun = performance.now();
    const endMs = begun + course.seconds * 1000;
    const counts = await Promise.all(
      sockets.map((socket, index) => pump(socket, batchOf(load, course, index), course.window, endMs)),
    );
    const acknowledged = counts.reduce((sum, count) => sum + count, 0);
    tell({ kind: 'done', acknowledged, seconds: (performance.now() - begun) / 1000 });
  });
  process.once('disconnect', () => process.exit());
}

function tell(news: LoaderNews): void {
  process.send?.(news);
}

async function connected(
  { port, key, ca }: Load,
  index: number,
  secureContext: ReturnType<typeof createSecureContext> | undefined,
): Promise<Socket> {
  const socket =
    secureContext === undefined
      ? connectPlain({ port, host: 'localhost' })
      : connectTls({ port, host: 'localhost', servername: 'localhost', secureContext, ca });
  socket.setNoDelay(true);
  const deviceId = `device-${index}`;
  await new Promise<void>((resolve, reject) => {
    socket.once(secureContext === undefined ? 'connect' : 'secureConnect', resolve);
    socket.once('error', reject);
  });
  socket.write(
    generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      keepalive: 0,
      clientId: deviceId,
      ...(key === undefined
        ? {}
        : {
            username: `localhost/${deviceId}/?api-version=2021-04-12`,
            password: Buffer.from(tokenOf(deviceId, key)),
          }),
    }),
  );
  const answer = await new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('close', () => reject(new Error(`${deviceId} was not let in`)));
  });
  if (answer.length !== CONNACK_BYTES || answer[3] !== 0)
    throw new Error(`${deviceId} was refused: ${answer.toString('hex')}`);
  return socket;
}

function tokenOf(deviceId: string, key: string): string {
  const resource = encodeURIComponent(`localhost/devices/${deviceId}`);
  const expiry = Math.floor(Date.now() / 1000) + 3600;
  const signature = createHmac('sha256', Buffer.from(key, 'base64'))
    .update(`${resource}\n${expiry}`)
    .digest('base64');
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}`;
}

/** A window of messages in one buffer, all of one size. */
function batchOf({ bodyBytes }: Load, { window }: Course, index: number): Buffer {
  const topic = `devices/device-${index}/messages/events/mti=2.3-1-1-0&%24.ifid=urn%3Aazureiot%3ASecurity%3ASecurityAgent%3A1`;
  const payload = Buffer.alloc(bodyBytes, index);
  return Buffer.concat(
    Array.from({ length: window }, (_, number) =>
      generate({ cmd: 'publish', topic, payload, qos: 1, messageId: number + 1, retain: false, dup: false }),
    ),
  );
}

/** Sends a message for each that is acknowledged, until the time is over; resolves with their number when none is left in flight. */
function pump(socket: Socket, batch: Buffer, window: number, endMs: number): Promise<number> {
  const messageBytes = batch.length / window;
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let sent = window;
    let isOver = false;
    const onClose = () => reject(new Error('a connection ended under load'));
    const onData = (piece: Buffer) => {
      bytes += piece.length;
      const acknowledged = Math.floor(bytes / PUBACK_BYTES);
      if (isOver || performance.now() >= endMs) {
        isOver = true;
        if (acknowledged < sent) return;
        socket.off('data', onData).off('close', onClose);
        resolve(acknowledged);
        return;
      }
      // Acknowledged in the order they were sent in: the ids go round.
      const from = (sent % window) * messageBytes;
      const free = window - (sent - acknowledged);
      if (free === 0) return;
      sent += free;
      const to = from + free * messageBytes;
      socket.write(batch.subarray(from, to));
      if (to > batch.length) socket.write(batch.subarray(0, to - batch.length));
    };
    socket.on('data', onData).on('close', onClose);
    socket.write(batch);
  });
}
