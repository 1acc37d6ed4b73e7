import type { PcapFrame } from '../../host/capture/pcap-writer.ts';
import type { Random } from '../random.ts';

/** Shares of 1. */
export interface CaptureFaults {
  /** Frames that the capture missed; the device had them. */
  readonly lost: number;
  /** Frames that are in it twice, as a mirror port gives them. */
  readonly doubled: number;
}

/** What a busy machine captures of all that there was: some frames not, some twice. */
export function* lossyCapture(
  frames: Iterable<PcapFrame>,
  random: Random,
  { lost, doubled }: CaptureFaults,
): Generator<PcapFrame> {
  for (const frame of frames) {
    if (random.chance(lost)) continue;
    yield frame;
    if (random.chance(doubled)) yield frame;
  }
}
