// What a route of the REST side is: the router, the OpenAPI document and the documentation all read the one table of them.

import type { IncomingHttpHeaders } from 'node:http';
import type { SchemaName } from './schemas.ts';

export interface RestRequest {
  /** By the names in the path. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body as JSON; throws WL_BAD_OPTION. */
  json(): unknown;
}

export interface RestAnswer {
  readonly status?: number;
  readonly etag?: string;
  readonly body?: unknown;
}

export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** `{name}` stands for one segment. */
  readonly path: string;
  readonly summary: string;
  /** What the body is; none: it takes none. */
  readonly body?: SchemaName;
  /** What it answers; none: no body. */
  readonly answer?: SchemaName;
  readonly query?: readonly string[];
  handle(request: RestRequest): RestAnswer | Promise<RestAnswer>;
}

export type Match =
  | { readonly route: Route; readonly path: Readonly<Record<string, string>> }
  | { readonly status: 400 | 404 | 405 };

/** The route of a method and of path segments that are still percent-encoded. */
export function matchRoute(routes: readonly Route[], method: string, pathname: string): Match {
  const segments = pathname.split('/').map(decoded);
  if (segments.includes(undefined)) return { status: 400 };
  let isKnown = false;
  for (const route of routes) {
    const names = route.path.split('/');
    if (names.length !== segments.length) continue;
    const fits = names.every((name, index) => name.startsWith('{') || name === segments[index]);
    if (!fits) continue;
    isKnown = true;
    if (route.method !== method) continue;
    const parts = names.flatMap((name, index) =>
      name.startsWith('{') ? [[name.slice(1, -1), segments[index] ?? ''] as const] : [],
    );
    return { route, path: Object.fromEntries(parts) };
  }
  return { status: isKnown ? 405 : 404 };
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
