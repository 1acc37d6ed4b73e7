// A million damaged messages of schema 3.0.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fuzz } from '../support/fuzz-3.0.ts';
import { seedOfRun } from '../support/seeded-random.ts';

const SEED = seedOfRun();
const ROUNDS = 1_000_000;

test(`${ROUNDS} mutated messages: read or refused, within their length, SEED=${SEED}`, () => {
  const { read, refused } = fuzz(SEED, ROUNDS);
  console.log(`${read} read, ${refused} refused`);
  assert.ok(read > ROUNDS / 100 && refused > ROUNDS / 100);
});

test.run();
