// `npm start`: builds, makes a capture of an ordinary device that begins to scan, and inspects it.
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = (...args) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

console.log('Building the core and the command ...');
node('scripts/build.mjs');
const { pcapBytes } = await import('../dist/host/capture.js');
const { demoCapture } = await import('../build/demo-capture.js');
const { frames, linkType, localAddresses, description } = demoCapture(1);
await writeFile(`${root}build/demo.pcap`, pcapBytes(frames, { linkType }));
console.log(`${description}\n\n$ npx wardlet inspect build/demo.pcap --local ${localAddresses.join(',')}\n`);
node('dist/cli/wardlet.js', 'inspect', 'build/demo.pcap', '--local', localAddresses.join(','));
