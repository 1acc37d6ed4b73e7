// The OpenAPI document of the REST side, made of its table.

import type { Route } from './route.ts';

export function openApiOf(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, summary, hasBody, query = [] } of routes) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => parameter(name, 'path'));
    paths[path] ??= {};
    paths[path][method.toLowerCase()] = {
      summary,
      parameters: [...inPath, ...[...query, 'api-version'].map((name) => parameter(name, 'query'))],
      ...(hasBody ? { requestBody: { content: { '*/*': { schema: {} } } } } : {}),
      responses: { '2XX': { description: 'Done' }, default: { description: 'errorCode, message, hint' } },
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Wardlet hub', version: '1' },
    security: [{ token: [] }],
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths,
  };
}

function parameter(name: string, place: 'path' | 'query'): object {
  return { name, in: place, required: place === 'path', schema: { type: 'string' } };
}
