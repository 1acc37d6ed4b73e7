// Where unacknowledged messages wait out a restart or an outage. Kept by the device itself: in files (Node), in IndexedDB (browser).

import { WardletError } from '../../bindings/js/errors.ts';
import type { OutgoingMessage } from '../transport/transport.ts';

export interface SpooledMessage extends OutgoingMessage {
  /** Counts up in the order of appending; names the message towards this spool as long as it is in it, also across restarts. */
  readonly id: number;
  /** ms since 1970 on the clock of the one who appended it; a message that waited long may carry a wrong one. */
  readonly enqueuedMs: number;
}

/** How many messages, and the bytes of the messages themselves. */
export interface Amount {
  readonly messages: number;
  readonly bytes: number;
}

export interface SpoolStatistics extends Amount {
  /**
   * Bytes it takes up: messages, what frames them, and what is delivered and not yet cleared away. At most maxBytes after an append, save that
   * the counts of what is given up are written before it goes (some 100 bytes for a moment), and after a crash or a failing disk there may be more
   * until the next append.
   */
  readonly occupiedBytes: number;
  /** Since the spool was made; a restart does not lose them. */
  readonly givenUp: { readonly age: Amount; readonly size: Amount };
  /** Messages that were lost to a damaged disk, since the spool was made. */
  readonly damagedMessages: number;
  /** What this opening found: bytes of an append that a crash cut short, and bytes that no longer make a record. */
  readonly repaired: { readonly tornBytes: number; readonly skippedBytes: number };
}

/** A text that is kept beside the messages, and may be lost: nothing that a message hangs on. */
export interface SpoolNotes {
  /** '': none, or none that can be read. */
  load(): Promise<string>;
  save(text: string): Promise<void>;
}

export interface Spool {
  /** Left out: nothing is kept but messages. */
  readonly notes?: SpoolNotes | undefined;
  /**
   * Resolves with the message's id when it is on the disk for good (written and synced). Rejects with WL_SPOOL_FULL or WL_BAD_SPOOL: it
   * is not in the spool, append it again. (Where a disk kept what it said it had not, the message may come twice; its boot id and sequence
   * tell.) Gives up the oldest messages where they are too old, or this one would not fit. Appends under way share one sync.
   */
  append(message: OutgoingMessage, nowMs: number): Promise<number>;
  /** Undelivered messages after an id, oldest first: every hub reads at its own pace. May return fewer than there are. */
  read(options?: { readonly afterId?: number; readonly limit?: number }): Promise<readonly SpooledMessage[]>;
  /** Every hub has it. The mark is written soon; one that a power cut takes has the message sent once more. */
  delivered(id: number): void;
  /** Gives up what has waited longer than maxAgeMs. `append` does so too; call it at least once an hour, see waiting-time.ts. */
  giveUpOld(nowMs: number): void;
  statistics(): SpoolStatistics;
  /** Other limits, from the next append on. Throws WL_BAD_OPTION. */
  limit(options: SpoolOptions): void;
  /** Ends what is under way, then lets go of the spool. */
  close(): Promise<void>;
}

export interface SpoolOptions {
  /** Bytes on the disk; default 64 MB, at least 64 KB. */
  readonly maxBytes?: number;
  /** ms a message may wait; default 2,880 minutes. */
  readonly maxAgeMs?: number;
}

export const SPOOL_DEFAULTS = { maxBytes: 64 * 2 ** 20, maxAgeMs: 2880 * 60_000 } as const;
export const LEAST_MAX_BYTES = 64 * 2 ** 10;

/** The options with their defaults. Throws WL_BAD_OPTION. */
export function resolveSpoolOptions(given: SpoolOptions): Required<SpoolOptions> {
  const { maxBytes = SPOOL_DEFAULTS.maxBytes, maxAgeMs = SPOOL_DEFAULTS.maxAgeMs } = given;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < LEAST_MAX_BYTES) {
    throw new WardletError(
      'WL_BAD_OPTION',
      `maxBytes is ${maxBytes}, not a whole number from ${LEAST_MAX_BYTES} up`,
      {
        hint: 'give the spool 64 KB or more',
      },
    );
  }
  if (!(maxAgeMs > 0)) {
    throw new WardletError('WL_BAD_OPTION', `maxAgeMs is ${maxAgeMs}, not a number above 0`, {
      hint: 'give the time in milliseconds that a message may wait',
    });
  }
  return { maxBytes, maxAgeMs };
}

/** Refuses a message that the spool could not hold even if it held nothing else. Throws WL_SPOOL_FULL. */
export function checkFits(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new WardletError('WL_SPOOL_FULL', `a message takes ${bytes} bytes, the whole spool has ${maxBytes}`, {
    hint: 'give the spool more room: Spool_MaxBytes',
  });
}
