// A device-to-cloud message as the hub has stored it.

export interface ReceivedMessage {
  /** Counts up in the order of arrival; never used twice. */
  readonly id: number;
  readonly deviceId: string;
  readonly moduleId?: string;
  /** `iothub-enqueuedtime`: ms since 1970 on the hub's clock. */
  readonly enqueuedMs: number;
  /** The property bag, decoded; null: a key without a value. System properties by their names on the topic, `$.ifid`, `$.mid`, `$.ct`, ... */
  readonly properties: Readonly<Record<string, string | null>>;
  readonly body: Uint8Array;
}
