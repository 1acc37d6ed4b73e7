// wardlet decode: message files in, JSON lines or an explanation of every byte out.

import { basename } from 'node:path';
import { WardletError } from '../bindings/js/errors.ts';
import { decodeMessage } from '../bindings/js/messages/decode.ts';
import { explainMessage } from '../bindings/js/messages/explain.ts';
import { visitFlows } from '../bindings/js/messages/flow-visitor.ts';
import { parseMessageType } from '../bindings/js/messages/message-type.ts';
import type { MessageFormat } from '../bindings/js/messages/security-message.ts';
import { fileSource } from '../host/capture/file-source.ts';
import { out } from './colours.ts';
import { choice } from './options.ts';
import { grouped, printable, table } from './terminal.ts';

export interface DecodeOptions {
  readonly format?: string;
  readonly mti?: string;
  readonly explain?: boolean;
  readonly json?: boolean;
}

/** Those that are told apart by what they require first. */
const FORMATS: readonly MessageFormat[] = ['3.0-protobuf', '3.0-flatbuffers', '2.3'];
const BOOT_ID_TAG = 0x0a;
const BOOT_ID_BYTES = 16;
/** IoT Hub takes messages up to 256 KB, properties included. */
const MESSAGE_MAX = 262_144;
/** Bytes of hex shown of one entry. */
const HEX_SHOWN = 16;

export async function decode(files: readonly string[], options: DecodeOptions): Promise<void> {
  const given = formatOf(options);
  for (const file of files) {
    const bytes = await readMessage(file);
    const format = given ?? recognised(bytes);
    const name = file === '-' ? 'standard input' : basename(file);
    try {
      if (!options.explain) process.stdout.write(`${JSON.stringify(decodeMessage(bytes, format))}\n`);
      else if (options.json) explainAsJson(bytes, format);
      else explainAsTable(name, bytes, format);
    } catch (cause) {
      if (!(cause instanceof WardletError)) throw cause;
      throw new WardletError(
        cause.code,
        `${name} is no security message of schema ${format}: ${cause.message}`,
        {
          cause,
          hint: cause.hint,
        },
      );
    }
  }
}

/** undefined: neither is given. */
function formatOf({ format, mti }: DecodeOptions): MessageFormat | undefined {
  if (mti === undefined) return format === undefined ? undefined : choice('--format', format, FORMATS);
  const type = parseMessageType(mti);
  if (type) return type.format;
  throw new WardletError('WL_BAD_USAGE', `--mti ${printable(mti)} is no message type this release reads`, {
    hint: 'give the property as the message has it: 2.3-1-0-0, 3.0-1-1-0, 3.0-2-0-0, ...; or name the format with --format',
  });
}

/**
 * A message does not say its format, but no message is one of two: in schema 3.0 a boot id is required, and a protobuf message of ours
 * begins with it. What none can read is taken for what its first bytes look like.
 */
function recognised(bytes: Uint8Array): MessageFormat {
  const looksLikeProtobuf = bytes[0] === BOOT_ID_TAG && bytes[1] === BOOT_ID_BYTES;
  const found = FORMATS.find((format) => {
    try {
      visitFlows(bytes, format, () => {});
      return true;
    } catch {
      return false;
    }
  });
  return found ?? (looksLikeProtobuf ? '3.0-protobuf' : '2.3');
}

async function readMessage(file: string): Promise<Uint8Array> {
  const source = fileSource(file);
  try {
    const bytes = new Uint8Array(MESSAGE_MAX + 1);
    let length = 0;
    while (length < bytes.length) {
      const got = await source.read(bytes.subarray(length));
      if (got === 0) return bytes.slice(0, length);
      length += got;
    }
  } finally {
    await source.close();
  }
  throw new WardletError('WL_BAD_MESSAGE', `${source.name} has more than ${grouped(MESSAGE_MAX)} bytes`, {
    hint: 'no security message is that large; captures are for: wardlet inspect',
  });
}

function explainAsJson(bytes: Uint8Array, format: MessageFormat): void {
  for (const entry of explainMessage(bytes, format)) process.stdout.write(`${JSON.stringify(entry)}\n`);
}

function explainAsTable(name: string, bytes: Uint8Array, format: MessageFormat): void {
  const rows = explainMessage(bytes, format).map(({ offset, length, path, meaning, value }) => [
    out.dim(String(offset)),
    hex(bytes.subarray(offset, offset + length)),
    printable(path),
    value === undefined ? meaning : `${meaning}: ${out.bold(printable(String(value)))}`,
  ]);
  const columns = [
    { title: 'offset', align: 'right' },
    { title: 'bytes' },
    { title: 'path' },
    { title: 'meaning' },
  ] as const;
  process.stdout.write(
    `${out.bold(printable(name))}  ${grouped(bytes.length)} bytes\n${table(columns, rows)}\n`,
  );
}

function hex(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, HEX_SHOWN), (byte) => byte.toString(16).padStart(2, '0')).join(
    ' ',
  );
  return bytes.length > HEX_SHOWN ? `${shown} ...` : shown;
}
