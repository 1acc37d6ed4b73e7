// Messages for spools: the bytes follow from the sequence number, so that a test knows each by sight.

import type { Spool, SpooledMessage } from '../../host/spool/spool.ts';
import type { OutgoingMessage } from '../../host/transport/transport.ts';

const BOOT_ID = '01234567-89ab-4cde-8f01-23456789abcd';

export function messageOf(sequence: number, length: number): OutgoingMessage {
  const bytes = Uint8Array.from({ length }, (_, index) => (sequence * 31 + index * 7) & 255);
  return { bootId: BOOT_ID, sequence, format: '3.0-protobuf', bytes };
}

export function isIntact({ bootId, sequence, format, bytes }: SpooledMessage): boolean {
  const expected = messageOf(sequence, bytes.length);
  return (
    bootId === expected.bootId &&
    format === expected.format &&
    bytes.every((byte, index) => byte === expected.bytes[index])
  );
}

/** Everything undelivered, a few at a time. */
export async function readAll(spool: Spool, limit = 7): Promise<SpooledMessage[]> {
  const all: SpooledMessage[] = [];
  for (;;) {
    const afterId = all.at(-1)?.id ?? -1;
    const some = await spool.read({ afterId, limit });
    if (some.length === 0) return all;
    all.push(...some);
  }
}
