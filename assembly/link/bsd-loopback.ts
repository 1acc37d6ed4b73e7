// BSD loopback: four bytes of address family, in the byte order of the capturing host (DLT_NULL) or in network order
// (DLT_LOOP). AF_INET is 2 everywhere; AF_INET6 is 24 on NetBSD and OpenBSD, 28 on FreeBSD, 30 on macOS, 10 on Linux.

import { MALFORMED, NON_IP, TRUNCATED } from '../../schema/reasons';

export function stripAfFamily(at: usize, captured: u32, original: u32): i32 {
  if (captured < 4) return original < 4 ? -MALFORMED : -TRUNCATED;
  const written = load<u32>(at);
  const family = written < 0x10000 ? written : bswap<u32>(written);
  if (family === 2) return 4 << 1;
  if (family === 24 || family === 28 || family === 30 || family === 10) return (4 << 1) | 1;
  return -NON_IP;
}
