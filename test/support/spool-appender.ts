// A process that appends to the spool in the folder given, and prints each sequence number once it is told that the message is in it.

import { openFileSpool } from '../../host/spool/file-spool.ts';
import { messageOf } from './spool-messages.ts';

const [, , folder = '', from = '0'] = process.argv;
const spool = await openFileSpool(folder, { maxBytes: 16 * 2 ** 20 });
let next = Number(from);
await Promise.all(
  Array.from({ length: 16 }, async () => {
    for (;;) {
      const sequence = next++;
      await spool.append(messageOf(sequence, 1 + (sequence % 2_000)), Date.now());
      process.stdout.write(`${sequence}\n`);
    }
  }),
);
