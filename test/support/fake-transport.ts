// A transport in the hands of a test, and the hub behind it: what arrived, how often.

import type { OwnConnection } from '../../bindings/js/configuration.ts';
import { WardletError } from '../../bindings/js/errors.ts';
import type { OutgoingMessage, Transport, TransportListener } from '../../host/transport/transport.ts';
import { settled } from './virtual-clock.ts';

interface Send {
  readonly message: OutgoingMessage;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export class FakeTransport implements Transport {
  readonly identity: string;
  /** Handed over and not answered, oldest first. */
  readonly sends: Send[] = [];
  /** What the hub has stored, in order, repeated ones too. */
  readonly stored: OutgoingMessage[] = [];
  ownConnections: readonly OwnConnection[] = [];
  /** Answers every send at once. */
  automatic = false;
  opened = 0;
  closed = 0;
  #listener: TransportListener | undefined;

  constructor(identity = 'fake') {
    this.identity = identity;
  }

  open(listener: TransportListener): void {
    this.opened++;
    this.#listener = listener;
  }

  send(message: OutgoingMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      this.sends.push({ message, resolve, reject });
      if (this.automatic) {
        this.store();
        this.acknowledge();
      }
    });
  }

  async close(): Promise<void> {
    this.closed++;
    for (const { reject } of this.sends.splice(0)) reject(lost());
  }

  /** A TCP connection of that local port to 192.0.2.1, port 8883. */
  move(localPort: number): void {
    this.ownConnections = [{ remoteAddress: '192.0.2.1', remotePort: 8883, localPort }];
    this.#listener?.moved?.();
  }

  async connect(): Promise<void> {
    this.#listener?.connected();
    await settled();
  }

  async disconnect(): Promise<void> {
    for (const { reject } of this.sends.splice(0)) reject(lost());
    this.#listener?.disconnected(lost());
    await settled();
  }

  async fail(): Promise<void> {
    this.#listener?.failed(new WardletError('WL_UNREACHABLE', 'no connection', { hint: 'this is a test' }));
    await settled();
  }

  /** The hub calls a direct method. */
  method(
    name: string,
    payload: unknown = null,
  ): ReturnType<NonNullable<TransportListener['method']>> | undefined {
    return this.#listener?.method?.(name, payload);
  }

  /** The hub has stored the oldest; the device does not know it yet. */
  store(index = 0): void {
    const send = this.sends[index];
    if (send) this.stored.push({ ...send.message, bytes: send.message.bytes.slice() });
  }

  /** The oldest is answered. */
  acknowledge(index = 0): void {
    this.sends.splice(index, 1)[0]?.resolve();
  }

  /** Stores and answers until nothing comes any more. */
  async drain(): Promise<void> {
    while (this.sends.length > 0) {
      this.store();
      this.acknowledge();
      await settled();
    }
  }
}

function lost(): WardletError {
  return new WardletError('WL_DISCONNECTED', 'the connection was lost', { hint: 'this is a test' });
}
