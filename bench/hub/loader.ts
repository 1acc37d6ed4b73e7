// Devices as raw sockets, cheaper than any server: packets are made once, acknowledgements are counted in bytes. A process of its own:
// it is sent a Load by its parent and answers with what it saw.

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
  readonly seconds: number;
  /** Unacknowledged messages of a device at most. */
  readonly window: number;
  readonly bodyBytes: number;
}

/** Said when the time has come: all connected, then all done. */
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

  await new Promise((resolve) => process.once('message', resolve));
  const begun = performance.now();
  const endMs = begun + load.seconds * 1000;
  const counts = await Promise.all(
    sockets.map((socket, index) => pump(socket, batchOf(load, index), load.window, endMs)),
  );
  const acknowledged = counts.reduce((sum, count) => sum + count, 0);
  tell({ kind: 'done', acknowledged, seconds: (performance.now() - begun) / 1000 });
  for (const socket of sockets) socket.destroy();
  process.disconnect();
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

/** A window of messages in one buffer, sent over and over. */
function batchOf({ window, bodyBytes }: Load, index: number): Buffer {
  const topic = `devices/device-${index}/messages/events/mti=2.3-1-1-0&%24.ifid=urn%3Aazureiot%3ASecurity%3ASecurityAgent%3A1`;
  const payload = Buffer.alloc(bodyBytes, index);
  return Buffer.concat(
    Array.from({ length: window }, (_, number) =>
      generate({ cmd: 'publish', topic, payload, qos: 1, messageId: number + 1, retain: false, dup: false }),
    ),
  );
}

/** Sends the next window when the one before is acknowledged. Resolves with the messages acknowledged. */
function pump(socket: Socket, batch: Buffer, window: number, endMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let windows = 1;
    socket.on('data', (piece) => {
      bytes += piece.length;
      if (bytes < windows * window * PUBACK_BYTES) return;
      if (performance.now() >= endMs) {
        socket.removeAllListeners('close');
        resolve(bytes / PUBACK_BYTES);
        return;
      }
      windows++;
      socket.write(batch);
    });
    socket.on('close', () => reject(new Error('a connection ended under load')));
    socket.write(batch);
  });
}
