// Standard input as a source: a pipe (`tcpdump -w - | ...`), a redirected file, a terminal. Node only.
import { WardletError } from '../../bindings/js/errors.ts';
import type { ByteSource } from './byte-source.ts';

/** Bytes come as they arrive, so a live capture is not held back until a buffer is full. */
export function standardInput(): ByteSource {
  const chunks: AsyncIterator<Uint8Array> = process.stdin[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array(0);

  const take = (target: Uint8Array): number => {
    const count = Math.min(chunk.length, target.length);
    target.set(chunk.subarray(0, count));
    chunk = chunk.subarray(count);
    return count;
  };

  const takeNext = async (target: Uint8Array): Promise<number> => {
    try {
      while (chunk.length === 0) {
        const next = await chunks.next();
        if (next.done) return 0;
        chunk = next.value;
      }
    } catch (cause) {
      throw new WardletError('WL_BAD_FILE', 'cannot read standard input: the pipe broke', {
        hint: 'see what the program before the pipe says',
        cause,
      });
    }
    return take(target);
  };

  return {
    name: 'standard input',
    read: (target) => (chunk.length > 0 ? take(target) : takeNext(target)),
    close: () => void process.stdin.destroy(),
  };
}
