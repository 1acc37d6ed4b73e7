// What people get wrong between a hub and an agent: an error that names the thing, the reason and the remedy, the right exit code, no key
// in it; and nothing is lost, what was refused arrives once it is put right.

import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import Database from 'libsql';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pcapBytes } from '../host/capture/pcap-writer.ts';
import { hubCertificates } from '../service/hub/certificates.ts';
import { makeDataFolder } from '../service/hub/data-folder.ts';
import { openRegistry } from '../service/index.ts';
import { demoCapture } from '../simulator/demo-capture.ts';
import { COMMAND, type CommandResult, type Variation, wardlet } from './support/command.ts';
import { LAPTOP, modelOf, v4, v6 } from './support/device.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { arrivedAt, differences, endProcesses, expectedTotals, hubOn, JsonCommand } from './support/trip.ts';

const folder = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);
const HUB = at('hub');
const DEVICE = 'sensor-1';
const REMOVED = 'sensor-2';
/** Processes at once: the cases are many and short. */
const WIDTH = 4;

const demo = demoCapture(2);
const frames = demo.frames.slice(0, 300);
const capture = pcapBytes(frames, { linkType: demo.linkType });
const LOCAL = demo.localAddresses.join(',');
const device = modelOf({
  ...LAPTOP,
  locals: [
    { address: v4('192.0.2.50'), prefix: 24 },
    { address: v6('2001:db8::50'), prefix: 64 },
  ],
});
const expected = expectedTotals(frames, demo.linkType, device);

let hub: JsonCommand;
let port = 0;
/** Nothing listens there. */
let closedPort = 0;
/** A hub that says it is another one than it was called. */
let detour: Server | undefined;
const keys: string[] = [];
/** All that any process said. */
let said = '';

const test = suite('bad input on the trip');

test.before(async () => {
  ({ hub, port } = await hubOn(HUB, 0));
  keys.push(...(await added(DEVICE)), ...(await added(REMOVED)));
  const other = makeDataFolder(at('other-hub'));
  await hubCertificates(other, ['localhost'], Date.now());
  closedPort = await freePort();
  detour = await detourTo(port);

  const good = readFileSync(at('sensor-1.txt'), 'utf8');
  const variants: Record<string, string> = {
    'wrong-key.txt': good.replace(keys[0] ?? '', Buffer.alloc(32, 1).toString('base64')),
    'unknown-device.txt': good.replace('DeviceId=sensor-1', 'DeviceId=sensor-7'),
    'other-hub.txt': good.replace('HostName=localhost', 'HostName=hub.example'),
    'no-hub.txt': good.replace(`:${port}`, `:${closedPort}`),
    'wrong-host.txt': good.replace(`localhost:${port}`, `127.0.0.2:${portOf(detour)}`),
    'no-device.txt': good.replace('DeviceId=sensor-1;', ''),
    'cut-key.txt': good.replace('=;', ';'),
    'empty.txt': '\n',
    'text.pem': 'no certificate\n',
    'cut.pem': readFileSync(join(HUB, 'ca.pem'), 'utf8').slice(0, 300),
    'changed.pem': readFileSync(join(HUB, 'ca.pem'), 'utf8').replace(/\n.{8}/, '\nAAAAAAAA'),
    'short-key.txt': 'c2hvcnQ=\n',
    'no-key.txt': 'not base64 at all\n',
    'a-file': 'x',
    'device.pcap': '',
  };
  for (const [name, text] of Object.entries(variants)) writeFileSync(at(name), text);
  writeFileSync(at('device.pcap'), capture);
  for (const name of ['full', 'strange', 'foreign']) mkdirSync(at(name));
  writeFileSync(at('full', 'thesis.txt'), 'years of work');
  writeFileSync(at('strange', 'hub.db'), 'x'.repeat(4096));
  const foreign = new Database(at('foreign', 'hub.db'));
  foreign.exec('CREATE TABLE theirs (value TEXT)');
  foreign.close();
  if (process.getuid?.() !== 0) {
    mkdirSync(at('locked'));
    chmodSync(at('locked'), 0o555);
  }
});

test.after(async () => {
  detour?.close();
  if (process.getuid?.() !== 0) chmodSync(at('locked'), 0o755);
  endProcesses();
});

interface Refusal {
  readonly args: readonly string[];
  readonly code?: 1 | 2;
  readonly error: string;
  readonly says: RegExp;
}

const CA = ['--ca', join(HUB, 'ca.pem')];
const RUN = [
  '--pcap',
  at('device.pcap'),
  '--local',
  LOCAL,
  '--speed',
  'max',
  '--wait',
  '1',
  '--retry',
  '1,1',
];
const agentWith = (file: string, ca: readonly string[] = CA) => [
  'agent',
  '--connection-string-file',
  at(file),
  ...ca,
  ...RUN,
];
const hubWith = (data: string, ...more: readonly string[]) => ['hub', '--data', data, '--port', '0', ...more];
const DATA = ['--data', HUB];

const refusals = (): Record<string, Refusal> => ({
  'no connection string': {
    args: ['agent', ...CA, ...RUN],
    code: 2,
    error: 'WL_BAD_USAGE',
    says: /--connection-string-file.*wardlet hub device add/,
  },
  'an empty one': {
    args: agentWith('empty.txt'),
    code: 2,
    error: 'WL_BAD_USAGE',
    says: /--connection-string-file/,
  },
  'one without a device': {
    args: agentWith('no-device.txt'),
    code: 2,
    error: 'WL_BAD_CONNECTION_STRING',
    says: /no DeviceId.*HostName=HOST/,
  },
  'one with half a key': {
    args: agentWith('cut-key.txt'),
    code: 2,
    error: 'WL_BAD_CONNECTION_STRING',
    says: /SharedAccessKey.*copy the whole key/,
  },
  'two of them': {
    args: [...agentWith('sensor-1.txt'), '--connection-string', readFileSync(at('sensor-1.txt'), 'utf8')],
    code: 2,
    error: 'WL_BAD_USAGE',
    says: /exclude each other/,
  },
  'the text where the file belongs': {
    args: ['agent', '--connection-string-file', readFileSync(at('sensor-1.txt'), 'utf8'), ...CA, ...RUN],
    code: 2,
    error: 'WL_BAD_USAGE',
    says: /connection string itself.*file/,
  },
  'no such file': {
    args: agentWith('none.txt'),
    error: 'WL_BAD_FILE',
    says: /none\.txt: there is no such file/,
  },
  'a wrong key': { args: agentWith('wrong-key.txt'), error: 'WL_REFUSED', says: /not authorised.*the key/ },
  'an unknown device': {
    args: agentWith('unknown-device.txt'),
    error: 'WL_REFUSED',
    says: /sensor-7.*wardlet hub/,
  },
  'the name of another hub': {
    args: agentWith('other-hub.txt'),
    error: 'WL_REFUSED',
    says: /hub\.example.*host name/,
  },
  ...(detour === undefined
    ? {}
    : {
        'a name the certificate lacks': {
          args: agentWith('wrong-host.txt'),
          error: 'WL_WRONG_HOST',
          says: /127\.0\.0\.2.*but for.*127\.0\.0\.1.*--host-name/,
        },
      }),
  'no authority': { args: agentWith('sensor-1.txt', []), error: 'WL_UNTRUSTED_HUB', says: /--ca.*ca\.pem/ },
  'the authority of another hub': {
    args: agentWith('sensor-1.txt', ['--ca', at('other-hub', 'ca.pem')]),
    error: 'WL_UNTRUSTED_HUB',
    says: /--ca.*ca\.pem/,
  },
  "the server's certificate for its authority": {
    args: agentWith('sensor-1.txt', ['--ca', join(HUB, 'server.pem')]),
    error: 'WL_UNTRUSTED_HUB',
    says: /--ca.*ca\.pem/,
  },
  ...Object.fromEntries(
    [
      ['text.pem', /text\.pem holds no certificate.*ca\.pem/],
      ['cut.pem', /cut\.pem holds a broken certificate/],
      ['changed.pem', /changed\.pem holds a broken certificate/],
      ['none.pem', /none\.pem: there is no such file/],
      ['hub', /hub: it is a folder/],
    ].map(([name, says]) => [
      `${name} for an authority`,
      {
        args: agentWith('sensor-1.txt', ['--ca', at(String(name))]),
        error: 'WL_BAD_FILE',
        says: says as RegExp,
      },
    ]),
  ),
  'no hub': {
    args: agentWith('no-hub.txt'),
    error: 'WL_UNREACHABLE',
    says: /nothing listens.*is the hub running/,
  },

  'a port in use': {
    args: ['hub', '--data', at('new'), '--port', String(port)],
    error: 'WL_PORT_IN_USE',
    says: /--port/,
  },
  'a second hub on the folder': { args: hubWith(HUB), error: 'WL_BAD_DATA_FOLDER', says: /another hub/ },
  'a file for a folder': { args: hubWith(at('a-file')), error: 'WL_BAD_DATA_FOLDER', says: /it is a file/ },
  'a folder below a file': {
    args: hubWith(at('a-file', 'hub')),
    error: 'WL_BAD_DATA_FOLDER',
    says: /part of the path is a file/,
  },
  'a folder of other things': {
    args: hubWith(at('full')),
    error: 'WL_BAD_DATA_FOLDER',
    says: /other things.*empty/,
  },
  'hub.db that is no database': {
    args: hubWith(at('strange')),
    error: 'WL_BAD_DATA_FOLDER',
    says: /another program/,
  },
  "another program's hub.db": {
    args: hubWith(at('foreign')),
    error: 'WL_BAD_DATA_FOLDER',
    says: /another program/,
  },
  // Linux: nobody makes folders there.
  'a folder nobody can make': {
    args: hubWith('/proc/none/hub'),
    error: 'WL_BAD_DATA_FOLDER',
    says: /\/proc\/none.*may write/,
  },
  ...(process.getuid?.() === 0
    ? {}
    : {
        'a folder this user may not write': {
          args: hubWith(at('locked', 'hub')),
          error: 'WL_BAD_DATA_FOLDER',
          says: /locked.*may write/,
        },
      }),
  'an address of another machine': {
    args: hubWith(at('new'), '--host', '192.0.2.77'),
    error: 'WL_BAD_OPTION',
    says: /192\.0\.2\.77.*localhost/,
  },
  'a port that is none': {
    args: ['hub', '--data', at('new'), '--port', '65536'],
    code: 2,
    error: 'WL_BAD_USAGE',
    says: /--port.*65535/,
  },
  'a device twice': {
    args: ['hub', 'device', 'add', DEVICE, ...DATA],
    error: 'WL_DEVICE_EXISTS',
    says: /sensor-1.*remove/,
  },
  'a bad device id': {
    args: ['hub', 'device', 'add', 'a/b', ...DATA],
    error: 'WL_BAD_DEVICE_ID',
    says: /a\/b.*A-Z/,
  },
  'a short key': {
    args: ['hub', 'device', 'add', 'sensor-3', '--key-file', at('short-key.txt'), ...DATA],
    error: 'WL_BAD_KEY',
    says: /short-key\.txt: the key has 5 bytes.*openssl/,
  },
  'a key that is no base64': {
    args: ['hub', 'device', 'add', 'sensor-3', '--key-file', at('no-key.txt'), ...DATA],
    error: 'WL_BAD_KEY',
    says: /no-key\.txt: the key is not base64.*openssl/,
  },
  'a key file that is not there': {
    args: ['hub', 'device', 'add', 'sensor-3', '--key-file', at('none.txt'), ...DATA],
    error: 'WL_BAD_FILE',
    says: /none\.txt: there is no such file/,
  },
  'an unknown device to remove': {
    args: ['hub', 'device', 'remove', 'sensor-7', ...DATA],
    error: 'WL_NO_SUCH_DEVICE',
    says: /sensor-7/,
  },
  ...Object.fromEntries(
    [['device', 'list'], ['device', 'remove', DEVICE], ['messages']].map((verb) => [
      `a folder without a hub: ${verb.join(' ')}`,
      {
        args: ['hub', ...verb, '--data', at('nowhere')],
        error: 'WL_BAD_DATA_FOLDER',
        says: /nowhere.*is it the folder/,
      },
    ]),
  ),
});

test('each fault: message, remedy and exit code', async () => {
  const cases = Object.entries(refusals());
  const work = async () => {
    for (let next = cases.pop(); next; next = cases.pop()) {
      const [name, { args, code = 1, error, says }] = next;
      const result = await saying([...args, '--json']);
      const lines = result.stderr.trimEnd().split('\n');
      assert.is(lines.length, 1, `${name}: ${result.stderr}`);
      const failure = (
        JSON.parse(lines[0] ?? '') as { error: { code: string; message: string; hint: string } }
      ).error;
      assert.is(failure.code, error, `${name}: ${failure.message}`);
      assert.match(`${failure.message} ${failure.hint}`, says, name);
      assert.is(result.code, code, name);
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, work));
  assert.equal(arrivedAt(HUB, DEVICE).messages, 0, 'and nobody got in');
});

test('for people what ends a run is said once', async () => {
  const { stderr, code } = await saying(agentWith('wrong-key.txt'));
  assert.is(code, 1);
  assert.is(stderr.split('not authorised').length, 2, stderr);
  assert.match(stderr, /\nwardlet: .+\n {2}.+\n$/);
});

test('no messages of a device that is not registered: said so', async () => {
  const { code, stdout, stderr } = await saying(['hub', 'messages', '--device', 'sensor-7', ...DATA]);
  assert.equal([code, stdout], [0, 'No messages yet.\n']);
  assert.match(stderr, /No device sensor-7 is registered/);
});

test('a look makes no folder, a refusal changes nothing in one', () => {
  assert.not.ok(readdirSync(folder).includes('nowhere'));
  assert.equal(readdirSync(at('full')), ['thesis.txt']);
  const foreign = new Database(at('foreign', 'hub.db'));
  assert.equal(foreign.prepare('SELECT name FROM sqlite_master').all(), [{ name: 'theirs' }]);
  foreign.close();
});

test('a typing error on the command line does not show the key', async () => {
  const text = readFileSync(at('sensor-1.txt'), 'utf8').trim();
  for (const args of [[text], ['agent', `--conection-string=${text}`, ...RUN], ['agent', text, ...RUN]]) {
    const { code, stderr } = await saying(args);
    assert.is(code, 2, stderr);
  }
});

test('without the service package: what to install', async () => {
  const alone = at('alone');
  mkdirSync(alone);
  cpSync(COMMAND.replace('/wardlet.js', ''), join(alone, 'dist', 'cli'), { recursive: true });
  cpSync(new URL('../package.json', import.meta.url).pathname, join(alone, 'package.json'));
  for (const args of [['hub'], ['hub', 'device', 'list'], ['demo', '--once']]) {
    const { code, stderr } = await saying(args, {}, { command: join(alone, 'dist', 'cli', 'wardlet.js') });
    assert.is(code, 1);
    assert.match(stderr, /@wardlet\/service.*\n {2}npm install @wardlet\/service/);
  }
});

test('a full disk under the output: said, with exit code 1', async () => {
  const { code, stderr } = await saying(['hub', 'device', 'list', ...DATA], {}, { output: '/dev/full' });
  assert.is(code, 1);
  assert.match(stderr, /^wardlet: cannot write the output: the disk is full\n {2}.+\n$/);
});

test('wardlet help, wardlet help VERB', async () => {
  const [all, verb, below, none] = await Promise.all(
    [['help'], ['help', 'agent'], ['help', 'hub', 'device'], ['help', 'explode']].map((args) => saying(args)),
  );
  assert.match(all?.stdout ?? '', /^ +agent\b/m);
  assert.match(verb?.stdout ?? '', /wardlet agent \[options\]/);
  assert.match(below?.stdout ?? '', /wardlet hub device/);
  assert.equal([all?.code, verb?.code, below?.code, none?.code], [0, 0, 0, 2]);
});

test('put right, everything arrives; DEBUG shows no token either', async () => {
  const { code, stderr } = await saying([...agentWith('sensor-1.txt'), '--json'], { DEBUG: '*' });
  assert.is(code, 0, stderr);
  assert.equal(differences(arrivedAt(HUB, DEVICE).totals, expected), []);
});

test('a device removed in mid-run and registered again: all of it arrives; its key is in no list of processes', async () => {
  const connectionString = readFileSync(at('sensor-2.txt'), 'utf8').trim();
  const pace = ['--speed', '1000', '--interval', '10,10,10', '--retry', '1,1'];
  const agent = new JsonCommand([
    'agent',
    '--connection-string',
    connectionString,
    ...CA,
    '--pcap',
    '-',
    '--local',
    LOCAL,
    ...pace,
  ]);
  const half = capture.length >> 1;
  agent.input.write(capture.subarray(0, half));
  await agent.line(({ type, stage }) => type === 'message' && stage === 'acknowledged');
  if (process.platform === 'linux') {
    const shown = readFileSync(`/proc/${agent.pid}/cmdline`, 'utf8');
    assert.is(shown.replace(/\0+$/, ''), 'wardlet agent');
  }
  await saying(['hub', 'device', 'remove', REMOVED, ...DATA]);
  await agent.line(({ code }) => code === 'WL_DISCONNECTED');
  agent.input.write(capture.subarray(half));
  await agent.line(({ code }) => code === 'WL_REFUSED');
  writeFileSync(at('key.txt'), keys[1] ?? '');
  // Prints the connection string: the one output that a key is for.
  await wardlet(['hub', 'device', 'add', REMOVED, '--key-file', at('key.txt'), ...DATA]);
  agent.input.end();
  assert.is(await agent.exited, 0, agent.errors);
  said += JSON.stringify(agent.lines) + agent.errors;
  assert.equal(differences(arrivedAt(HUB, REMOVED).totals, expected), []);
});

test('keys and tokens are in no output, and in no file but the registry; the folder is for its owner alone', () => {
  said += JSON.stringify(hub.lines) + hub.errors;
  assert.ok(said.length > 10_000);
  for (const key of keys) assert.not.ok(said.includes(key) || said.includes(encodeURIComponent(key)));
  assert.not.match(said, /sig=|SharedAccessSignature sr/);
  assert.is(statSync(HUB).mode & 0o777, 0o700);
  for (const name of readdirSync(HUB)) {
    assert.is(statSync(join(HUB, name)).mode & 0o777, 0o600, name);
    if (name.startsWith('hub.db')) continue;
    const text = readFileSync(join(HUB, name), 'latin1');
    for (const key of keys) assert.not.ok(text.includes(key), name);
  }
});

/** Registers with the command, as a person does; its keys. */
async function added(id: string): Promise<string[]> {
  const { stdout, stderr } = await wardlet(['hub', 'device', 'add', id, ...DATA]);
  assert.is(stderr, '');
  writeFileSync(at(`${id}.txt`), stdout);
  const registry = openRegistry(HUB);
  const { primaryKey = '', secondaryKey = '' } = registry.get(id) ?? {};
  registry.close();
  return [primaryKey, secondaryKey].slice(0, 1);
}

async function saying(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  variation: Variation = {},
): Promise<CommandResult> {
  const result = await wardlet(args, undefined, { WARDLET_CONNECTION_STRING: '', ...env }, variation);
  said += result.stdout + result.stderr;
  return result;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const free = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return free;
}

/** The hub under an address its certificate lacks; undefined where a machine has no such loopback address. */
async function detourTo(hubPort: number): Promise<Server | undefined> {
  const server = createServer((near) => {
    const far = connect(hubPort, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.pipe(other).on('error', () => one.destroy());
    }
  });
  return new Promise((resolve) => {
    server.on('error', () => resolve(undefined));
    server.listen(0, '127.0.0.2', () => resolve(server));
  });
}

function portOf(server: Server | undefined): number {
  const address = server?.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test.run();
