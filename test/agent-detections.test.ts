// What the core notices, said by a running agent: as events of the library and as lines of `wardlet agent`.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DetectionRecord } from '../bindings/js/detections.ts';
import { DETECTION_KINDS } from '../bindings/js/messages/security-message.ts';
import { detectionJson } from '../cli/detection-view.ts';
import { pcapBytes } from '../host/capture/pcap-writer.ts';
import { detectionScenarios } from '../simulator/scenarios/index.ts';
import { AcknowledgingHub } from './support/acknowledging-hub.ts';
import { AgentRun } from './support/agent-run.ts';
import { wardlet } from './support/command.ts';
import { NOTICING, SYN } from './support/detection-run.ts';
import { frame, PEER_V4 } from './support/packets.ts';
import type { Profile } from './support/profiles.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const test = suite('agent: detections');
const folder = temporaryFolder();
/** Behind 14 bytes of Ethernet and 20 of IPv4. */
const TCP_FLAGS = 14 + 20 + 13;
const FORMAT = { format: '3.0-protobuf' } as const;

/** SYNs that nobody answers, to that many ports of one host. */
function scan(run: AgentRun, ports: number, from = 1_000): void {
  for (let port = from; port < from + ports; port++) {
    const { bytes } = frame({ to: PEER_V4, protocol: 'TCP', fromPort: 40_000 + port, toPort: port });
    bytes[TCP_FLAGS] = SYN;
    run.agent.observe(bytes);
  }
}

function listen(run: AgentRun): DetectionRecord[] {
  const heard: DetectionRecord[] = [];
  run.agent.on('detection', (detection) => heard.push(detection));
  return heard;
}

for (const profile of NOTICING) {
  test(`${profile}: begun within seconds, updated while it grows, ended once`, async () => {
    const run = new AgentRun(profile, FORMAT);
    const heard = listen(run);
    run.agent.start();
    await run.transport.connect();
    scan(run, 40);
    // An attempt waits 3 s for its answer; nothing else comes, and no collection is due.
    await run.clock.pass(5_000);
    assert.equal(
      heard.map(({ state, detection, direction }) => [state, detection, direction]),
      [['BEGUN', 'VERTICAL_SCAN', 'OUTBOUND']],
    );
    for (let minute = 1; minute <= 3; minute++) {
      scan(run, 40, 1_000 + minute * 100);
      await run.clock.pass(60_000);
    }
    await run.clock.pass(900_000);
    const states = heard.map(({ state }) => state);
    assert.is(states[0], 'BEGUN');
    assert.is(states.at(-1), 'ENDED');
    assert.ok(states.length > 2 && states.slice(1, -1).every((state) => state === 'ONGOING'), `${states}`);
    assert.is(new Set(heard.map(({ number }) => number)).size, 1);
    const changes = heard.map((detection) => detection.changes);
    assert.equal(
      changes,
      [...new Set(changes)].sort((one, other) => one - other),
      'each is said once',
    );
    await run.transport.drain();
  });
}

for (const profile of ['standard', 'lean'] satisfies Profile[]) {
  test(`${profile}: nothing to say where nothing is wrong, or nobody looks`, async () => {
    const run = new AgentRun(profile, FORMAT);
    const heard = listen(run);
    run.agent.start();
    if (profile === 'lean') scan(run, 40);
    else for (let packet = 0; packet < 100; packet++) run.observe(1);
    await run.clock.pass(60_000);
    assert.equal(heard, []);
  });
}

test('a listener may stop the agent', async () => {
  const run = new AgentRun('standard', FORMAT);
  const stopped: Array<Promise<unknown>> = [];
  run.agent.on('detection', () => stopped.push(run.agent.stop({ timeoutMs: 0 }).catch(() => {})));
  run.agent.start();
  scan(run, 40);
  await run.clock.pass(15_000);
  assert.ok(stopped.length > 0);
  await Promise.all(stopped);
});

test('of one that has only just begun no peer and no port may be kept: its reason leaves them out', () => {
  for (const detection of DETECTION_KINDS) {
    for (const direction of ['INBOUND', 'OUTBOUND'] as const) {
      const { reason } = detectionJson({
        ...{ detection, direction, severity: 'HIGH', state: 'BEGUN', number: 1, protocol: 'TCP' },
        ...{ peers: [], peerCount: 15, ports: [], portCount: 15, count: 15, limit: 15 },
        ...{ firstMs: 0, lastMs: 0, changes: 1 },
      });
      assert.not.match(String(reason), /[, ]$|, ,| {2}|among them ,/);
    }
  }
});

test('wardlet agent: a line with the reason on standard error, a record with --json', async () => {
  const [scenario] = detectionScenarios({ seed: 3, kinds: ['VERTICAL_SCAN'], devices: ['lock'] });
  const pcap = join(folder, 'scan.pcap');
  writeFileSync(pcap, pcapBytes([...(scenario?.frames ?? [])], { linkType: 1 }));
  const hub = await AcknowledgingHub.start();
  try {
    const connection = join(folder, 'd.txt');
    const ca = join(folder, 'ca.pem');
    writeFileSync(connection, hub.connectionString('d'));
    writeFileSync(ca, hub.caCertificate);
    const run = (...more: readonly string[]) =>
      wardlet([
        'agent',
        ...['--connection-string-file', connection, '--ca', ca, '--pcap', pcap, '--speed', 'max'],
        ...['--local', scenario?.localAddresses.join(',') ?? '', ...more],
      ]);
    const { code, stderr } = await run();
    assert.is(code, 0, stderr);
    assert.match(
      stderr,
      /detection begun {4}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}high {4}vertical scan, outbound: \d+ TCP ports failed on \S+ \(limit \d+\)/,
    );
    const records = (await run('--json')).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ type }) => type === 'detection');
    const { number, kind, severity, direction, state, reason } = records[0] ?? {};
    assert.equal(
      [number, kind, severity, direction, state],
      [1, 'vertical_scan', 'high', 'outbound', 'begun'],
    );
    assert.match(String(reason), /TCP ports failed on/);
  } finally {
    await hub.close();
  }
});

test.run();
