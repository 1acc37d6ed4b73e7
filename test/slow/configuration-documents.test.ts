// 100,000 desired-property documents, mutated and garbage: never a crash, never a half-applied configuration.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkDocuments } from '../support/desired-documents.ts';
import { seedOfRun } from '../support/seeded-random.ts';

const SEED = seedOfRun();

test(`100,000 desired-property documents apply whole or not at all, SEED=${SEED}`, () => {
  const { taken, refused } = checkDocuments(SEED, 100_000);
  assert.ok(taken > 20_000 && refused > 20_000, `${taken} taken, ${refused} refused`);
});

test.run();
