// Writes the tables of docs/configuration.md from the schema: npm run docs:configuration
import { readFile, writeFile } from 'node:fs/promises';
import { withTables } from '../host/configuration/documentation.ts';

const file = new URL('../docs/configuration.md', import.meta.url);
await writeFile(file, withTables(await readFile(file, 'utf8')));
