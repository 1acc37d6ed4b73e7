// What a capture file is to the rest of the house, and the loop both formats share.
import { WardletError } from '../../bindings/js/errors.ts';
import type { RewindableSource } from './rewindable-source.ts';

/** Bytes of a frame that `fill` keeps at least; longer ones may be cut to that, never to less. */
export const MAX_CAPTURED = 512;
/** The smallest target `fill` takes: a frame of MAX_CAPTURED with its header, and room to skip the rest of it. */
export const MIN_TARGET = 1024;

/**
 * Turns the little-endian pcap records at the start of a target into frames of `link`, in place, as ClassicPcap does: up to the first one
 * that is cut or has more than 65,535 captured bytes. Says how many there were and where they end, or undefined: it cannot.
 */
export type PcapRewriter = (
  length: number,
  link: number,
  nanoseconds: boolean,
) => { readonly records: number; readonly end: number } | undefined;

export interface Capture {
  readonly format: 'pcap' | 'pcapng';
  /** LINKTYPE_ values met so far; pcapng may bring more on the way. */
  readonly links: ReadonlySet<number>;
  /** Bytes of the source used up. */
  readonly bytesRead: number;
  /**
   * Writes whole frames (schema/frame.ts) from offset 0 of `target`, which has 1,024 bytes or more, and returns how many
   * bytes they take: 0 at the end of the capture. All of `target` may be written over. A number comes back at once where
   * the source answers at once; until it has come, no other call. Frames before a fault come first; the call that meets it
   * throws (WL_BAD_CAPTURE, WL_CUT_CAPTURE, WL_BAD_FILE), and so do all after it. rewriter: of this target, where there is one
   * (Core.pcapToFrames of a core whose input it is); it has 65,551 bytes or more.
   */
  fill(target: Uint8Array, rewriter?: PcapRewriter): number | Promise<number>;
  /** After that, fill throws WL_BAD_FILE. */
  close(): void | Promise<void>;
}

/** A step of the loop has no whole frame yet. */
export const MORE = -1;

/** Reads until there is a whole frame, without a promise where the source needs none. */
export abstract class StreamedCapture {
  readonly links: Set<number> = new Set();
  protected readonly source: RewindableSource;
  /** Of the target of the call under way. */
  protected view: DataView = new DataView(new ArrayBuffer(0));
  protected rewriter: PcapRewriter | undefined;
  #failure: unknown;

  constructor(source: RewindableSource) {
    this.source = source;
  }

  get bytesRead(): number {
    return this.source.position;
  }

  fill(target: Uint8Array, rewriter?: PcapRewriter): number | Promise<number> {
    if (this.#failure !== undefined) throw this.#failure;
    if (target.length < MIN_TARGET) {
      throw new WardletError('WL_BAD_LENGTH', `a target of ${target.length} bytes is too small`, {
        hint: `give fill() at least ${MIN_TARGET} bytes`,
      });
    }
    this.rewriter = rewriter;
    const view = this.view;
    if (
      view.buffer !== target.buffer ||
      view.byteOffset !== target.byteOffset ||
      view.byteLength !== target.length
    ) {
      this.view = new DataView(target.buffer, target.byteOffset, target.length);
    }
    try {
      const ready = this.begin(target);
      if (ready !== MORE) return ready;
      for (;;) {
        const got = this.source.read(this.room(target));
        if (typeof got !== 'number') return this.#fillLater(target, got);
        const done = this.took(target, got);
        if (done !== MORE) return done;
      }
    } catch (failure) {
      this.#failure = failure;
      throw failure;
    }
  }

  async #fillLater(target: Uint8Array, first: Promise<number>): Promise<number> {
    try {
      let got = await first;
      for (;;) {
        const done = this.took(target, got);
        if (done !== MORE) return done;
        got = await this.source.read(this.room(target));
      }
    } catch (failure) {
      this.#failure = failure;
      throw failure;
    }
  }

  /** Frames ready without reading, or MORE. */
  protected abstract begin(target: Uint8Array): number;
  /** Where the next bytes of the source go; never empty. */
  protected abstract room(target: Uint8Array): Uint8Array;
  /** `got` bytes have come, 0: the source is at its end. Returns bytes of whole frames, 0 at the end, or MORE. */
  protected abstract took(target: Uint8Array, got: number): number;

  close(): void | Promise<void> {
    this.#failure ??= new WardletError('WL_BAD_FILE', `cannot read ${this.source.name}: it has been closed`, {
      hint: 'open it anew',
    });
    return this.source.close();
  }
}
