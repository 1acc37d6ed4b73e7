// DNS as a tunnel uses it: data in the labels of the questions (RFC 1035 2.3.4: 63 bytes each, 255 together) and in the answers.
import type { ByteSource } from './noise.ts';

/** Record types that carry data back. */
const DATA_RECORDS = { A: 1, CNAME: 5, NULL: 10, TXT: 16 } as const;
export type DataRecord = keyof typeof DATA_RECORDS;

const CLASS_INTERNET = 1;
const LONGEST_LABEL = 57;
const LONGEST_STRING = 255;
const HEADER = 12;
/** Of RFC 6891: payloads of up to 4,096 bytes are welcome. */
const EDNS = Uint8Array.of(0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, 0);
const BASE32 = new TextEncoder().encode('abcdefghijklmnopqrstuvwxyz012345');

export interface DataQuestion {
  readonly id: number;
  readonly record: DataRecord;
  /** Characters of data before the domain, at most 200. */
  readonly dataLength: number;
  /** Labels in the domain's name, of at most 50 characters. */
  readonly domain: string;
}

export function dataQuery(source: ByteSource, { id, record, dataLength, domain }: DataQuestion): Uint8Array {
  const data = source.bytes(dataLength);
  const labels: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += LONGEST_LABEL) {
    const piece = data.subarray(at, at + LONGEST_LABEL);
    labels.push(Uint8Array.from(piece, (byte) => BASE32[byte & 31] ?? 0));
  }
  for (const label of domain.split('.')) labels.push(new TextEncoder().encode(label));
  const nameLength = labels.reduce((length, label) => length + 1 + label.length, 1);
  const query = new Uint8Array(HEADER + nameLength + 4 + EDNS.length);
  // Recursion desired; one question, one additional record.
  query.set([id >> 8, id, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1]);
  let at = HEADER;
  for (const label of labels) {
    query[at] = label.length;
    query.set(label, at + 1);
    at += 1 + label.length;
  }
  query.set([0, DATA_RECORDS[record], 0, CLASS_INTERNET], at + 1);
  query.set(EDNS, at + 5);
  return query;
}

/** Repeats the question, then one record with so many bytes of data; A carries 4 of them. */
export function dataAnswer(
  source: ByteSource,
  query: Uint8Array,
  record: DataRecord,
  length: number,
): Uint8Array {
  const question = query.subarray(0, query.length - EDNS.length);
  const data = recordData(source, record, length);
  const answer = new Uint8Array(question.length + 12 + data.length);
  answer.set(question);
  // A resolver's answer without errors; one question, one answer.
  answer.set([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], 2);
  // The name is that of the question: a pointer to it.
  const fixed = [0xc0, HEADER, 0, DATA_RECORDS[record], 0, CLASS_INTERNET, 0, 0, 0, 0];
  answer.set([...fixed, data.length >> 8, data.length], question.length);
  answer.set(data, question.length + 12);
  return answer;
}

function recordData(source: ByteSource, record: DataRecord, length: number): Uint8Array {
  if (record === 'NULL') return source.bytes(length);
  if (record === 'A') return source.bytes(4);
  const pieceLength = record === 'TXT' ? LONGEST_STRING : LONGEST_LABEL;
  const wanted = record === 'CNAME' ? Math.min(length, 200) : length;
  const parts: number[] = [];
  for (let left = wanted; left > 0; left -= pieceLength) {
    const piece = source.bytes(Math.min(left, pieceLength));
    parts.push(piece.length);
    for (const byte of piece) parts.push(BASE32[byte & 31] ?? 0);
  }
  if (record === 'CNAME') parts.push(0);
  return Uint8Array.from(parts);
}
