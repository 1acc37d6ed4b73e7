// Writes what is derived from schema/message-3.0.proto: the reader's static code, and the schema's fields as facts. Run
// after a change of the schema: node scripts/generate-protobuf.mjs. With --check it writes nothing, and fails where a file is stale.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import protobuf from 'protobufjs';
import pbjs from 'protobufjs-cli/pbjs.js';

/** Messages around others. */
const BY_PLACE = ['Event', 'NetworkActivity', 'FlowTable', 'ListeningPorts', 'Baseline', 'Log', 'Heartbeat'];

const root = fileURLToPath(new URL('..', import.meta.url));
const schema = await readFile(`${root}schema/message-3.0.proto`, 'utf8');
const { root: parsed } = protobuf.parse(schema, { keepCase: true });
const messages = parsed.lookup('wardlet.v3').nestedArray.filter((type) => type instanceof protobuf.Type);
const json = asRead();
const files = {
  'schema/message-3.0.ts': fieldsText(),
  'bindings/js/messages/generated/message-3.0.js': await readerText(),
  'bindings/js/messages/generated/message-3.0.d.ts': typesText(),
};
for (const [file, text] of Object.entries(files)) {
  if (!process.argv.includes('--check')) await writeFile(`${root}${file}`, text);
  else if (text !== (await readFile(`${root}${file}`, 'utf8'))) {
    console.error(`${file} is not what the schema makes: node scripts/generate-protobuf.mjs`);
    process.exitCode = 1;
  }
}

function fieldsText() {
  const isMessage = (name) => messages.some((message) => message.name === name);
  const lines = messages.map((message) => {
    const fields = message.fieldsArray.map((field) => {
      const type = isMessage(field.type) || /^[a-z]/.test(field.type) ? field.type : 'enum';
      const rest = `${field.repeated ? ', repeated: true' : ''}${field.partOf ? `, oneof: '${field.partOf.name}'` : ''}`;
      return `    ${field.id}: { name: '${field.name}', type: '${type}'${rest} },\n`;
    });
    return fields.length === 0
      ? `  ${message.name}: {},\n`
      : `  ${message.name}: {\n${fields.join('')}  },\n`;
  });
  return `// Schema 3.0 as protobuf in facts: the fields of every message, by number. Made by scripts/generate-protobuf.mjs.

export interface ProtobufField {
  readonly name: string;
  /** Of the schema; any enum is \`enum\`. */
  readonly type: string;
  readonly repeated?: boolean;
  readonly oneof?: string;
}

export const PROTOBUF_MESSAGES: Readonly<Record<string, Readonly<Record<number, ProtobufField>>>> = {
${lines.join('')}};
`;
}

/**
 * The schema as the reader takes it: what has lists is found by its place in the message, so that no list costs more than the bytes it stands in;
 * for the leaves, numbers in columns and texts are the bytes they are on the wire (the same wire type).
 */
function asRead() {
  const json = protobuf.parse(schema).root.toJSON();
  const messages = messagesOf(json);
  delete messages.Message.fields.events;
  for (const name of BY_PLACE) delete messages[name];
  for (const { fields } of Object.values(messagesOf(json))) {
    for (const field of Object.values(fields ?? {})) {
      const isColumn = field.rule === 'repeated' && /^[su]int/.test(field.type);
      if (!isColumn && field.type !== 'string') continue;
      field.type = 'bytes';
      delete field.rule;
    }
  }
  return json;
}

function messagesOf(json) {
  return json.nested.wardlet.nested.v3.nested;
}

async function readerText() {
  const folder = await mkdtemp(join(tmpdir(), 'wardlet-'));
  try {
    const file = join(folder, 'schema.json');
    await writeFile(file, JSON.stringify(json));
    const out = join(folder, 'out.js');
    const switches = ['create', 'encode', 'verify', 'convert', 'delimited', 'typeurl', 'comments'];
    await promisify(pbjs.main)([
      ...['-t', 'static-module', '-w', 'es6', '-r', 'wardlet', '-o', out],
      ...switches.map((name) => `--no-${name}`),
      file,
    ]);
    const code = await readFile(out, 'utf8');
    return `// The reader of schema 3.0. Made by scripts/generate-protobuf.mjs.\n${code}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the reader returns. What is absent is zero, empty or null. */
function typesText() {
  const types = messagesOf(json);
  const typeOf = ({ type }) => {
    if (type === 'bytes') return 'Uint8Array';
    if (type === 'bool') return 'boolean';
    if (type === 'uint64') return 'U64';
    return types[type]?.fields ? type : 'number';
  };
  const interfaces = Object.entries(types)
    .filter(([, { fields }]) => fields)
    .map(([name, { fields }]) => {
      const members = Object.entries(fields).map(([key, field]) => {
        const type = typeOf(field);
        const rest = field.rule === 'repeated' ? `readonly ${type}[]` : types[type] ? `${type} | null` : type;
        return `  readonly ${key}: ${rest};\n`;
      });
      return `export interface ${name} {\n${members.join('')}}\n`;
    });
  return `// What the reader of schema 3.0 returns. Made by scripts/generate-protobuf.mjs.

/** A number, or an object where the package \`long\` is there. */
export type U64 = number | { toNumber(): number };

${interfaces.join('\n')}
export const wardlet: {
  readonly v3: {
${Object.entries(types)
  .filter(([, { fields }]) => fields)
  .map(([name]) => `    readonly ${name}: { decode(bytes: Uint8Array): ${name} };\n`)
  .join('')}  };
};
`;
}
