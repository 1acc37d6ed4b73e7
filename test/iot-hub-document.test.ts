// docs/iot-hub.md: what it says to do on the own machine is done here, word for word but for the place of the command and the port.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pcapBytes } from '../host/capture/pcap-writer.ts';
import { readMessages, startHub } from '../service/index.ts';
import { demoCapture } from '../simulator/demo-capture.ts';
import { COMMAND } from './support/command.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const page = readFileSync(new URL('../docs/iot-hub.md', import.meta.url), 'utf8');
const DEVICES = ['sensor-1', 'meter-1', 'valve-1', 'pump-1', 'pump-2', 'pump-3', 'gauge-1', 'gauge-2'];
const hasTools = ['bash', 'openssl', 'awk'].every(
  (tool) => spawnSync(tool, ['--version']).error === undefined,
);

test('every local step of docs/iot-hub.md works, one after the other', async () => {
  const blocks = [...page.matchAll(/^```sh local\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  assert.is(blocks.length, 7);
  if (!hasTools) {
    process.stdout.write('\n  no bash, openssl or awk: the steps of docs/iot-hub.md are not run here\n');
    return;
  }
  const home = temporaryFolder();
  mkdirSync(join(home, '.wardlet'));
  const data = join(home, '.wardlet', 'hub');
  const { frames, linkType } = demoCapture(1);
  writeFileSync(join(home, 'device.pcap'), pcapBytes(frames, { linkType }));
  const hub = await startHub({ dataFolder: data, port: 0, durability: 'written' });
  try {
    const script = blocks.join('\n').replaceAll('8883', String(hub.port));
    const { WARDLET_DATA: _, ...env } = process.env;
    const child = spawn(
      'bash',
      ['-euo', 'pipefail', '-c', `npx() { shift; "${process.execPath}" "${COMMAND}" "$@"; }\n${script}`],
      { cwd: home, env: { ...env, HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const closed = once(child, 'close');
    const [out, complaints] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    assert.is(child.exitCode, 0, `${complaints}\n${out}`);
    const senders = new Set([...readMessages(data)].map(({ deviceId }) => deviceId));
    assert.equal([...senders].sort(), [...DEVICES].sort());
  } finally {
    await hub.close();
  }
});

test.run();
