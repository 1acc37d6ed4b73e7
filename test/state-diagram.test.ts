// The pictures of docs/architecture.md: the state diagram and the table below it have the core's transitions, all of
// them and no others, and both pictures can be read wherever they are shown.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CoreExports } from '../bindings/js/exports.ts';
import { STATES } from '../bindings/js/status.ts';
import { KEY_SPOOL } from '../schema/configuration-block.ts';
import { PIECE_FIRST, PIECE_LAST } from '../schema/indicator-block.ts';
import { STATUS_DUE, STATUS_STATE } from '../schema/status.ts';
import { FIRST_AT_ONCE, intervals, numbers, seed } from './support/configuration-block.ts';
import { entriesOf, LAPTOP } from './support/device.ts';
import { DrivenCore, EPOCH, startedCore } from './support/driven-core.ts';
import { frame } from './support/packets.ts';
import { PROFILES, type Profile } from './support/profiles.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const MAP = read('docs/architecture.md');
const DIAGRAM = read('docs/pictures/states.svg');
const PICTURES = readdirSync(join(ROOT, 'docs/pictures'));

const SECOND = 1_000;
const DAY = 86_400 * SECOND;
/** ms: Agent_PendingTime, where nothing else is configured. */
const PENDING_TIME = 300 * SECOND;

// --- the core's transitions --------------------------------------------------------------------------------------------

interface Device {
  readonly core: DrivenCore;
  now: number;
  spool: boolean;
}

interface Call {
  readonly of: keyof CoreExports;
  /** What the diagram calls it. */
  readonly name: string;
  readonly make: (device: Device) => void;
}

/** Every call of the core, and each thing that time can do. */
const CALLS: readonly Call[] = [
  { of: 'configure', name: 'configure, with a spool', make: (device) => configure(device, true) },
  { of: 'configure', name: 'configure, without a spool', make: (device) => configure(device, false) },
  { of: 'start', name: 'start', make: ({ core, now }) => core.start(now) },
  { of: 'connect', name: 'connect', make: ({ core }) => core.exports.connect() },
  { of: 'disconnect', name: 'disconnect', make: ({ core, now }) => core.disconnect(now) },
  { of: 'tick', name: 'a moment', make: (device) => passTime(device, 1) },
  { of: 'tick', name: 'pending time over', make: (device) => passTime(device, PENDING_TIME) },
  { of: 'tick', name: 'clock set forward', make: (device) => setClock(device, DAY) },
  { of: 'tick', name: 'clock set back', make: (device) => setClock(device, -DAY) },
  { of: 'observe', name: 'observe', make: ({ core, now }) => observe(core, now) },
  { of: 'collect', name: 'collect', make: ({ core, now }) => core.collect(now) },
  { of: 'next', name: 'next', make: ({ core }) => core.take() },
  { of: 'acknowledge', name: 'acknowledge', make: ({ core }) => core.drain() },
  { of: 'report', name: 'report', make: ({ core, now }) => report(core, now) },
  { of: 'loadIndicators', name: 'loadIndicators', make: ({ core }) => loadNoIndicators(core) },
  { of: 'learn', name: 'learn', make: ({ core }) => learn(core) },
  { of: 'restoreLearned', name: 'restoreLearned', make: ({ core }) => restoreLearned(core) },
];

function configure(device: Device, spool: boolean): void {
  const code = device.core.configure(
    seed(1),
    intervals(10, 30, 60),
    FIRST_AT_ONCE,
    ...entriesOf(LAPTOP),
    numbers(KEY_SPOOL, spool ? 1 : 0),
  );
  assert.is(code, 0);
  device.spool = spool;
}

/** The way a host does it: a tick whenever the core asks for one. */
function passTime(device: Device, ms: number): void {
  const { core } = device;
  const end = device.now + ms;
  for (let due = core.u64(STATUS_DUE); isStarted(core) && due < end; due = core.u64(STATUS_DUE)) {
    core.tick(due);
    core.drain();
  }
  core.tick(end);
  device.now = end;
}

function setClock(device: Device, ms: number): void {
  device.now += ms;
  device.core.tick(device.now);
}

function observe(core: DrivenCore, now: number): void {
  if (isStarted(core)) core.observe(frame(), now);
}

/** Taken as it is: the tests' reader knows the collectors' events alone. */
function report(core: DrivenCore, now: number): void {
  core.report({ kind: 'Log', records: [] }, now);
  for (let taken = core.take(); taken; taken = core.take()) core.exports.acknowledge(taken.sequence);
}

// The lean profiles have none of these three.

function loadNoIndicators({ exports }: DrivenCore): void {
  assert.is(exports.loadIndicators?.(0, PIECE_FIRST | PIECE_LAST) ?? 0, 0);
}

function learn({ exports }: DrivenCore): void {
  for (const command of [1, 0]) assert.is(exports.learn?.(command) ?? 0, 0);
}

function restoreLearned(core: DrivenCore): void {
  const { exports, memory } = core;
  const { LEARNED, LEARNED_SIZE, INPUT } = exports;
  if (!LEARNED || !LEARNED_SIZE) return;
  learn(core);
  memory.copyWithin(INPUT.value, LEARNED.value, LEARNED.value + LEARNED_SIZE.value);
  assert.is(exports.restoreLearned?.(LEARNED_SIZE.value), 0);
}

function stateOf(core: DrivenCore): string {
  return STATES[core.u32(STATUS_STATE)] ?? 'unknown';
}

function isStarted(core: DrivenCore): boolean {
  return stateOf(core) !== 'not initialised';
}

function deviceAfter(profile: Profile, calls: readonly Call[]): Device {
  const device = { core: new DrivenCore(profile), now: EPOCH, spool: false };
  for (const { make } of calls) make(device);
  return device;
}

/**
 * Makes every call after every other call, in every state it leaves behind, with a spool and without. Returns each change
 * of state as `from | cause | to`; the cause names the spool where only one of the two has the change.
 */
function transitionsOf(profile: Profile): string[] {
  const spools = new Map<string, Set<boolean>>();
  const seen = new Set<string>();
  const ways: Array<readonly Call[]> = [[]];
  for (let way = ways.pop(); way; way = ways.pop()) {
    for (const call of CALLS) {
      const device = deviceAfter(profile, way);
      const from = stateOf(device.core);
      const { spool } = device;
      call.make(device);
      const to = stateOf(device.core);
      if (to !== from) {
        const change = JSON.stringify([from, call.name, to]);
        spools.set(change, (spools.get(change) ?? new Set()).add(spool));
      }
      const place = `${to}, ${device.spool}, ${call.name}`;
      if (seen.has(place)) continue;
      seen.add(place);
      ways.push([...way, call]);
    }
  }
  return [...spools]
    .map(([change, kinds]) => {
      const [from, name, to] = JSON.parse(change) as [string, string, string];
      if (kinds.size === 2) return `${from} | ${name} | ${to}`;
      return `${from} | ${name}, ${kinds.has(true) ? 'with a spool' : 'no spool'} | ${to}`;
    })
    .sort();
}

test('every call of the core is driven', () => {
  const calls = Object.entries(new DrivenCore('standard').exports)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name);
  assert.equal([...new Set(CALLS.map(({ of }) => of))].sort(), calls.sort());
});

for (const profile of PROFILES) {
  test(`${profile}: the state diagram and its table have the core's transitions, and no others`, () => {
    const transitions = transitionsOf(profile);
    assert.equal(
      arrows()
        .map(({ from, cause, to }) => `${from} | ${cause} | ${to}`)
        .sort(),
      transitions,
      'docs/pictures/states.svg',
    );
    assert.equal(tableRows().sort(), transitions, 'docs/architecture.md');
  });

  test(`${profile}: a clock that jumps makes the pending time begin anew, as the diagram says`, () => {
    const device = { core: startedCore(profile), now: EPOCH, spool: false };
    for (const jump of [DAY, -DAY, DAY]) {
      passTime(device, PENDING_TIME - 1);
      assert.is(stateOf(device.core), 'pending');
      setClock(device, jump);
    }
    passTime(device, PENDING_TIME - 1);
    assert.is(stateOf(device.core), 'pending');
    passTime(device, 1);
    assert.is(stateOf(device.core), 'suspended');
  });
}

// --- the state diagram -------------------------------------------------------------------------------------------------

test('the state diagram has every state, once', () => {
  assert.equal([...boxes().keys()].sort(), [...STATES].sort());
  assert.is([...DIAGRAM.matchAll(/data-state="/g)].length, STATES.length);
});

test('what an arrow says to a reader is what it says to this test', () => {
  for (const { from, cause, drawn } of arrows()) {
    assert.equal(textsOf(drawn, 'cause'), [cause], `${from}: ${cause}`);
  }
  for (const [state, { drawn }] of boxes()) assert.equal(textsOf(drawn, 'name'), [state]);
  assert.match(DIAGRAM, `${PENDING_TIME / SECOND} s without a hub`);
});

test('every arrow goes from the edge of its one box to the edge of the other', () => {
  for (const { from, cause, to, drawn } of arrows()) {
    const [, path = ''] = /<path class="line" d="([^"]*)"/.exec(drawn) ?? [];
    const points = [...path.matchAll(/(\d+) (\d+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
    assert.ok(isOnEdge(from, points.at(0)), `${from}: ${cause}: begins at ${points.at(0)}`);
    assert.ok(isOnEdge(to, points.at(-1)), `${from}: ${cause}: ends at ${points.at(-1)}`);
  }
});

interface Arrow {
  readonly from: string;
  readonly cause: string;
  readonly to: string;
  readonly drawn: string;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly drawn: string;
}

function arrows(): Arrow[] {
  const found = DIAGRAM.matchAll(
    /<g data-from="([^"]*)" data-cause="([^"]*)" data-to="([^"]*)">([\s\S]*?)<\/g>/g,
  );
  return [...found].map(([, from = '', cause = '', to = '', drawn = '']) => ({ from, cause, to, drawn }));
}

function boxes(): Map<string, Box> {
  const found = DIAGRAM.matchAll(
    /<g data-state="([^"]*)">(\s*<rect class="box" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"[\s\S]*?)<\/g>/g,
  );
  return new Map(
    [...found].map(([, state = '', drawn = '', x, y, width, height]) => [
      state,
      { x: Number(x), y: Number(y), width: Number(width), height: Number(height), drawn },
    ]),
  );
}

function textsOf(drawn: string, kind: string): string[] {
  const found = drawn.matchAll(/<text class="([^"]*)"[^>]*>([^<]*)</g);
  return [...found].flatMap(([, kinds = '', text = '']) => (kinds.split(' ').includes(kind) ? [text] : []));
}

function isOnEdge(state: string, point: readonly [number, number] | undefined): boolean {
  const box = boxes().get(state);
  if (!box || !point) return false;
  const [right, down] = [point[0] - box.x, point[1] - box.y];
  if (right < 0 || right > box.width || down < 0 || down > box.height) return false;
  return right === 0 || right === box.width || down === 0 || down === box.height;
}

function tableRows(): string[] {
  const [, section = ''] = /\n## The states of an agent\n([\s\S]*?)\n## /.exec(MAP) ?? [];
  const rows = [...section.matchAll(/^\| (.*?) \| (.*?) \| (.*?) \|/gm)];
  return rows.slice(1).map(([, from, cause, to]) => `${from} | ${cause} | ${to}`);
}

// --- both pictures -----------------------------------------------------------------------------------------------------

test('every picture is shown in docs/architecture.md, with words for those who do not see it', () => {
  const shown = [...MAP.matchAll(/!\[([^\]]*)\]\(pictures\/([^)]*)\)/g)];
  assert.equal(shown.map(([, , name]) => name).sort(), PICTURES);
  for (const [, words = '', name] of shown) assert.ok(words.length > 80, `${name}: ${words}`);
});

for (const name of PICTURES) {
  const picture = read(`docs/pictures/${name}`);

  test(`${name}: a picture and nothing else: no script, nothing from elsewhere`, () => {
    const withoutNamespace = picture.replace('xmlns="http://www.w3.org/2000/svg"', '');
    assert.not.match(
      withoutNamespace,
      /<script|<foreignObject|<image|<use|href|@import|@font-face|https?:|\son\w+=/i,
    );
    for (const [, target] of picture.matchAll(/url\(([^)]*)\)/g)) assert.match(target ?? '', /^#/);
  });

  test(`${name}: a background of its own, 800 wide, no text below 13`, () => {
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(picture) ?? [];
    assert.is(width, '800');
    const background = `<rect x="1" y="1" width="${Number(width) - 2}" height="${Number(height) - 2}" rx="12" fill="#`;
    assert.is(picture.indexOf('<rect'), picture.indexOf(background));
    const sizes = [...picture.matchAll(/font-size\D*(\d+)px/g)].map(([, size]) => Number(size));
    assert.ok(sizes.length > 0 && Math.min(...sizes) >= 13, sizes.join());
    assert.match(picture, /<title id="title">[^<]+<\/title>\s*<desc id="description">[^<]+<\/desc>/);
  });

  test(`${name}: every file and folder it names is there`, () => {
    for (const path of textsOf(picture, 'path')) assert.ok(existsSync(join(ROOT, path)), path);
  });
}

test.run();
