// A capture through an agent: every frame counted, every message acknowledged, at any speed and from any source; the same messages
// however the capture is read and however slow the hub is.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Core } from '../bindings/js/core.ts';
import type { MessageFormat } from '../bindings/js/messages/security-message.ts';
import type { Clock } from '../host/agent/clock.ts';
import { createAgent, type ReplayOptions, replayCapture } from '../host/agent/index.ts';
import { bytesSource, openCapture } from '../host/capture/index.ts';
import { pcapBytes } from '../host/capture/pcap-writer.ts';
import type { OutgoingMessage } from '../host/transport/transport.ts';
import { demoCapture } from '../simulator/demo-capture.ts';
import { manyFlows } from '../simulator/many-flows.ts';
import { reportedBytes } from './support/agent-run.ts';
import { failure, slowSource } from './support/capture-checks.ts';
import { FakeTransport } from './support/fake-transport.ts';
import { newExports, PROFILES, type Profile } from './support/profiles.ts';
import { settled, VirtualClock } from './support/virtual-clock.ts';

const demo = demoCapture(1);
const file = pcapBytes(demo.frames, { linkType: demo.linkType });

/** A hub that acknowledges after some turns of the event loop; connected from the beginning, or when told. */
class SlowHub extends FakeTransport {
  readonly #turns: () => number;

  constructor(turns: () => number = () => 1) {
    super();
    this.#turns = turns;
  }

  override open(listener: Parameters<FakeTransport['open']>[0]): void {
    super.open(listener);
    listener.connected();
  }

  override async send(message: OutgoingMessage): Promise<void> {
    const sent = { ...message, bytes: message.bytes.slice() };
    for (let turn = this.#turns(); turn > 0; turn--) await settled();
    this.stored.push(sent);
  }
}

interface Options extends Partial<ReplayOptions> {
  readonly transport?: FakeTransport;
  readonly profile?: Profile;
  readonly format?: MessageFormat;
  readonly locals?: readonly string[];
  readonly intervals?: { readonly high: number; readonly medium: number; readonly low: number };
}

function maker({ transport = new SlowHub(), profile = 'standard', locals, intervals, format }: Options) {
  return (clock: Clock) =>
    createAgent({
      core: new Core(newExports(profile)),
      transport,
      clock,
      localAddresses: locals ?? demo.localAddresses,
      entropy: (length) => new Uint8Array(length).fill(3),
      ...(intervals ? { intervalSeconds: intervals } : {}),
      ...(format ? { format } : {}),
    });
}

async function replay(source: Parameters<typeof openCapture>[0], options: Options = {}) {
  const transport = options.transport ?? new SlowHub();
  const capture = await openCapture(source);
  const totals = await replayCapture(capture, {
    speed: 'max',
    agent: maker({ ...options, transport }),
    ...options,
  });
  return { totals, messages: transport.stored };
}

const texts = (messages: readonly OutgoingMessage[]) =>
  messages.map(({ sequence, bytes }) => `${sequence} ${Buffer.from(bytes).toString('hex')}`);

// Ten minutes, a collection every ten seconds, the first after 30 to 89; in 3.0 those of a minute share a message.
const MESSAGES = { '2.3': [50, 90], '3.0-protobuf': [8, 15] } as const;

for (const [format, [least, most]] of Object.entries(MESSAGES)) {
  test(`${format}: at max every frame is counted or ignored, every message acknowledged, and the bytes are those of the messages`, async () => {
    const { totals, messages } = await replay(bytesSource(file), { format: format as MessageFormat });
    assert.is(totals.frames, demo.frames.length);
    assert.is(totals.frames, totals.counted + totals.ignored);
    assert.ok(totals.bytes > 100_000);
    assert.is(totals.messages, messages.length);
    assert.is(totals.acknowledged, totals.messages);
    assert.is(reportedBytes(messages), totals.bytes);
    assert.ok(totals.messages >= least && totals.messages <= most, `${totals.messages} messages`);
  });
}

test('at max the messages are the same, byte for byte, however the capture is read and however slow the hub is', async () => {
  const should = texts((await replay(bytesSource(file))).messages);
  let turn = 0;
  const others = [
    replay(slowSource(file, 1_000, true)),
    replay(slowSource(file, 97, false)),
    replay(bytesSource(new Blob([new Uint8Array(file)]))),
    replay(bytesSource(file), { transport: new SlowHub(() => 20) }),
    replay(bytesSource(file), { transport: new SlowHub(() => turn++ % 7) }),
  ];
  for (const other of await Promise.all(others)) assert.equal(texts(other.messages), should);
});

for (const profile of PROFILES) {
  test(`${profile}: a scan that fills table and outbox loses nothing to a slow hub`, async () => {
    const flows = manyFlows({ packets: 20_000, flows: 5_000, frameLength: 100 });
    const bytes = pcapBytes(flows.frames(), { linkType: flows.linkType });
    const { totals, messages } = await replay(bytesSource(bytes), {
      profile,
      transport: new SlowHub(() => 3),
      locals: flows.localAddresses,
      intervals: { high: 1, medium: 1, low: 1 },
    });
    assert.is(totals.frames, 20_000);
    assert.is(totals.acknowledged, totals.messages);
    assert.is(totals.bytes, flows.totals.bytesIn + flows.totals.bytesOut);
    assert.is(reportedBytes(messages), totals.bytes);
  });
}

test('at max a hub that is away is waited for: no time passes, nothing is suspended', async () => {
  const transport = new FakeTransport();
  const states: string[] = [];
  const make = maker({ transport });
  const done = replayCapture(await openCapture(bytesSource(file)), {
    speed: 'max',
    agent: (clock) => {
      const agent = make(clock);
      agent.on('state', (next) => states.push(next));
      return agent;
    },
  });
  for (let turn = 0; turn < 50; turn++) await settled();
  assert.equal(states, ['pending']);
  await transport.connect();
  for (let cut = 0; cut < 5; cut++) {
    for (let turn = 0; turn < 20; turn++) {
      transport.store();
      transport.acknowledge();
      await settled();
    }
    transport.store();
    await transport.disconnect();
    await transport.connect();
  }
  transport.automatic = true;
  await transport.drain();
  const totals = await done;
  assert.is(totals.acknowledged, totals.messages);
  assert.is(reportedBytes(transport.stored), totals.bytes);
  assert.not.ok(states.includes('suspended'));
});

test('at a speed, time is the capture and passes so many times as fast', async () => {
  for (const [speed, minutes] of [
    [1, 10],
    [10, 1],
    [600, 1 / 60],
  ] as const) {
    const real = new VirtualClock(0);
    const agents: Clock[] = [];
    const transport = new SlowHub();
    const make = maker({ transport });
    let ended = false;
    const done = replay(bytesSource(file), {
      transport,
      speed,
      realClock: real,
      agent: (clock) => {
        agents.push(clock);
        return make(clock);
      },
    }).finally(() => {
      ended = true;
    });
    await turns(5);
    await real.pass(minutes * 60_000 * 0.9);
    assert.not.ok(ended, 'not too fast');
    const [first] = demo.frames;
    const passed = (agents[0]?.now() ?? 0) - (first?.timeMs ?? 0);
    assert.ok(Math.abs(passed - 540_000) < 2_000, `speed ${speed}: ${passed} ms of the capture`);
    await real.pass(minutes * 60_000 * 0.11);
    const { totals, messages } = await done;
    assert.is(totals.frames, demo.frames.length);
    assert.is(totals.acknowledged, totals.messages);
    assert.is(reportedBytes(messages), totals.bytes);
    const [least, most] = MESSAGES['3.0-protobuf'];
    assert.ok(
      totals.messages >= least && totals.messages <= most,
      `speed ${speed}: ${totals.messages} messages`,
    );
    assert.is(real.timers, 0);
  }
});

test('a live pipe at speed 1: frames are counted as they come, and a quiet device still sends', async () => {
  const real = new VirtualClock(0);
  const chunks: Uint8Array[] = [];
  let wake = (): void => {};
  let over = false;
  const source = {
    name: 'pipe',
    async read(target: Uint8Array) {
      while (chunks.length === 0 && !over) await new Promise<void>((resolve) => (wake = resolve));
      const chunk = chunks.shift() ?? new Uint8Array(0);
      target.set(chunk);
      return chunk.length;
    },
    close() {},
  };
  const push = async (bytes: Uint8Array): Promise<void> => {
    chunks.push(bytes);
    wake();
    await turns(5);
    await real.pass(1);
  };
  const transport = new SlowHub();
  const agents: Array<ReturnType<ReturnType<typeof maker>>> = [];
  const make = maker({ transport });
  // The first 24 bytes are the file's header; frames are 16 bytes and their own.
  await push(file.subarray(0, 24));
  const done = replay(source, {
    transport,
    speed: 1,
    realClock: real,
    agent: (clock) => {
      const agent = make(clock);
      agents.push(agent);
      return agent;
    },
  });
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  let at = 24;
  const next = (): Uint8Array => {
    const from = at;
    at += 16 + view.getUint32(at + 8, true);
    return file.subarray(from, at);
  };
  await turns(5);
  await push(next());
  assert.is(agents[0]?.status().packets.seen, 1);
  // The pipe holds frames back: they come two and a half minutes late, and are seen at once.
  await real.pass(150_000);
  const before = transport.stored.length;
  assert.ok(before > 0, 'a quiet device sends its heartbeat');
  for (let frames = 0; frames < 20; frames++) await push(next());
  assert.is(agents[0]?.status().packets.seen, 21);
  assert.is(agents[0]?.status().clockJumps, 0);
  over = true;
  wake();
  const { totals } = await done;
  assert.is(totals.frames, 21);
  assert.is(reportedBytes(transport.stored), totals.bytes);
});

test('a cut capture: what came before is delivered, then the error', async () => {
  for (const speed of ['max', 1_000] as const) {
    const transport = new SlowHub();
    const cut = file.subarray(0, file.length - 5);
    const error = await failure(() => replay(bytesSource(cut), { transport, speed }));
    assert.is(error.code, 'WL_CUT_CAPTURE');
    const whole = (await replay(bytesSource(file))).totals;
    const [last] = demo.frames.slice(-1);
    const bytes = reportedBytes(transport.stored);
    assert.ok(
      bytes >= whole.bytes - (last?.bytes.length ?? 0) && bytes <= whole.bytes,
      `${bytes} of ${whole.bytes}`,
    );
  }
});

test('aborted: no more is read, what was read is delivered, and the totals come back', async () => {
  for (const speed of ['max', 1] as const) {
    const controller = new AbortController();
    const transport = new SlowHub(() => 2);
    const done = replay(bytesSource(file), { transport, speed, signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    const { totals } = await done;
    assert.ok(totals.frames > 0 && totals.frames <= demo.frames.length);
    assert.is(totals.acknowledged, totals.messages);
    assert.is(reportedBytes(transport.stored), totals.bytes);
  }
});

test('aborted while the hub is away: what is missing is said', async () => {
  const controller = new AbortController();
  const done = failure(() =>
    replay(bytesSource(file), { transport: new FakeTransport(), signal: controller.signal, timeoutMs: 10 }),
  );
  setTimeout(() => controller.abort(), 20);
  assert.is((await done).code, 'WL_UNDELIVERED');
});

test('a capture without frames: nothing is sent, all totals are 0', async () => {
  const { totals, messages } = await replay(bytesSource(pcapBytes([], { linkType: 1 })));
  assert.equal(totals, { frames: 0, counted: 0, ignored: 0, bytes: 0, messages: 0, acknowledged: 0 });
  assert.equal(messages, []);
});

test('a speed that is none is refused', async () => {
  for (const speed of [0, -1, 1_001, Number.NaN, 'fast']) {
    const error = await failure(() => replay(bytesSource(file), { speed: speed as number }));
    assert.is(error.code, 'WL_BAD_OPTION');
  }
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await settled();
}

test.run();
