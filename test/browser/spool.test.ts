// The spool in a real Chromium's IndexedDB: what was appended outlives a reload, the bounds hold, one page at a time has it.

import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type {} from './spool-page.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const HOUR = 3_600_000;

let browser: Browser;
let server: Server;
let context: BrowserContext;

test.before(async () => {
  server = await serve();
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--headless=new', '--disable-gpu', '--disable-dev-shm-usage'],
  });
});
test.before.each(async () => {
  context = await browser.newContext();
});
test.after.each(() => context.close());
test.after(async () => {
  await browser.close();
  server.close();
});

test('messages, marks and counts outlive a reload, in order', async () => {
  const page = await newPage();
  assert.is(await page.evaluate(() => spoolPage.open()), undefined);
  for (let sequence = 0; sequence < 5; sequence++) {
    assert.is(await page.evaluate((next) => spoolPage.append(next, 100 * next, 0), sequence), sequence);
  }
  await page.evaluate(() => spoolPage.delivered([1, 3]));
  await page.evaluate(() => spoolPage.close());
  await page.reload();
  await page.evaluate(() => spoolPage.open());
  assert.equal(await page.evaluate(() => spoolPage.sequences()), [0, 2, 4]);
  assert.ok(await page.evaluate(() => spoolPage.intact()));
  assert.is(await page.evaluate(() => spoolPage.append(5, 10, 0)), 5);
  const { messages, bytes } = await page.evaluate(() => spoolPage.statistics());
  assert.equal({ messages, bytes }, { messages: 4, bytes: 610 });
});

test('a reload in the middle of appending loses none that was said to be in the spool', async () => {
  const page = await newPage();
  const said: number[] = [];
  let enough: () => void = () => undefined;
  await page.exposeFunction('appended', (sequence: number) => {
    said.push(sequence);
    if (said.length % 100 === 0) enough();
  });
  for (let round = 0; round < 3; round++) {
    said.length = 0;
    assert.is(await page.evaluate(() => spoolPage.open()), undefined);
    await page.evaluate(async () => spoolPage.delivered(await spoolPage.sequences()));
    const many = new Promise<void>((resolve) => {
      enough = resolve;
    });
    await page.evaluate(() => spoolPage.flood());
    await many;
    await page.reload();
    const reported = [...said];
    assert.is(await page.evaluate(() => spoolPage.open()), undefined);
    const there = new Set(await page.evaluate(() => spoolPage.sequences()));
    assert.equal(
      reported.filter((sequence) => !there.has(sequence)),
      [],
    );
    assert.ok(await page.evaluate(() => spoolPage.intact()));
    await page.evaluate(() => spoolPage.close());
  }
});

test('the oldest make room for the newest, and what waited too long goes: counted, also after a reload', async () => {
  const page = await newPage();
  await page.evaluate((options) => spoolPage.open(options), { maxBytes: 65_536, maxAgeMs: 2 * HOUR });
  const kept = Math.floor(65_536 / (1_000 + 128));
  for (let sequence = 0; sequence < kept + 10; sequence++) {
    await page.evaluate((next) => spoolPage.append(next, 1_000, 0), sequence);
  }
  const first = await page.evaluate(() => spoolPage.sequences());
  assert.equal([first[0], first.length], [10, kept]);
  for (const hour of [1, 2, 3]) await page.evaluate((now) => spoolPage.giveUpOld(now), hour * HOUR);
  assert.equal(await page.evaluate(() => spoolPage.sequences()), []);
  await page.evaluate(() => spoolPage.close());
  await page.reload();
  await page.evaluate(() => spoolPage.open());
  const { givenUp, messages } = await page.evaluate(() => spoolPage.statistics());
  assert.is(messages, 0);
  assert.equal(givenUp, {
    age: { messages: kept, bytes: kept * 1_000 },
    size: { messages: 10, bytes: 10_000 },
  });
  assert.is(await page.evaluate(() => spoolPage.append(99, 10, 0)), kept + 10, 'no id comes twice');
});

test('one page at a time; a page that goes lets go', async () => {
  const [one, other] = [await newPage(), await newPage()];
  assert.is(await one.evaluate(() => spoolPage.open()), undefined);
  assert.is(await other.evaluate(() => spoolPage.open()), 'WL_BAD_SPOOL');
  await one.close();
  // The browser takes its time.
  for (let attempt = 0; attempt < 50; attempt++) {
    if ((await other.evaluate(() => spoolPage.open())) === undefined) break;
    await other.waitForTimeout(100);
  }
  await other.evaluate(() => spoolPage.close());
  assert.is(await other.evaluate(() => spoolPage.open()), undefined);
});

async function newPage(): Promise<Page> {
  const page = await context.newPage();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  await page.goto(`http://127.0.0.1:${address.port}/`);
  return page;
}

/** Bundled as a web page would bundle it: anything of Node in it fails here. */
async function serve(): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('spool-page.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  const script = outputFiles[0]?.text ?? '';
  const pages = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(
      isScript ? script : '<!doctype html><title>spool</title><script type="module" src="/page.js"></script>',
    );
  });
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  return pages;
}

test.run();
