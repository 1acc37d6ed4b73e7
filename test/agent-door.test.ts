// wardlet/agent as a user has it: the example runs, the door bundles for a browser, and what it exports is documented.

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AcknowledgingHub } from './support/acknowledging-hub.ts';
import { reportedBytes } from './support/agent-run.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

test('examples/embed-in-simulator.ts: several devices of one module, every byte at the hub', async () => {
  const hub = await AcknowledgingHub.start();
  const folder = mkdtempSync(join(tmpdir(), 'wardlet-example-'));
  try {
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, hub.caCertificate);
    const devices = ['one', 'two', 'three'];
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', join(ROOT, 'examples/embed-in-simulator.ts')],
      {
        cwd: ROOT,
        env: {
          ...process.env,
          WARDLET_CONNECTION_STRINGS: devices.map((id) => hub.connectionString(id)).join(' '),
          WARDLET_CA: ca,
        },
      },
    );
    assert.is(stderr, '');
    assert.equal(
      stdout.trim().split('\n').sort(),
      [1, 2, 3].map((at) => `10.0.0.${at}: 100 packets, 3200 bytes, 1 messages`),
    );
    assert.equal(hub.connects.map(({ clientId }) => clientId).sort(), [...devices].sort());
    assert.ok(hub.stored.every(({ topic }) => topic.includes('/mti=3.0-2-1-0&')));
    assert.is(reportedBytes(hub.messages), 3 * 3_200);
    assert.is(hub.disconnects, 3);
  } finally {
    await hub.close();
    rmSync(folder, { recursive: true });
  }
});

test('the example is about twenty lines', () => {
  const text = readFileSync(join(ROOT, 'examples/embed-in-simulator.ts'), 'utf8');
  const code = text.replace(/\n\/\*\* An Ethernet[\s\S]*?\n}\n/, '').split('\n');
  const lines = code.filter((line) => line.trim() !== '' && !line.startsWith('//'));
  assert.ok(lines.length <= 22, `${lines.length} lines`);
});

test('the door bundles for a browser, with the browser build of mqtt', async () => {
  const { metafile, outputFiles } = await build({
    entryPoints: [join(ROOT, 'host/agent/index.ts')],
    absWorkingDir: ROOT,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    splitting: true,
    outdir: 'unwritten',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const inputs = Object.keys(metafile.inputs).filter((input) => input.includes('node_modules/mqtt'));
  assert.equal(inputs, ['node_modules/mqtt/dist/mqtt.esm.js']);
  const [entry] = outputFiles.filter(({ path }) => path.endsWith('index.js'));
  assert.ok((entry?.text.length ?? 0) > 0 && !/from ?"node:/.test(entry?.text ?? ''));
  // Loaded when an agent connects, not with the page: with the client's 340 KB it would be twice this.
  assert.ok((entry?.text.length ?? 0) < 240_000, `${entry?.text.length} bytes`);
});

test('every class, function and interface of the rooms behind the door says what it is', () => {
  const bare: string[] = [];
  for (const room of ['host/agent', 'host/transport', 'host/replay']) {
    for (const name of readdirSync(join(ROOT, room))) {
      const lines = readFileSync(join(ROOT, room, name), 'utf8').split('\n');
      if (!lines[0]?.startsWith('//')) bare.push(`${room}/${name}: no head comment`);
    }
  }
  const agent = readFileSync(join(ROOT, 'host/agent/agent.ts'), 'utf8').split('\n');
  agent.forEach((line, at) => {
    const isPublic =
      /^ {2}(async |get )?[a-z]\w*(<[^>]*>.*)?\(.*\{$/.test(line) && !line.includes('constructor');
    if (isPublic && !agent[at - 1]?.endsWith('*/')) bare.push(`agent.ts: ${line.trim()}`);
  });
  assert.equal(bare, []);
});

test.run();
