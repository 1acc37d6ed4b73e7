// Messages damaged at random: all who read messages agree on which are whole, refuse the others with WL_BAD_MESSAGE and
// nothing else, and never do more work than the length allows.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WardletError } from '../bindings/js/errors.ts';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import { explainMessage } from '../bindings/js/messages/explain.ts';
import type { SecurityMessage } from '../bindings/js/messages/security-message.ts';
import { coreMessages } from './support/core-messages.ts';
import { EVERY_PAYLOAD, event, message } from './support/every-payload.ts';
import { hex } from './support/message-reader.ts';
import { peerV4, peerV6 } from './support/packets.ts';
import { SeededRandom, seedOfRun } from './support/seeded-random.ts';
import { decodedFlows, visitedFlows } from './support/visited-flows.ts';

const SEED = seedOfRun();
// Most mutants are refused: their stack traces would be most of the time.
Error.stackTraceLimit = 4;

const MUTANTS = Number(process.env.MUTANTS ?? 120_000);

test(`${MUTANTS} damaged messages are whole to all or to none, SEED=${SEED}`, async () => {
  const random = new SeededRandom(SEED);
  const packets = Array.from({ length: 10 }, (_, number) => ({
    to: number % 2 ? peerV4(number) : peerV6(number),
    protocol: (['TCP', 'UDP', 'ICMP'] as const)[number % 3] ?? 'TCP',
  }));
  const originals = [
    ...(await coreMessages(packets)),
    ...(await coreMessages(packets.slice(0, 2))),
    ...(await coreMessages([])),
    ...EVERY_PAYLOAD.map(({ type, table }) => message(event(type, table))),
    message(...EVERY_PAYLOAD.map(({ type, table }) => event(type, table))),
  ];
  let whole = 0;
  for (let mutant = 0; mutant < MUTANTS; mutant++) {
    const bytes = damage(random.pick(originals), random);
    const where = `SEED=${SEED}, mutant ${mutant}, ${hex(bytes)}`;
    if (readBy3(bytes, where)) whole++;
  }
  // Neither all refused nor all accepted: both halves of the property were tried.
  assert.ok(whole > MUTANTS / 20 && whole < (MUTANTS * 19) / 20, `${whole} of ${MUTANTS} were whole`);
});

/** Whether they all read it. Fails the test when they disagree, or throw what they should not. */
function readBy3(bytes: Uint8Array, where: string): boolean {
  const decoded = attempt(() => decodeMessage(bytes), where);
  const visited = attempt(() => visitedFlows(bytes), where);
  const explained = attempt(() => explainMessage(bytes), where);
  if (
    decoded instanceof WardletError ||
    visited instanceof WardletError ||
    explained instanceof WardletError
  ) {
    assert.is(messageOf(visited), messageOf(decoded), where);
    assert.is(messageOf(explained), messageOf(decoded), where);
    return false;
  }
  const flows = decodedFlows(decoded);
  if (JSON.stringify(visited) !== JSON.stringify(flows)) assert.equal(visited, flows, where);
  assert.ok(objectsIn(decoded) <= bytes.length / 4, where);
  let end = 0;
  for (const { offset, length } of explained) {
    if (offset !== end || length <= 0) assert.unreachable(`byte ${end} is not explained once, ${where}`);
    end += length;
  }
  assert.is(end, bytes.length, where);
  return true;
}

function attempt<Result>(read: () => Result, where: string): Result | WardletError {
  try {
    return read();
  } catch (error) {
    if (error instanceof WardletError && error.code === 'WL_BAD_MESSAGE') return error;
    throw new Error(`${error} from ${where}`, { cause: error });
  }
}

function messageOf(result: unknown): string {
  return result instanceof WardletError ? result.message : 'no error';
}

function objectsIn({ events }: SecurityMessage): number {
  let objects = 1 + events.length;
  for (const { payload } of events) {
    if (payload.kind === 'NetworkActivity') objects += 2 * payload.flows.length;
    if (payload.kind === 'ListeningPorts') objects += payload.ports.length;
    if (payload.kind === 'Baseline') objects += payload.checks.length;
    if (payload.kind === 'Log') objects += payload.records.length;
  }
  return objects;
}

/** One to four changes of the kinds that break offsets, sizes and counts. */
function damage(original: Uint8Array, random: SeededRandom): Uint8Array {
  let bytes = original.slice();
  for (let change = random.below(4); change >= 0; change--) {
    if (bytes.length < 8) return bytes;
    const view = new DataView(bytes.buffer);
    const even = random.below((bytes.length - 4) >> 1) * 2;
    switch (random.below(8)) {
      case 0:
        bytes[random.below(bytes.length)] = random.u32() & 0xff;
        break;
      case 1:
        view.setUint8(even, view.getUint8(even) ^ (1 << random.below(8)));
        break;
      case 2:
        view.setUint16(even, random.below(64), true);
        break;
      case 3:
        // A near, a far, a negative or a huge offset or count.
        view.setInt32(even, random.pick([1, -1, 1000, 2 ** 31]) * random.below(bytes.length), true);
        break;
      case 4:
        view.setUint32(
          even,
          random.pick([0, 1, 3, 4, 8, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff]),
          true,
        );
        break;
      case 5:
        // Another object's offset, here: objects shared and overlapping.
        view.setUint32(even, view.getUint32(random.below((bytes.length - 4) >> 2) * 4, true), true);
        break;
      case 6:
        bytes = bytes.slice(0, random.below(bytes.length + 1));
        break;
      default:
        bytes.copyWithin(even, random.below(bytes.length), random.below(bytes.length));
    }
  }
  return bytes;
}

test.run();
