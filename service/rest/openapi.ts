// The OpenAPI document of the REST side, made of its table.

import type { Route } from './route.ts';
import { SCHEMAS, type SchemaName } from './schemas.ts';

export function openApiOf(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, summary, body, answer, query = [] } of routes) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => parameter(name, 'path'));
    paths[path] ??= {};
    paths[path][method.toLowerCase()] = {
      summary,
      parameters: [...inPath, ...[...query, 'api-version'].map((name) => parameter(name, 'query'))],
      ...(body === undefined ? {} : { requestBody: { required: true, content: contentOf(body) } }),
      responses: {
        '2XX': { description: 'Done', ...(answer === undefined ? {} : { content: contentOf(answer) }) },
        default: { description: 'What is wrong, and what to do', content: contentOf('Failure') },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Wardlet hub', version: '1' },
    security: [{ token: [] }],
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } }, schemas: SCHEMAS },
    paths,
  };
}

function contentOf(name: SchemaName): object {
  const type = name === 'Bytes' ? 'application/octet-stream' : 'application/json';
  return { [type]: { schema: { $ref: `#/components/schemas/${name}` } } };
}

function parameter(name: string, place: 'path' | 'query'): object {
  return { name, in: place, required: place === 'path', schema: { type: 'string' } };
}
