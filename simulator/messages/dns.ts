// DNS questions and answers (RFC 1035), and the same over multicast (RFC 6762).
import { type Address, addressBytes } from '../packets/index.ts';
import { MessageWriter } from './message-writer.ts';

export const DNS_PORT = 53;
export const MDNS_PORT = 5353;

export type RecordType = 'A' | 'AAAA' | 'PTR';
const TYPE_NUMBERS: Readonly<Record<RecordType, number>> = { A: 1, PTR: 12, AAAA: 28 };
const CLASS_INTERNET = 1;

const RECURSION_DESIRED = 0x0100;
const ANSWER_OF_A_RESOLVER = 0x8180;
const AUTHORITATIVE_ANSWER = 0x8400;

export interface Question {
  readonly name: string;
  readonly type: RecordType;
}

export interface Answer extends Question {
  /** An address, or for PTR a name. */
  readonly value: Address;
  /** Default 300. */
  readonly timeToLiveSeconds?: number;
}

export function dnsQuery(id: number, question: Question): Uint8Array {
  return message(id, RECURSION_DESIRED, [question], []);
}

/** Without answers: the name has no record of that type. */
export function dnsResponse(id: number, question: Question, answers: readonly Answer[]): Uint8Array {
  return message(id, ANSWER_OF_A_RESOLVER, [question], answers);
}

export function mdnsQuery(question: Question): Uint8Array {
  return message(0, 0, [question], []);
}

export function mdnsAnnouncement(answers: readonly Answer[]): Uint8Array {
  return message(0, AUTHORITATIVE_ANSWER, [], answers);
}

function message(
  id: number,
  flags: number,
  questions: readonly Question[],
  answers: readonly Answer[],
): Uint8Array {
  const writer = new MessageWriter().u16(id, flags, questions.length, answers.length, 0, 0);
  for (const { name, type } of questions) {
    writer.bytes(nameBytes(name)).u16(TYPE_NUMBERS[type], CLASS_INTERNET);
  }
  for (const { name, type, value, timeToLiveSeconds = 300 } of answers) {
    const data = type === 'PTR' ? nameBytes(String(value)) : addressBytes(value);
    writer.bytes(nameBytes(name)).u16(TYPE_NUMBERS[type], CLASS_INTERNET);
    writer.u32(timeToLiveSeconds).u16(data.length).bytes(data);
  }
  return writer.end();
}

/** Labels up to the root, without compression. */
function nameBytes(name: string): Uint8Array {
  const writer = new MessageWriter();
  for (const label of name.split('.')) writer.u8(label.length).text(label);
  return writer.u8(0).end();
}
