// What an explanation of a message is made of.

/** A run of bytes and what it means. */
export interface ByteMeaning {
  readonly offset: number;
  readonly length: number;
  /** `Message.events[0].payload.ipv4_activity[3].common.local_port`; empty where no object owns the bytes. */
  readonly path: string;
  readonly meaning: string;
  /** What the bytes say; of an offset, the byte it points to. Texts come from the device as they are. */
  readonly value?: string | number;
}
