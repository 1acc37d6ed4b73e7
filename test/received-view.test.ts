// What the hub's verbs show of a message: the decoder is chosen by its property `mti`, whatever the format.

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Core } from '../bindings/js/core.ts';
import { messageTypeText } from '../bindings/js/messages/message-type.ts';
import type { MessageFormat } from '../bindings/js/messages/security-message.ts';
import { readBody, receivedJson, receivedLines } from '../cli/received-view.ts';
import type { ReceivedMessage } from '../service/hub/received-message.ts';
import { EPOCH } from './support/driven-core.ts';
import { newExports } from './support/profiles.ts';

/** One message of a core that collects that. */
function received(
  format: MessageFormat,
  collectors: readonly ['SystemInformation' | 'Heartbeat'],
): ReceivedMessage {
  const core = new Core(newExports('standard'));
  core.configure({ seed: new Uint8Array(32).fill(7), format, operatingSystem: 'Azure RTOS 6.4' });
  core.start(EPOCH);
  core.collect(EPOCH, collectors);
  const message = core.nextMessage();
  if (!message) throw new Error('the core made no message');
  return {
    id: 1,
    deviceId: 'd',
    enqueuedMs: EPOCH,
    properties: { mti: messageTypeText({ format, source: 'host' }) },
    body: message.bytes.slice(),
  };
}

for (const format of ['2.3', '3.0-flatbuffers', '3.0-protobuf'] as const) {
  test(`${format}: what a message says, and that one without more says the device is alive`, () => {
    const system = receivedLines(received(format, ['SystemInformation']));
    assert.match(system[0] ?? '', /system information.*Azure RTOS 6\.4$/);
    const heartbeat = receivedLines(received(format, ['Heartbeat']));
    assert.is(heartbeat.length, 1);
    assert.match(heartbeat[0] ?? '', /heartbeat$/);
    assert.ok('message' in receivedJson(received(format, ['Heartbeat'])));
  });
}

test('a type that nobody knows, and a body of another one than it says, are told and shown', () => {
  const message = received('3.0-protobuf', ['SystemInformation']);
  for (const mti of ['9.9-1-0-0', '2.3-1-1-0']) {
    const wrong = { ...message, properties: { mti } };
    assert.is(readBody(wrong).kind, 'broken', mti);
    assert.match(receivedLines(wrong)[0] ?? '', /cannot be decoded/);
    assert.ok('error' in receivedJson(wrong));
  }
});

test.run();
