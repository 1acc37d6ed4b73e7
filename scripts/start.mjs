// `npm start`: builds, then shows the whole trip: a hub, a handful of devices, and what arrives. `npm start -- --once` ends by itself.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = (...args) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

console.log('Building the core, the command and the service ...');
node('scripts/build.mjs');
node('dist/cli/wardlet.js', 'demo', ...process.argv.slice(2));
