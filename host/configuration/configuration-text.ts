// A configuration file's text: JSON with comments and trailing commas, one object of keys and values, each with its line.

import { type MemberNode, parse, tokenize, type ValueNode } from '@humanwhocodes/momoa';
import type { Fault, Layer } from './layer.ts';
import { shownName } from './refusal.ts';

/** Characters: 64 connections with their certificates, and room for comments. */
export const TEXT_MAX = 8_388_608;
/** A connection's provisioning is at 4. */
const DEPTH_MAX = 16;
const MODE = { mode: 'jsonc', allowTrailingCommas: true } as const;

/** @param name what the text is called in faults: the file's name */
export function configurationText(text: string, name: string): Layer {
  const refused = (reason: string, place: string = name): Layer => ({
    source: 'file',
    values: {},
    faults: [{ key: '(document)', reason, source: 'file', where: place }],
  });
  if (text.length > TEXT_MAX) return refused(`is longer than ${TEXT_MAX} characters`);
  // Editors on Windows begin a file with a mark of its encoding.
  const content = text.replace(/^\uFEFF/, '');
  try {
    // The parser calls itself for each level.
    if (depthOf(content) > DEPTH_MAX) return refused(`is nested deeper than ${DEPTH_MAX} levels`);
    const { body } = parse(content, MODE);
    if (body.type !== 'Object') return refused('is no object: begin with {', placeOf(name, body));
    return objectLayer(body.members, name);
  } catch (error) {
    if (!isSyntaxFault(error)) throw error;
    return refused(
      `cannot be read: ${error.message.replace(/ \(\d+:\d+\)$/, '')}`,
      `${name}:${error.line}:${error.column}`,
    );
  }
}

function objectLayer(members: readonly MemberNode[], name: string): Layer {
  const values = new Map<string, unknown>();
  const where = new Map<string, string>();
  const faults: Fault[] = [];
  for (const member of members) {
    const key = nameOf(member);
    const place = placeOf(name, member);
    if (values.has(key)) {
      const reason = `stands here a second time, after ${where.get(key)}`;
      faults.push({ key: shownName(key), reason, source: 'file', where: place });
    }
    values.set(key, plainValue(member.value));
    where.set(key, place);
  }
  return { source: 'file', values: Object.fromEntries(values), where, faults };
}

function plainValue(node: ValueNode): unknown {
  switch (node.type) {
    case 'Object':
      // fromEntries defines, it does not assign: a key __proto__ is a key like any other.
      return Object.fromEntries(node.members.map((member) => [nameOf(member), plainValue(member.value)]));
    case 'Array':
      return node.elements.map(({ value }) => plainValue(value));
    case 'Null':
      return null;
    case 'Boolean':
    case 'Number':
    case 'String':
      return node.value;
    default:
      // NaN and Infinity are JSON5's; this mode has none.
      return undefined;
  }
}

function nameOf({ name }: MemberNode): string {
  return name.type === 'String' ? name.value : name.name;
}

function placeOf(name: string, { loc }: ValueNode | MemberNode): string {
  return `${name}:${loc.start.line}:${loc.start.column}`;
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const { type } of tokenize(text, MODE)) {
    if (type === 'LBrace' || type === 'LBracket') deepest = Math.max(deepest, ++depth);
    if (type === 'RBrace' || type === 'RBracket') depth--;
  }
  return deepest;
}

function isSyntaxFault(error: unknown): error is Error & { readonly line: number; readonly column: number } {
  return error instanceof Error && 'line' in error && 'column' in error;
}
