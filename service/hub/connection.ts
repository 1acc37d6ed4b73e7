// One connection of a device, from its first byte to its end. Decisions are made in connect.ts, publish.ts and subscribe.ts; here
// they are carried out.

import type { Duplex } from 'node:stream';
import { generate, type IConnectPacket, type Packet, type Parser, parser } from 'mqtt-packet';
import type { Identity } from './client-identity.ts';
import type { Admission, RefusedConnect } from './connect.ts';
import type { Credential } from './credential.ts';
import type { Delivery, DeviceLine } from './device-line.ts';
import {
  bounded,
  type Disconnection,
  type HubHappening,
  REFUSALS,
  type Revocation,
  type Termination,
} from './hub-events.ts';
import type { HubLimits } from './limits.ts';
import type { ArrivedMessage, Stored } from './message-store.ts';
import { PacketFraming, packetBytes } from './packet-framing.ts';
import { type DeviceRequest, judgePublish, type LastTopic } from './publish.ts';
import { type PublishPacket, pubacks, readPublish } from './publish-packet.ts';
import type { Session } from './session-store.ts';
import { grantSubscriptions, REFUSED } from './subscribe.ts';
import { parseFilter, type Subscription } from './topics.ts';

/** What a connection needs of the hub. */
export interface ConnectionHost {
  readonly limits: HubLimits;
  /** The stream knows what the client presented in TLS. */
  admit(packet: IConnectPacket, stream: Duplex, remoteAddress: string): Admission | RefusedConnect;
  /** The session that an admitted client finds. Throws when it cannot be read. */
  openSession(identity: Identity, isClean: boolean): Session;
  /** CONNECT was accepted: the connection is the device's only one from now on. */
  admitted(connection: Connection): void;
  /** Called once, for every connection. */
  ended(connection: Connection): void;
  /** So many messages have been read of a device; returns how long it waits to be read again, ms. */
  throttle(count: number, identity: Identity, remoteAddress: string): number;
  store(message: ArrivedMessage, stored: Stored): void;
  /** Subscriptions have been restored or changed. Throws when they cannot be kept. */
  subscribed(session: Session): void;
  /** Calls `done` once it is served. False: an answer that nobody waits for. Throws when the hub cannot serve it. */
  request(connection: Connection, identity: Identity, request: DeviceRequest, done: () => void): boolean;
  /** PUBACK of the device. Throws when it cannot be stored. */
  acknowledged(identity: Identity, packetId: number): void;
  record(happening: HubHappening): void;
}

/** Two clocks: tokens expire by the wall's, waiting is measured on one that never jumps. */
export interface Moment {
  readonly wallMs: number;
  readonly elapsedMs: number;
}

/** The ends that a device's last will is not for: it said goodbye, or is no longer the hub's. */
type QuietEnd = 'by_device' | 'hub_closing' | Revocation;

type WithoutAddress<Happening> = Happening extends { readonly remoteAddress: string }
  ? Omit<Happening, 'remoteAddress'>
  : never;

/** A refused client has so long to take its CONNACK. */
const LINGER_MS = 2_000;
/** The largest fixed header and topic, with its length and packet id: what a PUBLISH has beside message and properties. */
export const PUBLISH_OVERHEAD = 5 + 2 + 65_535 + 2;

export class Connection implements DeviceLine {
  readonly remoteAddress: string;
  readonly #stream: Duplex;
  readonly #host: ConnectionHost;
  readonly #framing: PacketFraming;
  readonly #parser: Parser = parser({ protocolVersion: 4 });
  readonly #ignored = new Set<string>();
  readonly #openedMs: number;
  readonly #clock: () => number;
  #heardMs: number;
  #admission: Admission | undefined;
  /** Once CONNACK went out. */
  #session: Session | undefined;
  #hasEnded = false;
  #parsed: Packet[] = [];
  #fault: Error | undefined;
  #unacknowledged = 0;
  #isCorked = false;
  /** Of this turn. */
  #acknowledged: number[] = [];
  #lastTopic: LastTopic | undefined;
  /** As many messages as may be are on their way to the disk. */
  #isFull = false;
  #held: NodeJS.Timeout | undefined;

  constructor(stream: Duplex, remoteAddress: string, host: ConnectionHost, elapsedMs: () => number) {
    this.#stream = stream;
    this.remoteAddress = remoteAddress;
    this.#host = host;
    this.#clock = elapsedMs;
    this.#openedMs = this.#heardMs = elapsedMs();
    this.#framing = new PacketFraming(
      host.limits.maxConnectBytes,
      host.limits.maxMessageBytes + PUBLISH_OVERHEAD,
    );
    this.#parser.on('packet', (packet: Packet) => this.#parsed.push(packet));
    this.#parser.on('error', (error: Error) => {
      this.#fault ??= error;
    });
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('error', (error: NodeJS.ErrnoException) => this.#lost(error.code));
    stream.on('close', () => this.#lost());
    stream.on('end', () => this.#lost());
  }

  /** Once CONNECT was accepted. */
  get identity(): Identity | undefined {
    return this.#admission?.identity;
  }

  qosOf(subscription: Subscription): number | undefined {
    return this.#hasEnded ? undefined : this.#session?.subscriptions.get(subscription);
  }

  get unreadBytes(): number {
    return this.#stream.writableLength;
  }

  /** Sends the device what it has subscribed to. */
  push(topic: string, payload: string | Uint8Array, delivery?: Delivery): void {
    this.#send({
      cmd: 'publish',
      topic,
      payload: typeof payload === 'string' ? payload : Buffer.from(payload),
      qos: delivery ? 1 : 0,
      retain: false,
      dup: delivery?.isRepeated ?? false,
      ...(delivery ? { messageId: delivery.packetId } : {}),
    });
  }

  /** Called several times a second: deadlines and expiry. */
  sweep({ wallMs, elapsedMs }: Moment): void {
    const { limits } = this.#host;
    if (!this.#admission) {
      if (elapsedMs - this.#openedMs > limits.connectTimeoutMs) this.#terminate('connect_timeout');
      return;
    }
    const { kind, expiresMs } = this.#admission.credential;
    if (wallMs >= expiresMs) {
      this.#terminate(
        kind === 'sas' ? 'token_expired' : 'certificate_expired',
        `valid until ${new Date(expiresMs).toISOString()}`,
      );
      return;
    }
    const asked = this.#admission.keepaliveSeconds;
    const seconds = asked === 0 ? limits.maxKeepaliveSeconds : Math.min(asked, limits.maxKeepaliveSeconds);
    if (!this.#held && elapsedMs - this.#heardMs > seconds * 1500)
      this.#terminate('keepalive', `${seconds} s`);
  }

  /** Ends when the device as it is now would not be let in as this connection was. */
  reconsider(judge: (credential: Credential) => Revocation | undefined): void {
    const identity = this.identity;
    if (!identity || !this.#admission) return;
    const reason = judge(this.#admission.credential);
    if (!reason || !this.#end(reason)) return;
    this.#record({ kind: 'revoked', reason, ...identity });
  }

  /** Another connection of the same identity takes its place. */
  giveWay(byAddress: string): void {
    const identity = this.identity;
    if (!identity || !this.#end()) return;
    this.#record({ kind: 'taken_over', byAddress, ...identity });
  }

  /** The hub shuts down. */
  close(): void {
    this.#disconnect('hub_closing');
  }

  #read(chunk: Buffer): void {
    if (this.#hasEnded) return;
    this.#heardMs = this.#clock();
    const framed = this.#framing.push(chunk);
    if ('fault' in framed) {
      this.#terminate(framed.fault, 'by its fixed header');
      return;
    }
    if (!framed.packets) return;
    const { packets } = framed;
    let published = 0;
    for (let start = 0; start < packets.length; ) {
      // The rest of a chunk, after the packet that ended the connection.
      if (this.#hasEnded) return;
      const end = start + packetBytes(packets, start);
      const publish = readPublish(packets, start, end);
      if (publish) published++;
      if (publish && this.#session && this.#admission && !this.#admission.desk) {
        this.#publish(publish, this.#admission.identity);
      } else this.#parse(packets.subarray(start, end));
      start = end;
    }
    this.#throttle(published);
  }

  /** A whole packet of any kind. */
  #parse(bytes: Buffer): void {
    try {
      this.#parser.parse(bytes);
    } catch (error) {
      // The parser's own reads past an end.
      this.#fault ??= error instanceof Error ? error : new Error(String(error));
    }
    const packets = this.#parsed;
    this.#parsed = [];
    for (const packet of packets) if (!this.#hasEnded) this.#handle(packet);
    if (this.#fault) this.#unreadable(this.#fault);
  }

  #throttle(count: number): void {
    const identity = this.identity;
    if (count === 0 || !identity || this.#hasEnded) return;
    const waitMs = this.#host.throttle(count, identity, this.remoteAddress);
    if (waitMs === 0) return;
    this.#held = setTimeout(() => {
      this.#held = undefined;
      // What it said meanwhile has not been read.
      this.#heardMs = this.#clock();
      this.#flow();
    }, waitMs);
    this.#flow();
  }

  /** Reads on, or does not. */
  #flow(): void {
    if (this.#isFull || this.#held) this.#stream.pause();
    else if (this.#stream.isPaused()) this.#stream.resume();
  }

  #handle(packet: Packet): void {
    if (packet.cmd === 'connect' && !this.#admission) this.#connect(packet);
    else if (!this.#admission) this.#terminate('not_connect', packet.cmd);
    else if (this.#session) this.#serve(packet, this.#admission, this.#session);
  }

  #connect(packet: IConnectPacket): void {
    const verdict = this.#host.admit(packet, this.#stream, this.remoteAddress);
    if ('refusal' in verdict) {
      const { refusal: reason, detail, identity } = verdict;
      this.#refuse(REFUSALS[reason].returnCode);
      this.#record({ kind: 'refused', reason, detail, ...identity });
      return;
    }
    const { identity, credential, apiVersion, desk } = verdict;
    if (desk) {
      // Nobody's device: nothing is taken over, and nothing remembered.
      this.#admission = verdict;
      this.#session = { identity, isPresent: false, isKept: false, subscriptions: new Map() };
      this.#send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
      return;
    }
    const session = this.#openSession(identity, packet.clean ?? true);
    if (!session) return;
    this.#admission = verdict;
    this.#host.admitted(this);
    this.#record({ kind: 'connected', ...proofOf(credential), apiVersion, ...identity });
    this.#send({ cmd: 'connack', returnCode: 0, sessionPresent: session.isPresent });
    this.#session = session;
    if (session.isPresent) this.#attempt(() => this.#host.subscribed(session));
  }

  /** Undefined: it cannot be had, and the client has been told to come again. */
  #openSession(identity: Identity, isClean: boolean): Session | undefined {
    try {
      return this.#host.openSession(identity, isClean);
    } catch (error) {
      this.#refuse(REFUSALS.unavailable.returnCode);
      this.#record({ kind: 'refused', reason: 'unavailable', detail: bounded(String(error)), ...identity });
      return undefined;
    }
  }

  #serve(packet: Packet, { identity, desk }: Admission, session: Session): void {
    if (desk && packet.cmd !== 'pingreq' && packet.cmd !== 'disconnect') {
      const fault = desk.serve(packet, (answer) => this.#send(answer));
      if (fault) this.#terminate(fault.reason, fault.detail);
      return;
    }
    switch (packet.cmd) {
      case 'publish':
        // Of QoS 0 and 1 only those come this way whose packet id is not there.
        if (packet.qos < 2) this.#terminate('malformed', 'PUBLISH without a packet id');
        else this.#terminate('qos_2', bounded(packet.topic));
        return;
      case 'subscribe': {
        if (packet.subscriptions.length === 0) break;
        const granted = grantSubscriptions(
          packet.subscriptions,
          identity,
          session.subscriptions,
          this.#host.limits.maxSubscriptions,
        );
        const refused = granted.indexOf(REFUSED);
        if (refused >= 0) {
          const filter = bounded(packet.subscriptions[refused]?.topic ?? '');
          this.#record({ kind: 'subscription_refused', filter, ...identity });
        }
        this.#attempt(() => {
          this.#send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted });
          this.#host.subscribed(session);
        });
        return;
      }
      case 'unsubscribe':
        for (const filter of packet.unsubscriptions) {
          const subscription = parseFilter(filter, identity);
          if (subscription) session.subscriptions.delete(subscription);
        }
        this.#attempt(() => {
          this.#host.subscribed(session);
          this.#send({ cmd: 'unsuback', messageId: packet.messageId ?? 0, granted: [] });
        });
        return;
      case 'pingreq':
        this.#send({ cmd: 'pingresp' });
        return;
      case 'puback':
        this.#attempt(() => this.#host.acknowledged(identity, packet.messageId ?? 0));
        return;
      case 'disconnect':
        this.#disconnect('by_device');
        return;
    }
    this.#terminate('protocol_violation', packet.cmd);
  }

  #publish(packet: PublishPacket, identity: Identity): void {
    const { qos, messageId } = packet;
    const verdict = judgePublish(packet, identity, this.#host.limits.maxMessageBytes, this.#lastTopic);
    switch (verdict.kind) {
      case 'terminate':
        this.#terminate(verdict.reason, verdict.detail);
        return;
      case 'request':
        this.#attempt(() => {
          const isKnown = this.#host.request(this, identity, verdict.request, () => {
            if (qos === 1) this.#acknowledge(messageId);
          });
          if (!isKnown) this.#ignore(verdict.request.kind, identity);
        });
        return;
      case 'store': {
        if (++this.#unacknowledged >= this.#host.limits.maxUnacknowledged) {
          this.#isFull = true;
          this.#flow();
        }
        const { properties, body } = verdict;
        this.#lastTopic = verdict.known;
        const { deviceId, moduleId } = identity;
        const message =
          moduleId === undefined ? { deviceId, properties, body } : { deviceId, moduleId, properties, body };
        this.#host.store(message, (error) => {
          this.#unacknowledged--;
          if (this.#hasEnded) return;
          if (error) {
            this.#terminate('storage_failed', bounded(error.message));
            return;
          }
          if (qos === 1) this.#acknowledge(messageId);
          if (this.#unacknowledged === 0 && this.#isFull) {
            this.#isFull = false;
            this.#flow();
          }
        });
      }
    }
  }

  /** What needs the disk; without it the device is better off coming again. */
  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#terminate('storage_failed', bounded(error instanceof Error ? error.message : String(error)));
    }
  }

  #ignore(topic: string, identity: Identity): void {
    if (this.#ignored.has(topic)) return;
    this.#ignored.add(topic);
    this.#record({ kind: 'ignored', topic, ...identity });
  }

  /** PUBACKs of one turn go out in one write. */
  #acknowledge(messageId: number): void {
    if (this.#hasEnded) return;
    if (this.#acknowledged.push(messageId) === 1) process.nextTick(() => this.#sendAcknowledged());
  }

  #sendAcknowledged(): void {
    if (this.#hasEnded || this.#acknowledged.length === 0) return;
    const bytes = pubacks(this.#acknowledged);
    this.#acknowledged = [];
    this.#write(bytes);
  }

  /** Several packets of one turn go out in one write. */
  #send(packet: Packet): void {
    if (this.#hasEnded) return;
    this.#sendAcknowledged();
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#stream.uncork();
      });
    }
    this.#write(generate(packet));
  }

  #write(bytes: Buffer): void {
    this.#stream.write(bytes);
    if (this.#stream.writableLength > this.#host.limits.maxUnreadBytes) this.#terminate('slow_reader');
  }

  /** The last packet of a client that is not let in. */
  #refuse(returnCode: number): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#host.ended(this);
    this.#stream.end(generate({ cmd: 'connack', returnCode, sessionPresent: false }));
    setTimeout(() => this.#stream.destroy(), LINGER_MS).unref();
  }

  #unreadable(error: Error): void {
    if (this.#hasEnded) return;
    // MQTT 3.1.1, 3.1.2.2: a version that is not known is answered, everything else is not.
    if (!this.#admission && error.message === 'Invalid protocol version') {
      this.#refuse(REFUSALS.unsupported_protocol.returnCode);
      this.#record({ kind: 'refused', reason: 'unsupported_protocol', detail: '', deviceId: '' });
      return;
    }
    this.#terminate('malformed', bounded(error.message));
  }

  #terminate(reason: Termination, detail = ''): void {
    const identity = this.identity;
    if (this.#end()) this.#record({ kind: 'terminated', reason, detail, ...identity });
  }

  #lost(code = 'ended before CONNECT'): void {
    if (this.#admission) this.#disconnect('lost');
    // What a client does that has looked at the hub's certificate and does not trust it.
    else if (this.#end()) this.#record({ kind: 'handshake_failed', reason: code });
  }

  #disconnect(reason: Disconnection): void {
    const identity = this.identity;
    const isQuiet = reason !== 'lost';
    if (!this.#end(isQuiet ? reason : undefined) || !identity || this.#admission?.desk) return;
    this.#record({ kind: 'disconnected', reason, ...identity });
  }

  /** False when it had ended before. */
  #end(quiet?: QuietEnd): boolean {
    if (this.#hasEnded) return false;
    // What is acknowledged already still goes out when the hub shuts down.
    if (quiet === 'hub_closing') this.#sendAcknowledged();
    if (this.#hasEnded) return false;
    this.#hasEnded = true;
    clearTimeout(this.#held);
    this.#host.ended(this);
    if (quiet === 'hub_closing') this.#stream.end();
    else this.#stream.destroy();
    const { will, identity } = this.#admission ?? {};
    if (will && identity && quiet === undefined) this.#host.store({ ...identity, ...will }, () => {});
    return true;
  }

  #record(happening: WithoutAddress<HubHappening>): void {
    this.#host.record({ ...happening, remoteAddress: this.remoteAddress });
  }
}

/** For the event `connected`. */
function proofOf(credential: Credential) {
  const { kind, expiresMs } = credential;
  if (kind === 'sas') return { authentication: kind, key: credential.key, tokenExpiresMs: expiresMs };
  const x509 = { authentication: 'x509', certificateExpiresMs: expiresMs } as const;
  return kind === 'ca'
    ? { ...x509, certificate: kind, authority: credential.authority.name }
    : { ...x509, certificate: credential.which };
}
