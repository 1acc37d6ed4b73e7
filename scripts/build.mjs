// Builds everything a user runs: build/core.<profile>.wasm, dist/ (JavaScript and types). `npm ci` runs it (prepare).
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => `${root}node_modules/${name}`;

const { targets } = JSON.parse(await readFile(`${root}asconfig.json`, 'utf8'));
await mkdir(`${root}build`, { recursive: true });
await rm(`${root}dist`, { recursive: true, force: true });
// Two at a time: each compiler run keeps one processor busy.
const cores = Object.keys(targets).map(
  (profile) => () => node(bin('assemblyscript/bin/asc.js'), '--target', profile),
);
await pooled(2, [...cores, javascript, types]);

/** Every folder's entry files; what they share goes into chunks. */
async function javascript() {
  const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
  await build({
    absWorkingDir: root,
    entryPoints: {
      'bindings/index': 'bindings/js/index.ts',
      'host/capture': 'host/capture/index.ts',
      'cli/wardlet': 'cli/wardlet.ts',
    },
    outdir: 'dist',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    define: { __WARDLET_VERSION__: JSON.stringify(version) },
    logLevel: 'warning',
  });
}

async function types() {
  await node(bin('typescript/bin/tsc'), '-p', 'tsconfig.types.json');
}

function node(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${args.slice(0, 3).join(' ')} failed:\n${output}`)),
    );
  });
}

async function pooled(width, jobs) {
  const queue = [...jobs];
  const worker = async () => {
    for (let job = queue.shift(); job; job = queue.shift()) await job();
  };
  await Promise.all(Array.from({ length: width }, worker));
}
