// What every byte of a protobuf message of schema 3.0 is for: field by field, columns number by number.

import { PROTOBUF_MESSAGES } from '../../../schema/message-3.0.ts';
import { formatAddress } from '../address.ts';
import { uuidText } from '../uuid.ts';
import type { ByteMeaning } from './byte-meaning.ts';
import { decodeProtobuf30 } from './decode-3.0-protobuf.ts';
import { zigzag } from './protobuf-columns.ts';
import {
  type FieldRun,
  isMessage,
  isNumber,
  varint,
  varintEnd,
  varintWidth,
  walkProtobuf,
} from './protobuf-walk.ts';
import { versionText } from './security-message.ts';

const BYTES = 2;
const IPV6_TABLE = 2;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Explains a message: every byte once, in order, without gaps. Names are those of schema/message-3.0.proto.
 * @throws WardletError WL_BAD_MESSAGE for what decodeMessage refuses
 */
export function explainProtobuf30(bytes: Uint8Array): readonly ByteMeaning[] {
  decodeProtobuf30(bytes);
  return new Explanation(bytes).all();
}

class Explanation {
  readonly #bytes: Uint8Array;
  readonly #meanings: ByteMeaning[] = [];
  /** Of the messages around the field. */
  readonly #path: string[] = ['Message'];
  /** How often a repeated field has stood, for each message around. */
  readonly #counts: Map<number, number>[] = [new Map()];
  #addressBytes = 4;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  all(): readonly ByteMeaning[] {
    walkProtobuf(this.#bytes, {
      field: (run) => this.#field(run),
      leave: () => {
        this.#path.pop();
        this.#counts.pop();
      },
    });
    return this.#meanings;
  }

  #field(run: FieldRun): void {
    const { message, number, field, wireType, start, head, content, end } = run;
    const path = `${this.#path.join('.')}.${this.#name(run)}`;
    const name = field?.name ?? 'a field that this schema does not have';
    this.#add(start, head, path, `field ${number} of ${message}: ${name}`);
    if (wireType === BYTES) this.#add(head, content, path, 'length in bytes', end - content);
    if (message === 'NetworkActivity') this.#addressBytes = number === IPV6_TABLE ? 16 : 4;
    if (field === undefined) {
      this.#add(content, end, path, 'what the field holds');
    } else if (isMessage(field)) {
      this.#path.push(this.#name(run));
      this.#counts.push(new Map());
    } else if (isNumber(field)) {
      this.#numbers(run, path, field.type, field.repeated === true);
    } else if (field.type === 'string') {
      this.#add(content, end, path, 'text', decoder.decode(this.#bytes.subarray(content, end)));
    } else {
      this.#plainBytes(run, path, field.name);
    }
    const counts = this.#counts.at(isRepeatedMessage(run) ? -2 : -1);
    if (isRepeatedMessage(run)) counts?.set(number, (counts.get(number) ?? 0) + 1);
  }

  /** With its index, where there are several. */
  #name(run: FieldRun): string {
    const name = run.field?.name ?? String(run.number);
    return isRepeatedMessage(run) ? `${name}[${this.#counts.at(-1)?.get(run.number) ?? 0}]` : name;
  }

  #numbers({ content, end }: FieldRun, path: string, type: string, repeated: boolean): void {
    for (let at = content, index = 0; at < end; index++) {
      const next = varintEnd(this.#bytes, at, end, varintWidth(type), path);
      const number = varint(this.#bytes, at, next);
      const value = type === 'sint32' ? zigzag(number) : number;
      const isVersion = path.endsWith('.module_version');
      const isCount = path.endsWith('.classes') && index % 2 === 1;
      this.#add(
        at,
        next,
        repeated ? `${path}[${index}]` : path,
        isCount ? `${type}, flows of the class` : type,
        isVersion ? versionText(number) : value,
      );
      at = next;
    }
  }

  #plainBytes({ content, end }: FieldRun, path: string, name: string): void {
    const bytes = this.#bytes;
    if (name === 'boot_id') {
      this.#add(content, end, path, 'UUID', uuidText(bytes, content));
    } else if (name === 'client_ports') {
      for (let at = content; at < end; at += 2) {
        const port = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
        this.#add(at, at + 2, `${path}[${(at - content) / 2}]`, 'port, big-endian', port);
      }
    } else if (name === 'address') {
      this.#add(content, end, path, 'address', formatAddress(bytes, content, end - content));
    } else if (name === 'local_addresses' || name === 'remote_addresses') {
      const size = this.#addressBytes;
      for (let at = content; at < end; at += size) {
        this.#add(
          at,
          at + size,
          `${path}[${(at - content) / size}]`,
          'address',
          formatAddress(bytes, at, size),
        );
      }
    } else {
      this.#add(content, end, path, 'addresses, 4 or 16 bytes each');
    }
  }

  #add(start: number, end: number, path: string, meaning: string, value?: string | number): void {
    if (start === end) return;
    const place = { offset: start, length: end - start, path, meaning };
    this.#meanings.push(value === undefined ? place : { ...place, value });
  }
}

function isRepeatedMessage({ field }: FieldRun): boolean {
  return field?.repeated === true && PROTOBUF_MESSAGES[field.type] !== undefined;
}
