// The page's script: runs the device and leaves what came of it, or why nothing did, in the document.

import { runDevice } from './device-run.ts';

const violations: string[] = [];
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
  violations.push(`${violatedDirective}: ${blockedURI}`);
});

const outcome = document.createElement('pre');
outcome.id = 'outcome';
try {
  outcome.textContent = JSON.stringify({ run: await runDevice(fetch('/core.wasm')), violations });
} catch (error) {
  outcome.textContent = JSON.stringify({ error: String(error), violations });
}
document.body.append(outcome);
