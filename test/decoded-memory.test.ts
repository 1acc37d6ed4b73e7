// What a decoded message takes in memory: at most ten times the bytes it came in, honest or not. Small ones take what their first few
// hundred objects take, at most.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadCore } from '../bindings/js/index.ts';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import type { MessageFormat } from '../bindings/js/messages/security-message.ts';
import { readCore } from '../cli/cores.ts';
import { manyFlows } from '../simulator/many-flows.ts';
import { rawProtobuf } from './support/encode-3.0-protobuf.ts';
import { event, flowV4, message, messageTable } from './support/every-payload.ts';
import {
  flatbuffer,
  Structs,
  struct,
  type Table,
  table,
  tables,
  text,
  u8,
  u32,
  Vector,
} from './support/flatbuffers-writer.ts';

const TIMES = 10;
/** Whatever the length: what 256 events may take. */
const FREE = 196_608;
const COPIES = 16;
const BOOT = new Uint8Array(16);

type Case = readonly [what: string, format: MessageFormat, bytes: Uint8Array];

/** A flow of four bytes, an everything else of three, a port of eight: what an encoder could write at its densest. */
function denseProtobuf(kb: number): Case[] {
  const bytes = kb * 1024;
  const raw = (...events: readonly object[]) => rawProtobuf({ bootId: BOOT, events });
  const local = Uint8Array.of(10, 0, 0, 5);
  const addresses = Uint8Array.from({ length: bytes }, (_, at) => 100 + ((at * 7919) % 156));
  const flows = { localAddresses: local, classes: [2, bytes / 4], remoteAddresses: addresses };
  const v6 = { localAddresses: new Uint8Array(16), classes: [2, bytes / 16], remoteAddresses: addresses };
  const port = { address: local, port: 1 };
  const detection = { peers: addresses.subarray(0, bytes / 2), ports: new Array(bytes / 2).fill(53) };
  const times = (count: number, one: object) => new Array(Math.floor(count)).fill(one);
  const small = {
    ...flows,
    classes: [2, bytes / 1024 / 2],
    remoteAddresses: addresses.subarray(0, bytes / 512),
  };
  const cases: ReadonlyArray<readonly [string, Uint8Array]> = [
    ['flows', raw({ networkActivity: { ipv4: flows } })],
    ['IPv6 flows', raw({ networkActivity: { ipv6: v6 } })],
    ['everything else', raw({ networkActivity: { ipv4: { classes: times(bytes / 3, [0x201, 1]).flat() } } })],
    ['256 events of flows', raw(...times(256, { networkActivity: { ipv4: small } }))],
    ['ports', raw({ listeningPorts: { ports: times(bytes / 9, port) } })],
    ['records', raw({ log: { records: times(bytes / 8, { message: 'ab', level: 1 }) } })],
    ['checks', raw({ baseline: { checks: times(bytes / 8, { id: 'ab', result: 1 }) } })],
    ['peers and ports of a detection', raw({ detection })],
    [
      '256 small events',
      raw(...times(256, { detection: { number: 1, count: 1, limit: 1, lastSeen: 1, duration: 1 } })),
    ],
    ['a text', raw({ process: { executable: '\u4e00'.repeat(bytes / 3) } })],
  ];
  return cases.map(([what, message]) => [`${what}, ${kb} KB`, '3.0-protobuf', message]);
}

/** Objects that are named in many places, and such as are only as large as they must be. */
function denseFlatBuffers(kb: number): Case[] {
  const bytes = kb * 1024;
  const many = <Item>(count: number, make: (index: number) => Item) =>
    Array.from({ length: Math.floor(count) }, (_, index) => make(index));
  const times = (count: number, one: Table) => new Vector(new Array(Math.floor(count)).fill(one));
  const common = table();
  const peer = (index: number) => [100 + (index & 127), (index >> 7) & 255, 200, 100];
  const flow = flowV4(peer(0), common);
  const port = Uint8Array.of(127, 0, 0, 1, 53, 0, 1, 0);
  const long = text('\u4e00'.repeat(bytes / 12));
  const record = table({ 0: long, 4: long });
  const cases: ReadonlyArray<readonly [string, Uint8Array]> = [
    [
      'flows',
      message(event(1, table({ 0: tables(...many(bytes / 40, (index) => flowV4(peer(index), common))) }))),
    ],
    ['one flow again and again', message(event(1, table({ 0: times(bytes / 8 - 100, flow) })))],
    ['one event again and again', flatbuffer(messageTable(times(bytes / 12, event(4, table()))))],
    ['ports', message(event(3, table({ 0: new Structs(new Array(bytes / 8).fill(port)) })))],
    ['one record with a long text', message(event(7, table({ 0: times(bytes / 8, record) })))],
    [
      'records',
      message(
        event(7, table({ 0: tables(...many(bytes / 48, () => table({ 0: text('ab'), 4: text('cd') }))) })),
      ),
    ],
    [
      'one process in many events',
      flatbuffer(messageTable(times(200, event(6, table({ 0: long, 5: long }))))),
    ],
  ];
  const as30 = (whole: Table) => flatbuffer(table({ ...Object.fromEntries(whole.fields), 4: struct(BOOT) }));
  const peers = new Structs(many(bytes, () => Uint8Array.of(200)));
  const detection = table({ 0: u8(1), 6: peers, 9: new Structs(many(1000, () => Uint8Array.of(53, 0))) });
  return [
    ...cases.map(([what, bytes]): Case => [`${what}, ${kb} KB`, '2.3', bytes]),
    [`peers of a detection, ${kb} KB`, '3.0-flatbuffers', as30(messageTable(tables(event(9, detection))))],
    [
      `one flow of 3.0, ${kb} KB`,
      '3.0-flatbuffers',
      as30(
        messageTable(
          tables(
            event(
              1,
              table({
                0: times(bytes / 8 - 100, flowV4(peer(0), table({ 9: u32(1), 10: u32(1), 11: u32(1) }))),
              }),
            ),
          ),
        ),
      ),
    ],
  ];
}

async function honest(): Promise<Case[]> {
  const cases: Case[] = [];
  for (const format of ['2.3', '3.0-protobuf'] as const) {
    const core = await loadCore(readCore('gateway'));
    const { frames, localAddresses, linkType } = manyFlows({ packets: 20_000, flows: 5000 });
    core.configure({ seed: new Uint8Array(32).fill(1), localAddresses, format });
    let isStarted = false;
    const input = new DataView(core.input.buffer, core.input.byteOffset);
    for (const { timeMs, bytes } of frames()) {
      if (!isStarted) core.start(timeMs);
      isStarted = true;
      input.setBigUint64(0, BigInt(Math.floor(timeMs)), true);
      input.setUint32(8, bytes.length, true);
      input.setUint16(12, bytes.length, true);
      input.setUint16(14, linkType, true);
      core.input.set(bytes, 16);
      core.observe(0, 16 + bytes.length);
    }
    core.collect(core.now);
    const first = core.nextMessage();
    if (first === undefined) throw new Error('no message');
    cases.push([`a gateway's message, ${first.bytes.length} bytes`, format, first.bytes.slice()]);
  }
  return cases;
}

test('a decoded message takes at most ten times its length, or 192 KB', async () => {
  const cases = [16, 64, 200].flatMap((kb) => [...denseProtobuf(kb), ...denseFlatBuffers(kb)]);
  let read = 0;
  for (const [what, format, bytes] of [...(await honest()), ...cases]) {
    // Code and shapes of objects are made once, and what is made elsewhere meanwhile is shared by many.
    const isRead = attempt(bytes, format) !== undefined;
    const decoded: unknown[] = new Array(COPIES).fill(undefined);
    const before = memory();
    for (let copy = 0; copy < COPIES; copy++) decoded[copy] = attempt(bytes, format);
    const kept = Math.round((memory() - before) / COPIES);
    if (isRead) read++;
    const most = Math.max(FREE, TIMES * bytes.length);
    if (process.env.VERBOSE)
      console.log(`${(kept / bytes.length).toFixed(1)} ${kept} ${isRead ? '' : 'refused '}${format} ${what}`);
    assert.ok(kept <= most, `${kept} bytes for ${bytes.length}: ${format}, ${what}`);
  }
  // It is no claim about messages that are refused.
  assert.ok(read > cases.length / 2, `${read} read`);
});

function attempt(bytes: Uint8Array, format: MessageFormat): unknown {
  try {
    return decodeMessage(bytes, format);
  } catch {
    return undefined;
  }
}

/** What is reachable. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test.run();
