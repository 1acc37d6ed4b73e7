// What trip.ts asks of the process that plays the devices, and what comes back: one JSON text each way.

/** Every message reports so many flows. */
export const FLOWS = 5;

export const SENDERS = ['agents', 'clients', 'line'] as const;
/** agents: the whole agent. clients: MQTT clients of the `mqtt` package with ready bodies. line: ready bytes into one TLS socket. */
export type SenderName = (typeof SENDERS)[number];

export interface TripJob {
  readonly sender: SenderName;
  /** One connection each. */
  readonly connectionStrings: readonly string[];
  /** PEM. */
  readonly ca: string;
  /** Messages of each device before the clock runs, and while it runs. */
  readonly warmUp: number;
  readonly messages: number;
  /** Unacknowledged messages of a device at once; the line sends as fast as the hub reads. */
  readonly window: number;
  /** Path of the core. */
  readonly core: string;
}

export interface TripResult {
  /** From the first message to the last PUBACK. */
  readonly seconds: number;
  /** Of this process, when the last PUBACK had come. */
  readonly rssBytes: number;
  /** Of one message. */
  readonly bodyBytes: number;
}
