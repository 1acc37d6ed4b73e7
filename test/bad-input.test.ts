// Bad input gets an error that names the thing, the reason and the remedy, and the right exit code; never a stack.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pcapBytes } from '../host/capture/pcap-writer.ts';
import { demoCapture } from '../simulator/demo-capture.ts';
import { wardlet } from './support/command.ts';

const demo = demoCapture(2);
const capture = pcapBytes(demo.frames.slice(0, 50), { linkType: demo.linkType });
let folder = '';
const at = (name: string) => join(folder, name);

const test = suite('bad input');
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'wardlet-bad-'));
  writeFileSync(at('good.pcap'), capture);
  writeFileSync(at('cut.pcap'), capture.subarray(0, -7));
  writeFileSync(at('empty.pcap'), '');
  writeFileSync(at('text.pcap'), 'this is no capture at all\n');
  writeFileSync(at('wifi.pcap'), pcapBytes(demo.frames.slice(0, 3), { linkType: 105 }));
  writeFileSync(at('none.pcap'), pcapBytes([], { linkType: 1 }));
  writeFileSync(at('bad.bin'), 'no message');
  writeFileSync(at('large.bin'), new Uint8Array(300_000));
});
test.after(() => rmSync(folder, { recursive: true }));

interface Refusal {
  readonly args: readonly string[];
  readonly code: 1 | 2;
  readonly error: string;
  readonly says: RegExp;
}

const LOCAL = ['--local', '192.0.2.50'];
const refusals = (): Record<string, Refusal> => ({
  'no such file': {
    args: ['inspect', at('no.pcap'), ...LOCAL],
    code: 1,
    error: 'WL_BAD_FILE',
    says: /no\.pcap/,
  },
  'a folder': {
    args: ['inspect', folder, ...LOCAL],
    code: 1,
    error: 'WL_BAD_FILE',
    says: /folder|directory/,
  },
  'not a capture': {
    args: ['inspect', at('text.pcap'), ...LOCAL],
    code: 1,
    error: 'WL_BAD_CAPTURE',
    says: /not a capture/,
  },
  'an empty file': {
    args: ['inspect', at('empty.pcap'), ...LOCAL],
    code: 1,
    error: 'WL_BAD_CAPTURE',
    says: /empty/,
  },
  'a cut capture': {
    args: ['inspect', at('cut.pcap'), ...LOCAL],
    code: 1,
    error: 'WL_CUT_CAPTURE',
    says: /record 50/,
  },
  'an unknown link type': {
    args: ['inspect', at('wifi.pcap'), ...LOCAL],
    code: 1,
    error: 'WL_UNKNOWN_LINK',
    says: /105/,
  },
  'nobody to propose': {
    args: ['inspect', at('none.pcap')],
    code: 1,
    error: 'WL_NO_DEVICE',
    says: /holds no packet.*--local/s,
  },
  'a bad address': {
    args: ['inspect', at('good.pcap'), '--local', '1.2.3'],
    code: 2,
    error: 'WL_BAD_ADDRESS',
    says: /1\.2\.3/,
  },
  'a bad prefix': {
    args: ['inspect', at('good.pcap'), '--local', '1.2.3.4/33'],
    code: 2,
    error: 'WL_BAD_ADDRESS',
    says: /33/,
  },
  'a bad interval': {
    args: ['inspect', at('good.pcap'), ...LOCAL, '--interval', '0'],
    code: 2,
    error: 'WL_BAD_USAGE',
    says: /--interval/,
  },
  'a bad seed': {
    args: ['inspect', at('good.pcap'), ...LOCAL, '--seed', 'x'],
    code: 2,
    error: 'WL_BAD_USAGE',
    says: /--seed/,
  },
  'a bad profile': {
    args: ['inspect', at('good.pcap'), ...LOCAL, '--profile', 'small'],
    code: 2,
    error: 'WL_BAD_USAGE',
    says: /gateway, standard, lean, lean-strict/,
  },
  'a format the profile lacks': {
    args: ['inspect', at('good.pcap'), ...LOCAL, '--profile', 'lean', '--format', '2.3'],
    code: 2,
    error: 'WL_UNSUPPORTED_FORMAT',
    says: /lean core cannot write format 2\.3[\s\S]*lean-strict, standard, gateway/,
  },
  'a format of no schema': {
    args: ['inspect', at('good.pcap'), ...LOCAL, '--format', '4.0'],
    code: 2,
    error: 'WL_BAD_USAGE',
    says: /3\.0-protobuf, 3\.0-flatbuffers, 2\.3/,
  },
  'a format that the profile lacks': {
    args: ['inspect', at('good.pcap'), ...LOCAL, '--profile', 'lean-strict', '--format', '3.0-protobuf'],
    code: 2,
    error: 'WL_UNSUPPORTED_FORMAT',
    says: /lean-strict core cannot write format 3\.0-protobuf/,
  },
  'a bad filter': {
    args: ['inspect', at('good.pcap'), ...LOCAL, '--filter', 'sctp'],
    code: 2,
    error: 'WL_BAD_FILTER',
    says: /sctp/,
  },
  'two outputs': {
    args: ['inspect', at('good.pcap'), ...LOCAL, '--csv'],
    code: 2,
    error: 'WL_BAD_USAGE',
    says: /--csv/,
  },
  'messages over a file': {
    args: ['inspect', at('good.pcap'), ...LOCAL, '--messages', at('bad.bin')],
    code: 1,
    error: 'WL_BAD_FILE',
    says: /bad\.bin/,
  },
  // Linux: nobody makes folders there, and a look for those above it comes to an end.
  'messages where no folder can be made': {
    args: ['inspect', at('good.pcap'), ...LOCAL, '--messages', '/proc/none/such'],
    code: 1,
    error: 'WL_BAD_FILE',
    says: /\/proc\/none\/such/,
  },
  'messages over messages': {
    args: ['inspect', at('good.pcap'), ...LOCAL, '--messages', folder],
    code: 1,
    error: 'WL_BAD_FILE',
    says: /holds messages/,
  },
  'a bad message': { args: ['decode', at('bad.bin')], code: 1, error: 'WL_BAD_MESSAGE', says: /bad\.bin/ },
  'a capture as a message': {
    args: ['decode', at('good.pcap')],
    code: 1,
    error: 'WL_BAD_MESSAGE',
    says: /good\.pcap/,
  },
  'a message too large': {
    args: ['decode', at('large.bin')],
    code: 1,
    error: 'WL_BAD_MESSAGE',
    says: /262,144/,
  },
  'no such message': { args: ['decode', at('no.bin')], code: 1, error: 'WL_BAD_FILE', says: /no\.bin/ },
  'a 3.0 message that is none': {
    args: ['decode', '--format', '3.0-protobuf', at('bad.bin')],
    code: 1,
    error: 'WL_BAD_MESSAGE',
    says: /bad\.bin .*schema 3\.0-protobuf/,
  },
  'a message type nobody knows': {
    args: ['decode', '--mti', '9.9-1-0-0', at('bad.bin')],
    code: 2,
    error: 'WL_BAD_USAGE',
    says: /9\.9-1-0-0/,
  },
  'a format nobody knows': {
    args: ['decode', '--format', '1.0', at('bad.bin')],
    code: 2,
    error: 'WL_BAD_USAGE',
    says: /3\.0-protobuf, 3\.0-flatbuffers, 2\.3/,
  },
  'an explained bad message': {
    args: ['decode', '--explain', at('bad.bin')],
    code: 1,
    error: 'WL_BAD_MESSAGE',
    says: /bad\.bin/,
  },
});

test('each fault: message, remedy and exit code', async () => {
  for (const [name, { args, code, error, says }] of Object.entries(refusals())) {
    const json = await wardlet([...args, '--json']);
    const failure = (JSON.parse(json.stderr) as { error: { code: string; message: string; hint: string } })
      .error;
    assert.is(failure.code, error, name);
    assert.match(`${failure.message} ${failure.hint}`, says, name);
    assert.ok(failure.hint.length > 5, name);
    assert.is(json.code, code, name);

    if (name === 'two outputs') continue;
    const text = await wardlet(args);
    assert.is(text.code, code, name);
    assert.match(text.stderr, /^wardlet: .+\n {2}.+\n$/, name);
    assert.not.match(text.stderr, /\n\s+at /, name);
  }
});

test('a cut capture: what came before the cut is shown', async () => {
  const { stdout } = await wardlet([
    'inspect',
    at('cut.pcap'),
    '--json',
    '--local',
    demo.localAddresses.join(','),
  ]);
  const { packets, error } = JSON.parse(stdout) as { packets: { seen: number }; error: { code: string } };
  assert.is(packets.seen, 49);
  assert.is(error.code, 'WL_CUT_CAPTURE');
});

test('wrong use: exit code 2 and what is wrong', async () => {
  for (const args of [['explode'], ['inspect'], ['inspect', 'a', 'b'], ['decode'], ['bench', '--slow'], []]) {
    const { code, stderr } = await wardlet(args);
    assert.is(code, 2, args.join(' '));
    assert.ok(stderr.length > 20, args.join(' '));
  }
});

test('every verb explains itself with examples', async () => {
  const { stdout, code } = await wardlet(['--help']);
  assert.is(code, 0);
  for (const verb of ['inspect', 'decode', 'bench']) {
    assert.match(stdout, new RegExp(`^ +${verb}\\b`, 'm'));
    const help = await wardlet([verb, '--help']);
    assert.is(help.code, 0, verb);
    assert.match(help.stdout, new RegExp(`Examples:\\n +.*wardlet ${verb}`), verb);
  }
});

test('colours are for terminals: none in a pipe, in CI either, unless they are asked for', async () => {
  const refused = async (env: NodeJS.ProcessEnv) =>
    (await wardlet(['inspect', at('no.pcap'), ...LOCAL], undefined, env)).stderr;
  assert.not.ok((await refused({ CI: 'true', TERM: 'xterm-256color' })).includes('\x1b'));
  assert.ok((await refused({ FORCE_COLOR: '1' })).includes('\x1b'));
  assert.not.ok((await refused({ FORCE_COLOR: '1', NO_COLOR: '1' })).includes('\x1b'));
});

test('what a file is called does not steer the terminal', async () => {
  const { stderr } = await wardlet(['inspect', '\x1b[31mred\u202e.pcap', ...LOCAL]);
  assert.not.ok(stderr.includes('\x1b[31mred') || stderr.includes('\u202e'));
});

test.run();
