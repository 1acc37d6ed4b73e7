// The core in a real Chromium, under a strict content security policy: byte for byte what it does in Node.

import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FORMATS, runDevice } from './device-run.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const CORE = fileURLToPath(new URL('../../build/core.standard.wasm', import.meta.url));
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
const PAGE = '<!doctype html><title>core</title><body><script type="module" src="/page.js"></script>';

test('a core in the browser writes and reads the same messages as in Node', async () => {
  if (!existsSync(CHROMIUM)) {
    throw new Error(
      `no Chromium at ${CHROMIUM}: install it (apt-get install chromium), or set CHROMIUM to its path`,
    );
  }
  const server = await serve(await pageScript());
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--headless=new', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (line) => complaints.push(`${line.type()}: ${line.text()}`));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
    const response = await page.goto(urlOf(server));
    assert.is(response?.headers()['content-security-policy'], POLICY);
    const outcome = await page.locator('#outcome').textContent({ timeout: 20_000 });

    const runs = await Promise.all(FORMATS.map((format) => runDevice(readFileSync(CORE), format)));
    for (const { messages, bytesOut } of runs) assert.ok(messages.length > 0 && bytesOut > 0);
    assert.equal(JSON.parse(outcome ?? ''), { runs: JSON.parse(JSON.stringify(runs)), violations: [] });
    assert.equal(complaints, []);
  } finally {
    await browser.close();
    server.close();
  }
});

/** Bundled as a web page would bundle the bindings: anything of Node in them fails here. */
async function pageScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

async function serve(script: string): Promise<Server> {
  const files: Readonly<Record<string, readonly [type: string, body: string | Uint8Array]>> = {
    '/': ['text/html', PAGE],
    '/page.js': ['text/javascript', script],
    '/core.wasm': ['application/wasm', readFileSync(CORE)],
  };
  const server = createServer((request, response) => {
    const [type, body] = files[request.url ?? ''] ?? [];
    response.writeHead(type === undefined ? 204 : 200, {
      'content-type': type ?? 'text/plain',
      'content-security-policy': POLICY,
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}/`;
}

test.run();
