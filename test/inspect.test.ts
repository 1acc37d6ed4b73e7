// `wardlet inspect` on captures of the project's own generator.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeMessage } from '../bindings/js/index.ts';
import { pcapBytes } from '../host/capture/pcap-writer.ts';
import { demoCapture } from '../simulator/demo-capture.ts';
import { wardlet } from './support/command.ts';

interface Inspected {
  local: { addresses: string[]; proposed: boolean };
  packets: { seen: number; counted: number; ignored: Record<string, number> };
  bytes: { in: number; out: number };
  messages: { count: number; bytes: number };
  time: { first: string; last: string };
  flowCount: number;
  flows: Array<{
    protocol: string;
    localAddress: string;
    localPort: number;
    remoteAddress: string;
    remotePort: number;
    bytesIn: number;
    bytesOut: number;
    packetsIn?: number;
    packetsOut?: number;
    firstSeen?: number | null;
    lastSeen?: number | null;
    initiator?: string;
    outcome?: string;
  }>;
}

const FIELDS_OF_2_3 = [
  'protocol',
  'localAddress',
  'localPort',
  'remoteAddress',
  'remotePort',
  'bytesIn',
  'bytesOut',
];
const FIELDS_ADDED = ['packetsIn', 'packetsOut', 'firstSeen', 'lastSeen', 'initiator', 'outcome'];

const demo = demoCapture(1);
const LOCAL = demo.localAddresses.join(',');
const capture = pcapBytes(demo.frames, { linkType: demo.linkType });
let folder = '';
let file = '';

const test = suite('inspect');
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'wardlet-inspect-'));
  file = join(folder, 'demo.pcap');
  writeFileSync(file, capture);
});
test.after(() => rmSync(folder, { recursive: true }));

/** One seed: what is random decides in which tenth of a second a message begins. */
async function inspect(...options: string[]): Promise<Inspected> {
  const { code, stdout, stderr } = await wardlet([
    'inspect',
    file,
    '--json',
    '--local',
    LOCAL,
    '--seed',
    '1',
    ...options,
  ]);
  assert.is(stderr, '');
  assert.is(code, 0);
  return JSON.parse(stdout) as Inspected;
}

test('every packet is counted or ignored, and the bytes are those of the flows', async () => {
  const { packets, bytes, flows, flowCount } = await inspect();
  assert.is(packets.seen, demo.frames.length);
  assert.is(packets.seen, packets.counted + sum(Object.values(packets.ignored)));
  assert.is(bytes.in, sum(flows.map(({ bytesIn }) => bytesIn)));
  assert.is(bytes.out, sum(flows.map(({ bytesOut }) => bytesOut)));
  assert.is(flows.length, flowCount);
});

test('the scan is in the flows: one to every target', async () => {
  const { flows } = await inspect();
  const telnet = flows.filter(({ remotePort }) => remotePort === 23 || remotePort === 2323);
  assert.is(new Set(telnet.map(({ remoteAddress }) => remoteAddress)).size, demo.scan.targets);
});

test('of each flow: packets, when, who began it and what became of it', async () => {
  const { packets, flows, time } = await inspect();
  const [first, last] = [Date.parse(time.first) / 1000, Date.parse(time.last) / 1000];
  assert.is(sum(flows.map(({ packetsIn = 0, packetsOut = 0 }) => packetsIn + packetsOut)), packets.counted);
  for (const flow of flows) {
    assert.equal(Object.keys(flow), [...FIELDS_OF_2_3, ...FIELDS_ADDED]);
    const { firstSeen, lastSeen } = flow;
    assert.ok(typeof firstSeen === 'number' && typeof lastSeen === 'number');
    assert.ok(firstSeen <= lastSeen && firstSeen > first - 0.2 && lastSeen <= last + 0.2);
    assert.is(Number(firstSeen.toFixed(1)), firstSeen);
  }
  const telnet = flows.filter(({ remotePort }) => remotePort === 23 || remotePort === 2323);
  assert.ok(telnet.length > 0 && telnet.every(({ initiator }) => initiator === 'local'));
  const outcomes = new Set(flows.map(({ outcome }) => outcome));
  assert.ok(outcomes.has('established') && (outcomes.has('unanswered') || outcomes.has('refused')));
});

test('what is not known is not told: in schema 2.3 no field more, of a stopped clock no time', async () => {
  for (const flow of (await inspect('--format', '2.3')).flows) assert.equal(Object.keys(flow), FIELDS_OF_2_3);
  for (const { firstSeen, lastSeen, packetsIn } of (await inspect('--interval', 'capture')).flows) {
    assert.equal([firstSeen, lastSeen, typeof packetsIn], [null, null, 'number']);
  }
});

test('without --format a profile takes what it has', async () => {
  const args = ['inspect', file, '--json', '--local', LOCAL, '--profile', 'lean-strict'];
  const taken = await wardlet(args);
  assert.equal(Object.keys((JSON.parse(taken.stdout) as Inspected).flows[0] ?? {}), FIELDS_OF_2_3);
});

test('flows come largest first, and --top cuts there', async () => {
  const { flows } = await inspect();
  const sizes = flows.map(({ bytesIn, bytesOut }) => bytesIn + bytesOut);
  assert.equal(
    sizes,
    [...sizes].sort((one, other) => other - one),
  );
  assert.equal((await inspect('--top', '5')).flows, flows.slice(0, 5));
});

test('a pipe, any interval and any profile of the same table give the same flows', async () => {
  const { packets, flows } = await inspect();
  const piped = await wardlet(['inspect', '-', '--json', '--local', LOCAL], capture);
  assert.equal(sorted((JSON.parse(piped.stdout) as Inspected).flows), sorted(flows));
  for (const interval of ['1', '60', '3600']) {
    const other = await inspect('--interval', interval);
    const [theirs, ours] = [sortedByKey(other.flows), sortedByKey(flows)];
    assert.equal(theirs.map(withoutTimes), ours.map(withoutTimes), interval);
    // A message tells times to the tenth, from an event that is somewhere between two.
    theirs.forEach(({ firstSeen, lastSeen }, index) => {
      assert.ok(Math.abs((firstSeen ?? 0) - (ours[index]?.firstSeen ?? 0)) < 0.25, interval);
      assert.ok(Math.abs((lastSeen ?? 0) - (ours[index]?.lastSeen ?? 0)) < 0.25, interval);
    });
    assert.equal(other.packets, packets, interval);
  }
  for (const options of [
    ['--format', '2.3'],
    ['--interval', 'capture'],
    ['--interval', 'capture', '--format', '2.3'],
  ]) {
    const other = await inspect(...options);
    assert.equal(sorted(as23(other.flows)), sorted(as23(flows)), options.join(' '));
    assert.equal(other.packets, packets, options.join(' '));
  }
});

test('--interval capture is one collection', async () => {
  assert.is((await inspect('--interval', 'capture')).messages.count, 1);
});

test('a smaller table loses names, never totals', async () => {
  const gateway = await inspect('--interval', '3600');
  for (const profile of ['standard', 'lean-strict']) {
    const small = await inspect('--interval', '3600', '--profile', profile);
    assert.equal(small.packets, gateway.packets, profile);
    assert.equal(small.bytes, gateway.bytes, profile);
    assert.ok(
      small.flows.some(({ remoteAddress, remotePort }) => remoteAddress === '0.0.0.0' && remotePort === 0),
      profile,
    );
  }
});

test('without --local the device is proposed, and the person told so', async () => {
  const { code, stdout } = await wardlet(['inspect', file, '--json']);
  assert.is(code, 0);
  const { local } = JSON.parse(stdout) as Inspected;
  assert.is(local.proposed, true);
  for (const address of demo.localAddresses)
    assert.ok(local.addresses.includes(address.replace(/\/.*/, '')), address);
  const { stdout: table } = await wardlet(['inspect', file]);
  assert.match(table, /proposed: .*--local/);
});

test('an address that is in no packet: the person is told so', async () => {
  const table = async (local: string) => (await wardlet(['inspect', file, '--local', local])).stdout;
  assert.match(await table('192.0.2.99'), /192\.0\.2\.99 {2}in none of the packets; without --local/);
  assert.not.match(await table(`192.0.2.99,${LOCAL}`), /none of the packets/);
});

test('--top 0 hides flows, and says how many', async () => {
  const { stdout } = await wardlet(['inspect', file, '--local', LOCAL, '--top', '0']);
  const { flows } = await inspect();
  assert.match(stdout, new RegExp(`\n\n${flows.length} flows: --top ${flows.length}`));
  assert.not.match(stdout, /No flow/);
});

test('--messages writes what was summed, and the same seed the same bytes', async () => {
  const written = async (name: string, seed: string) => {
    const messages = join(folder, name);
    const inspected = await inspect('--messages', messages, '--seed', seed);
    return {
      inspected,
      files: readdirSync(messages)
        .sort()
        .map((file) => readFileSync(join(messages, file))),
    };
  };
  const { inspected, files } = await written('one', '7');
  assert.is(files.length, inspected.messages.count);
  assert.is(sum(files.map(({ length }) => length)), inspected.messages.bytes);
  const flows = files.flatMap((bytes) =>
    decodeMessage(bytes, '3.0-protobuf').events.flatMap(({ payload }) =>
      payload.kind === 'NetworkActivity' ? payload.flows : [],
    ),
  );
  assert.is(sum(flows.map(({ bytesIn }) => bytesIn)), inspected.bytes.in);
  assert.is(sum(flows.map(({ bytesOut }) => bytesOut)), inspected.bytes.out);
  const packets = sum(flows.map(({ packetsIn = 0, packetsOut = 0 }) => packetsIn + packetsOut));
  assert.is(packets, inspected.packets.counted);
  assert.equal((await written('two', '7')).files, files);
  assert.not.equal((await written('three', '8')).files, files);
});

test('--filter shows what passes, of all that was counted', async () => {
  const { packets, flows } = await inspect();
  const cases: ReadonlyArray<readonly [string, (flow: Inspected['flows'][number]) => boolean]> = [
    ['tcp', ({ protocol }) => protocol === 'TCP'],
    ['not tcp', ({ protocol }) => protocol !== 'TCP'],
    ['port 23', ({ localPort, remotePort }) => localPort === 23 || remotePort === 23],
    ['udp and not port 53', ({ protocol, remotePort }) => protocol === 'UDP' && remotePort !== 53],
    ['ip6', ({ remoteAddress }) => remoteAddress.includes(':')],
  ];
  for (const [filter, passes] of cases) {
    const filtered = await inspect('--filter', filter);
    assert.equal(filtered.flows, flows.filter(passes), filter);
    assert.equal(filtered.packets, packets, filter);
  }
});

test('--csv has a line for every flow', async () => {
  const { flowCount } = await inspect();
  const { stdout } = await wardlet(['inspect', file, '--csv', '--local', LOCAL]);
  const lines = stdout.trimEnd().split('\r\n');
  assert.is(lines[0], [...FIELDS_OF_2_3, ...FIELDS_ADDED].join(','));
  assert.is(lines.length - 1, flowCount);
  assert.ok(lines.every((line) => line.split(',').length === 13));
  const old = await wardlet(['inspect', file, '--csv', '--local', LOCAL, '--format', '2.3']);
  assert.is(old.stdout.slice(0, old.stdout.indexOf('\r')), FIELDS_OF_2_3.join(','));
});

test('colours are for terminals', async () => {
  const plain = await wardlet(['inspect', file, '--local', LOCAL], undefined, { FORCE_COLOR: undefined });
  assert.not.ok(plain.stdout.includes('\x1b'));
  const coloured = await wardlet(['inspect', file, '--local', LOCAL], undefined, { FORCE_COLOR: '1' });
  assert.ok(coloured.stdout.includes('\x1b['));
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function as23(flows: Inspected['flows']): Inspected['flows'] {
  return flows.map(({ packetsIn, packetsOut, firstSeen, lastSeen, initiator, outcome, ...flow }) => flow);
}

function withoutTimes({ firstSeen, lastSeen, ...flow }: Inspected['flows'][number]) {
  return flow;
}

function sortedByKey(flows: Inspected['flows']): Inspected['flows'] {
  const key = (flow: Inspected['flows'][number]) => JSON.stringify(as23([flow]));
  return [...flows].sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

function sorted(flows: Inspected['flows']): string[] {
  return flows.map((flow) => JSON.stringify(flow)).sort();
}

test.run();
