// 100,000 desired-property documents, mutated and garbage: never a crash, never a half-applied configuration, and what
// is taken a running core takes too.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadCore } from '../../bindings/js/load.ts';
import { applyToCore, coreChanges } from '../../host/configuration/core-changes.ts';
import { limitsOf } from '../../host/configuration/limits.ts';
import { checkDocuments, STANDARD } from '../support/desired-documents.ts';
import { EPOCH } from '../support/driven-core.ts';
import { wasmBytes } from '../support/profiles.ts';
import { seedOfRun } from '../support/seeded-random.ts';

const SEED = seedOfRun();

test(`100,000 desired-property documents apply whole or not at all, SEED=${SEED}`, async () => {
  const core = await loadCore(wasmBytes('standard'));
  assert.equal(limitsOf(core), STANDARD);
  core.configure({ seed: new Uint8Array(32) });
  core.start(EPOCH);
  const { taken, refused } = checkDocuments(SEED, 100_000, (previous, next) =>
    applyToCore(core, coreChanges(previous, next)),
  );
  assert.ok(taken > 20_000 && refused > 20_000, `${taken} taken, ${refused} refused`);
});

test.run();
