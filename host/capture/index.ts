// Capture files: pcap and pcapng, from a file, a pipe, memory or a Blob, into frames for the core.
export type { ByteSource } from './byte-source.ts';
export { bytesSource } from './bytes-source.ts';
export { type Capture, MAX_CAPTURED, MIN_TARGET, type PcapRewriter } from './capture.ts';
export { fileSource } from './file-source.ts';
export { openCapture } from './open-capture.ts';
export { type PcapFrame, type PcapOptions, PcapWriter, pcapBytes } from './pcap-writer.ts';
