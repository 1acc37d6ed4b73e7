import { DETECT, HEAD_LIMITS } from './memory';

/** In force. */
export function limitOf(kind: u32): u32 {
  return load<u32>(DETECT + ((<usize>kind) << 2), HEAD_LIMITS);
}
