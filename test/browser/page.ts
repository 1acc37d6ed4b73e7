// The page's script: runs the device and leaves what came of it, or why nothing did, in the document.

import { FORMATS, runDevice } from './device-run.ts';

const violations: string[] = [];
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
  violations.push(`${violatedDirective}: ${blockedURI}`);
});

const outcome = document.createElement('pre');
outcome.id = 'outcome';
try {
  const runs = [];
  for (const format of FORMATS) runs.push(await runDevice(fetch('/core.wasm'), format));
  outcome.textContent = JSON.stringify({ runs, violations });
} catch (error) {
  outcome.textContent = JSON.stringify({ error: String(error), violations });
}
document.body.append(outcome);
