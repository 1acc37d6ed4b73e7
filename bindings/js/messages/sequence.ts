// What the numbers of messages tell: whether one follows the last, fills a gap, repeats, or comes after a reboot. Memory for a
// device is bounded, whatever it sends.

/** Where a message stands among those of its device. */
export type Arrival =
  /** The first of this device, of a boot: before it `missing` were sent and not seen. */
  | { readonly kind: 'first' | 'reboot'; readonly missing: number }
  /** The one after the last. */
  | { readonly kind: 'next' }
  /** `missing` before it have not come, yet. */
  | { readonly kind: 'gap'; readonly missing: number }
  /** It fills a gap: one less is missing. */
  | { readonly kind: 'late' }
  /** It has come before, or is too old to tell. */
  | { readonly kind: 'repeat' };

export interface SequenceTotals {
  /** Seen, each once. */
  readonly received: number;
  /** Sent and not seen, up to now. */
  readonly missing: number;
  readonly repeated: number;
  /** Boots but the first. */
  readonly reboots: number;
}

export interface SequenceOptions {
  /** Boots of a device that are remembered: what comes late of one that is forgotten counts as a reboot. Default 4. */
  readonly boots?: number;
  /** Gaps of a boot that are remembered: what fills an older one counts as a repeat. Default 64. */
  readonly gaps?: number;
}

const BOOTS = 4;
const GAPS = 64;

/** From (inclusive) to (exclusive). */
interface Gap {
  from: number;
  to: number;
}

interface Boot {
  next: number;
  /** In order. */
  readonly gaps: Gap[];
}

/**
 * The messages of one device. Give it boot id and sequence of each as it arrives: `bootId` and `sequence` of a message of
 * schema 3.0, or the properties `wl-boot` and `wl-seq` of one of 2.3.
 *
 * @example
 * const arrival = sequence.see(message.bootId, message.sequence);
 * if (arrival.kind === 'gap') console.warn(`${arrival.missing} messages are missing`);
 */
export class DeviceSequence {
  readonly #bootsMax: number;
  readonly #gapsMax: number;
  /** The one seen last stands last. */
  readonly #boots = new Map<string, Boot>();
  #received = 0;
  #missing = 0;
  #repeated = 0;
  #reboots = 0;

  constructor({ boots = BOOTS, gaps = GAPS }: SequenceOptions = {}) {
    this.#bootsMax = Math.max(1, boots);
    this.#gapsMax = Math.max(0, gaps);
  }

  get totals(): SequenceTotals {
    return {
      received: this.#received,
      missing: this.#missing,
      repeated: this.#repeated,
      reboots: this.#reboots,
    };
  }

  /** Says where a message stands, and remembers it. */
  see(bootId: string, sequence: number): Arrival {
    const boot = this.#boots.get(bootId);
    if (boot === undefined) return this.#firstOf(bootId, sequence);
    this.#boots.delete(bootId);
    this.#boots.set(bootId, boot);
    if (sequence >= boot.next) {
      const missing = sequence - boot.next;
      this.#skip(boot, sequence);
      this.#received++;
      return missing === 0 ? { kind: 'next' } : { kind: 'gap', missing };
    }
    if (this.#fill(boot, sequence)) {
      this.#received++;
      this.#missing--;
      return { kind: 'late' };
    }
    this.#repeated++;
    return { kind: 'repeat' };
  }

  #firstOf(bootId: string, sequence: number): Arrival {
    const kind = this.#boots.size === 0 ? 'first' : 'reboot';
    if (kind === 'reboot') this.#reboots++;
    if (this.#boots.size === this.#bootsMax) {
      for (const oldest of this.#boots.keys()) {
        this.#boots.delete(oldest);
        break;
      }
    }
    const boot: Boot = { next: 0, gaps: [] };
    this.#boots.set(bootId, boot);
    this.#skip(boot, sequence);
    this.#received++;
    return { kind, missing: sequence };
  }

  /** Everything from `next` to before `sequence` is missing. */
  #skip(boot: Boot, sequence: number): void {
    if (sequence > boot.next) {
      this.#missing += sequence - boot.next;
      boot.gaps.push({ from: boot.next, to: sequence });
      if (boot.gaps.length > this.#gapsMax) boot.gaps.shift();
    }
    boot.next = sequence + 1;
  }

  /** Whether `sequence` was missing: it is not any more. */
  #fill({ gaps }: Boot, sequence: number): boolean {
    const index = gaps.findIndex(({ from, to }) => sequence >= from && sequence < to);
    const gap = gaps[index];
    if (gap === undefined) return false;
    const { from, to } = gap;
    const rest = [
      { from, to: sequence },
      { from: sequence + 1, to },
    ].filter((part) => part.from < part.to);
    gaps.splice(index, 1, ...rest);
    if (gaps.length > this.#gapsMax) gaps.shift();
    return true;
  }
}

/** The properties that an agent puts beside a message of any schema. undefined: they are not there, or no numbers. */
export function sequenceOf(
  properties: Readonly<Record<string, string | null>>,
): { readonly bootId: string; readonly sequence: number } | undefined {
  const bootId = properties['wl-boot'];
  const text = properties['wl-seq'];
  if (!bootId || !text || !/^\d{1,10}$/.test(text)) return undefined;
  return { bootId, sequence: Number(text) };
}
