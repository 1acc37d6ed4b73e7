import type { PcapFrame } from '../../host/capture/pcap-writer.ts';

/** As a capture with that snap length keeps them: the beginning, and how long they were. */
export function* cutFrames(frames: Iterable<PcapFrame>, snapLength: number): Generator<PcapFrame> {
  for (const frame of frames) {
    const { timeMs, bytes } = frame;
    if (bytes.length <= snapLength) yield frame;
    else yield { timeMs, bytes: bytes.subarray(0, snapLength), originalLength: bytes.length };
  }
}
