// The hub: an endpoint that speaks IoT Hub's MQTT dialect to devices and keeps what they send. It is no broker.

import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { IConnectPacket } from 'mqtt-packet';
import { restDoor } from '../rest/rest-door.ts';
import { routesOf } from '../rest/routes.ts';
import { restToken, rotateRestToken } from '../rest/token.ts';
import { Authorities } from './authorities.ts';
import { type Certificates, hubCertificates } from './certificates.ts';
import type { CloudToDevice } from './cloud-to-device.ts';
import { type Admission, judgeConnect, type RefusedConnect } from './connect.ts';
import { Connection, type ConnectionHost, PUBLISH_OVERHEAD } from './connection.ts';
import { revocationOf } from './credential.ts';
import { type DataFolder, lockDataFolder, makeDataFolder } from './data-folder.ts';
import { type HubDatabase, openDatabase } from './database.ts';
import { DeviceRooms } from './device-rooms.ts';
import { DiagnosticSettings } from './diagnostic-settings.ts';
import type { DirectMethods } from './direct-methods.ts';
import { Enrolments } from './enrolments.ts';
import { EventLog } from './event-log.ts';
import { normalHostName } from './host-names.ts';
import type { HubEvent } from './hub-events.ts';
import { type HubOptions, type ResolvedHubOptions, resolveHubOptions } from './hub-options.ts';
import { IpFilter } from './ip-filter.ts';
import { isForProvisioning, judgeRegistration } from './judge-registration.ts';
import { type Listener, type ListenerOptions, listen } from './listener.ts';
import { MessageStore } from './message-store.ts';
import { presentedChain } from './presented-chain.ts';
import { ProvisioningDesk } from './provisioning-desk.ts';
import type { ReceivedMessage } from './received-message.ts';
import { Registrar } from './registrar.ts';
import { DEFAULT_PORT, Registry } from './registry.ts';
import { Sessions } from './sessions.ts';
import { Settings } from './settings.ts';
import { Throttles } from './throttle.ts';
import type { Twins } from './twins.ts';
import { WEB_SOCKET_PORT, webSocketDoor } from './web-socket-door.ts';
import { WebSocketStream } from './web-socket-stream.ts';

/** Deadlines, expiry and the registry are looked at so often. */
const SWEEP_MS = 250;
/** The store's age limit and the certificate's. */
const UPKEEP_MS = 60_000;
const MAX_REST_CONNECTIONS = 100;
/** Addresses that the IP filter refused, told by name between two sweeps. */
const MAX_FILTERED = 16;

/** Starts a hub. Throws WL_BAD_DATA_FOLDER, WL_PORT_IN_USE, WL_BAD_OPTION; then nothing is left running. */
export async function startHub(options: HubOptions): Promise<Hub> {
  const resolved = resolveHubOptions(options);
  const folder = makeDataFolder(resolved.dataFolder);
  const unlock = lockDataFolder(folder);
  try {
    const database = openDatabase(folder, resolved.durability);
    try {
      const certificates = await hubCertificates(folder, resolved.hostNames, resolved.now());
      return await Hub.open({ options: resolved, folder, database, certificates, unlock });
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    unlock();
    throw error;
  }
}

interface HubParts {
  readonly options: ResolvedHubOptions;
  readonly folder: DataFolder;
  readonly database: HubDatabase;
  readonly certificates: Certificates;
  readonly unlock: () => void;
}

interface HubEvents {
  /** After it is durable, while its PUBACK goes out. */
  message: [ReceivedMessage];
  event: [HubEvent];
}

/** What startHub returns: a hub that listens. */
export class Hub {
  readonly #parts: HubParts;
  readonly #emitter = new EventEmitter<HubEvents>();
  readonly #registry: Registry;
  readonly #authorities: Authorities;
  readonly #throttles: Throttles;
  readonly #enrolments: Enrolments;
  readonly #registrar: Registrar;
  readonly #settings: Settings;
  readonly #store: MessageStore;
  readonly #log: EventLog;
  readonly #sessions = new Sessions();
  readonly #rooms: DeviceRooms;
  readonly #names: ReadonlySet<string>;
  readonly #connectionHost: ConnectionHost;
  readonly #timers: NodeJS.Timeout[] = [];
  #listener: Listener | undefined;
  #webSocketListener: Listener | undefined;
  #plainListener: Listener | undefined;
  #restListener: Listener | undefined;
  readonly #ipFilter: IpFilter;
  readonly #filtered = new Map<string, { rule: string; count: number }>();
  #registryVersion: number;
  #sweptMs = performance.now();
  #dropped = 0;
  #isClosed = false;

  private constructor(parts: HubParts) {
    const { database, options } = parts;
    const { limits, now, sink } = options;
    this.#parts = parts;
    this.#names = new Set(options.hostNames);
    this.#registry = new Registry(database);
    this.#authorities = new Authorities(database, (happening) => this.#log.record(happening));
    this.#settings = new Settings(database);
    this.#registryVersion = this.#settings.number('registryVersion');
    this.#log = new EventLog(database, {
      maxEvents: limits.maxEvents,
      now,
      listener: (event) => this.#emitter.emit('event', event),
    });
    this.#store = new MessageStore(database, {
      ...limits,
      now,
      sink,
      listener: (message) => this.#emitter.emit('message', message),
      record: (happening) => this.#log.record(happening),
    });
    this.#ipFilter = new IpFilter(database, (happening) => this.#log.record(happening));
    this.#enrolments = new Enrolments(database, (happening) => this.#log.record(happening));
    this.#registrar = new Registrar({
      database,
      registry: this.#registry,
      enrolments: this.#enrolments,
      now,
    });
    this.#throttles = new Throttles(
      limits,
      (happening) => this.#log.record(happening),
      () => performance.now(),
    );
    this.#rooms = new DeviceRooms(database, {
      limits,
      now,
      registered: (identity) => this.#registry.identity(identity),
      connectionOf: (identity) => this.#sessions.of(identity),
      record: (happening) => this.#log.record(happening),
    });
    this.#connectionHost = {
      limits,
      admit: (packet, stream, remoteAddress) => this.#admit(packet, stream, remoteAddress),
      admitted: (connection) => {
        if (connection.identity) this.#sessions.take(connection.identity, connection);
      },
      throttle: (count, identity, remoteAddress) => this.#throttles.send(count, identity, remoteAddress),
      ended: (connection) => {
        this.#rooms.ended(connection);
        this.#sessions.ended(connection);
      },
      openSession: (identity, isClean) => this.#rooms.openSession(identity, isClean),
      subscribed: (session) => this.#rooms.subscribed(session),
      request: (connection, identity, request, done) =>
        this.#rooms.request(connection, identity, request, done),
      acknowledged: (identity, packetId) => this.#rooms.acknowledged(identity, packetId),
      store: (message, stored) => this.#store.append(message, stored),
      record: (happening) => this.#log.record(happening),
    };
  }

  /** Use startHub. */
  static async open(parts: HubParts): Promise<Hub> {
    const hub = new Hub(parts);
    try {
      await hub.#listen();
    } catch (error) {
      await Promise.all(
        [hub.#listener, hub.#webSocketListener, hub.#plainListener, hub.#restListener].map((one) =>
          one?.close(),
        ),
      );
      throw error;
    }
    return hub;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /** Undefined: the hub does not listen for WebSocket. */
  get webSocketPort(): number | undefined {
    return this.#webSocketListener?.port;
  }

  /** Undefined: the hub takes no connection without TLS. */
  get plainPort(): number | undefined {
    return this.#plainListener?.port;
  }

  /** Undefined: the hub has no REST side. */
  get restPort(): number | undefined {
    return this.#restListener?.port;
  }

  /** What connection strings name. */
  get hostName(): string {
    return this.hostNames[0] ?? 'localhost';
  }

  /** Every name the hub goes by. */
  get hostNames(): readonly string[] {
    return this.#parts.options.hostNames;
  }

  /** What devices name to be provisioned. */
  get idScope(): string {
    return this.#enrolments.idScope;
  }

  get dataFolder(): string {
    return this.#parts.folder.path;
  }

  /** PEM: what devices have to trust. */
  get caCertificate(): string {
    return this.#parts.certificates.authority;
  }

  get caFile(): string {
    return this.#parts.folder.caFile;
  }

  /** Connections at this moment, with those that have not sent CONNECT. */
  get connections(): number {
    return this.#sessions.size;
  }

  /** What is desired and reported, of devices and modules. */
  get twins(): Twins {
    return this.#rooms.twins;
  }

  /** Direct methods of devices and modules. */
  get methods(): DirectMethods {
    return this.#rooms.methods;
  }

  /** Messages for devices. */
  get cloudToDevice(): CloudToDevice {
    return this.#rooms.cloudToDevice;
  }

  /** `message`: one is stored, its PUBACK goes out now; `event`: something happened. */
  on<Name extends keyof HubEvents>(name: Name, listener: (...value: HubEvents[Name]) => void): this {
    this.#emitter.on(name, listener as never);
    return this;
  }

  /** Takes a listener off. */
  off<Name extends keyof HubEvents>(name: Name, listener: (...value: HubEvents[Name]) => void): this {
    this.#emitter.off(name, listener as never);
    return this;
  }

  /**
   * Makes another server certificate when less than 30 days are left of the one in use; the hub looks by itself every minute. New
   * connections get it, those that are there go on. Returns whether it did. Throws WL_BAD_DATA_FOLDER.
   */
  async renewCertificate(): Promise<boolean> {
    const { options, folder } = this.#parts;
    const certificates = await hubCertificates(folder, options.hostNames, options.now());
    if (!certificates.isNew || this.#isClosed) return false;
    for (const listener of [this.#listener, this.#webSocketListener, this.#restListener])
      listener?.setCertificates(certificates);
    this.#recordCertificate(certificates);
    return true;
  }

  /** Ends every connection, writes what is still to be written, and lets go of the folder. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#rooms.close();
    // What has arrived is stored and acknowledged first.
    this.#store.flush();
    this.#sessions.close();
    await Promise.all(
      [this.#listener, this.#webSocketListener, this.#plainListener, this.#restListener].map((one) =>
        one?.close(),
      ),
    );
    this.#store.flush();
    this.#log.record({ kind: 'stopped' });
    this.#log.flush();
    const { database, unlock } = this.#parts;
    try {
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // The next start does it.
    }
    database.close();
    unlock();
  }

  async #listen(): Promise<void> {
    const { options, certificates } = this.#parts;
    const { host, port, webSocketPort, limits, hostNames } = options;
    const { handshakeTimeoutMs } = limits;
    const onConnection = (stream: Duplex, remoteAddress: string) =>
      this.#sessions.open(
        new Connection(stream, remoteAddress, this.#connectionHost, () => performance.now()),
      );
    const onRefused = (reason: string, remoteAddress: string) =>
      this.#log.record({ kind: 'handshake_failed', reason, remoteAddress });
    const shared: Omit<ListenerOptions, 'port' | 'asksForCertificate' | 'onConnection'> = {
      host,
      certificates,
      sockets: new Set<Socket>(),
      maxConnections: limits.maxConnections,
      handshakeTimeoutMs,
      onHandshakeFailed: onRefused,
      accepts: (remoteAddress) => this.#accepts(remoteAddress),
      holdMs: () => this.#throttles.connect(),
      onDropped: () => this.#dropped++,
    };
    this.#listener = await listen({ ...shared, port, asksForCertificate: true, onConnection });
    if (webSocketPort !== undefined) {
      const maxMessageBytes = limits.maxMessageBytes + PUBLISH_OVERHEAD;
      const door = webSocketDoor({ maxMessageBytes, handshakeTimeoutMs, onConnection, onRefused });
      this.#webSocketListener = await listen({
        ...shared,
        port: webSocketPort,
        asksForCertificate: false,
        onConnection: door,
      });
    }
    await this.#listenWithoutTls({ ...shared, onConnection });
    await this.#listenForRest(shared);
    this.#settings.set('restPort', this.restPort ?? 0);
    this.#settings.set('hostName', this.hostName);
    this.#settings.set('port', this.port);
    this.#log.record({
      kind: 'started',
      port: this.port,
      ...(this.webSocketPort === undefined ? {} : { webSocketPort: this.webSocketPort }),
      ...(this.plainPort === undefined ? {} : { plainPort: this.plainPort }),
      hostNames,
    });
    if (certificates.isNew) this.#recordCertificate(certificates);
    this.#timers.push(
      setInterval(() => this.#sweep(), SWEEP_MS),
      setInterval(() => void this.#upkeep(), UPKEEP_MS),
    );
  }

  async #listenWithoutTls(shared: Omit<ListenerOptions, 'port' | 'asksForCertificate'>): Promise<void> {
    const { plainPort: port, plainHost: host } = this.#parts.options;
    if (port === undefined) return;
    this.#plainListener = await listen({ ...shared, host, port, isPlain: true, asksForCertificate: false });
  }

  /** On localhost whatever the hub listens on, with a limit of its own. */
  async #listenForRest(
    shared: Omit<ListenerOptions, 'port' | 'asksForCertificate' | 'onConnection'>,
  ): Promise<void> {
    const { options, folder, database } = this.#parts;
    if (options.restPort === undefined) return;
    if (restToken(folder.path) === undefined) rotateRestToken(folder.path);
    const record: EventLog['record'] = (happening) => this.#log.record(happening);
    const routes = routesOf({
      dataFolder: folder.path,
      registry: this.#registry,
      authorities: this.#authorities,
      ipFilter: this.#ipFilter,
      diagnostics: new DiagnosticSettings(database, record),
      twins: this.twins,
      methods: this.methods,
      cloudToDevice: this.cloudToDevice,
    });
    this.#restListener = await listen({
      ...shared,
      host: 'localhost',
      port: options.restPort,
      sockets: new Set<Socket>(),
      maxConnections: MAX_REST_CONNECTIONS,
      asksForCertificate: false,
      onConnection: restDoor({
        routes,
        timeoutMs: options.limits.restTimeoutMs,
        token: () => restToken(folder.path),
        record,
      }),
    });
  }

  #accepts(remoteAddress: string): boolean {
    const rule = this.#ipFilter.rejecting(remoteAddress)?.filterName;
    if (rule === undefined) return true;
    const known = this.#filtered.get(remoteAddress);
    if (known || this.#filtered.size < MAX_FILTERED) {
      this.#filtered.set(remoteAddress, { rule, count: (known?.count ?? 0) + 1 });
    }
    return false;
  }

  #admit(packet: IConnectPacket, stream: Duplex, remoteAddress: string): Admission | RefusedConnect {
    const { now, limits } = this.#parts.options;
    const isHostName = (name: string) => this.#names.has(normalHostName(name));
    const certificates = {
      presented: () => presentedChain(stream),
      authorities: () => this.#authorities.trusted(),
      nowMs: now(),
    };
    if (isForProvisioning(packet, isHostName)) {
      return judgeRegistration(packet, {
        ...certificates,
        enrolments: this.#enrolments,
        desk: (applicant) =>
          new ProvisioningDesk({
            registrar: this.#registrar,
            applicant,
            remoteAddress,
            assignedHub: () => this.#assignedHub(stream instanceof WebSocketStream),
            record: (happening) => this.#log.record(happening),
          }),
      });
    }
    return judgeConnect(packet, {
      ...certificates,
      isHostName,
      device: (deviceId) => this.#registry.get(deviceId),
      identity: (identity) => this.#registry.identity(identity),
      maxMessageBytes: limits.maxMessageBytes,
    });
  }

  /** With the port where it is not the one that clients use anyway: who came over WebSocket goes on so. */
  #assignedHub(isWebSocket: boolean): string {
    const port = isWebSocket ? (this.webSocketPort ?? WEB_SOCKET_PORT) : this.port;
    if (port === (isWebSocket ? WEB_SOCKET_PORT : DEFAULT_PORT)) return this.hostName;
    return `${this.hostName.includes(':') ? `[${this.hostName}]` : this.hostName}:${port}`;
  }

  #sweep(): void {
    const elapsedMs = performance.now();
    const isLate = elapsedMs - this.#sweptMs > 4 * SWEEP_MS;
    this.#sweptMs = elapsedMs;
    // When the process was held up, what devices have sent meanwhile is still to be read: judge them next time.
    if (!isLate) this.#sessions.sweep({ elapsedMs, wallMs: this.#parts.options.now() });
    this.#rooms.sweep();
    this.#lookAtRegistry();
    if (this.#dropped > 0) this.#log.record({ kind: 'connections_dropped', count: this.#dropped });
    this.#dropped = 0;
    for (const [remoteAddress, { rule, count }] of this.#filtered) {
      this.#log.record({ kind: 'ip_filter_refused', rule, count, remoteAddress });
    }
    this.#filtered.clear();
  }

  #lookAtRegistry(): void {
    try {
      const version = this.#settings.number('registryVersion');
      if (version === this.#registryVersion) return;
      this.#ipFilter.reload();
      const trusted = () => this.#authorities.trusted();
      this.#sessions.reconsider((identity, credential) =>
        revocationOf(credential, this.#registry.identity(identity), trusted),
      );
      this.#registryVersion = version;
    } catch {
      // Looked at again in a moment.
    }
  }

  async #upkeep(): Promise<void> {
    this.#store.purgeAged();
    this.#throttles.prune();
    try {
      await this.renewCertificate();
    } catch {
      // The one in use goes on; the next start says what is wrong.
    }
  }

  #recordCertificate({ expiresMs }: Certificates): void {
    this.#log.record({ kind: 'certificate_issued', hostNames: this.hostNames, expiresMs });
  }
}
