// Desired-property documents by the thousand: whatever they hold, a configuration applies whole or not at all.

import * as assert from 'uvu/assert';
import { KEY_NAMES } from '../../host/configuration/keys.ts';
import { utf8Length } from '../../host/configuration/kinds.ts';
import type { Limits } from '../../host/configuration/limits.ts';
import { type Resolved, resolveConfiguration } from '../../host/configuration/resolve.ts';
import { applyDesired, reportedProperties } from '../../host/configuration/twin.ts';
import { desiredDocument } from './random-settings.ts';
import { SeededRandom } from './seeded-random.ts';

export const STANDARD: Limits = {
  profile: 'standard',
  flows: 64,
  localAddresses: 8,
  textBytes: 128,
  detects: true,
  formats: ['3.0-protobuf', '3.0-flatbuffers', '2.3'],
};
const SECRET = 'c2VjcmV0LXNlY3JldA==';

/**
 * Throws at the first document that breaks a promise. Returns how many were taken and refused.
 * @param apply is told of every change
 */
export function checkDocuments(
  seed: number,
  count: number,
  apply: (previous: Resolved, next: Resolved) => void = () => {},
): { taken: number; refused: number } {
  const random = new SeededRandom(seed);
  const own = resolveConfiguration(
    [{ source: 'file', values: { Connections: [{ host: 'h', id: 'd', key: SECRET }], Agent_RetryTime: 5 } }],
    { limits: STANDARD, host: { SystemInformation_OsName: 'Debian', LocalAddresses: ['10.0.0.5/24'] } },
  );
  let current: Resolved = own;
  const tally = { taken: 0, refused: 0 };
  for (let round = 0; round < count; round++) {
    const document = desiredDocument(random, STANDARD);
    const before = current;
    const written = JSON.stringify(before.configuration);
    const outcome = applyDesired(current, document);
    assert.is(JSON.stringify(before.configuration), written, 'what was in force has not been touched');
    if (outcome.faults.length > 0) {
      assert.is(outcome.resolved, before, 'nothing of a refused document applies');
      for (const { key, reason } of outcome.faults) assert.ok(reason.length > 0 && key.length < 600);
      tally.refused++;
    } else {
      assert.equal(Object.keys(outcome.resolved.configuration), KEY_NAMES);
      assert.ok(Object.isFrozen(outcome.resolved.configuration));
      // The same document on the device as it came gives the same: nothing of those before it is left.
      if (round % 16 === 0) {
        assert.equal(applyDesired(own, document).resolved.configuration, outcome.resolved.configuration);
      }
      apply(before, outcome.resolved);
      tally.taken++;
    }
    current = outcome.resolved;
    if (round % 4 === 0) checkReport(reportedProperties(outcome));
  }
  assert.is(({} as Record<string, unknown>).polluted, undefined);
  return tally;
}

/** The limits of a twin: 32 KB, strings of 4 KB, no . $ space or control character in a name; and no secret. */
export function checkReport(report: Readonly<Record<string, unknown>>): void {
  const text = JSON.stringify(report);
  assert.ok(utf8Length(text) <= 32_768, `${text.length} characters`);
  assert.not.ok(text.includes(SECRET));
  checkNode(report, 1);
}

function checkNode(node: unknown, depth: number): void {
  assert.ok(depth <= 10);
  if (typeof node === 'string') assert.ok(utf8Length(node) <= 4_096);
  if (typeof node !== 'object' || node === null) return;
  for (const [name, value] of Object.entries(node)) {
    assert.not.match(name, /[.$\s\p{Cc}]/u);
    checkNode(value, depth + 1);
  }
}
