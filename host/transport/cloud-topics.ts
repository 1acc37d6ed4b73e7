// Topics of what comes from the cloud, methods and messages (protocol.md 4), read.

import type { DeviceIdentity } from './device-identity.ts';
import type { CloudMessage } from './hub-services.ts';

export const METHOD_FILTER = '$iothub/methods/POST/#';
const METHOD = /^\$iothub\/methods\/POST\/([^/]+)\/\?\$rid=(.+)$/;

export interface MethodRequest {
  readonly name: string;
  readonly request: string;
}

export function methodRequest(topic: string): MethodRequest | undefined {
  const [, name, request] = METHOD.exec(topic) ?? [];
  return name === undefined || request === undefined ? undefined : { name, request };
}

export function methodAnswer(status: number, request: string): string {
  return `$iothub/methods/res/${status}/?$rid=${request}`;
}

/** undefined: a module gets no messages of this kind. */
export function messageFilter({ deviceId, moduleId }: DeviceIdentity): string | undefined {
  return moduleId === undefined ? `devices/${deviceId}/messages/devicebound/#` : undefined;
}

export function cloudMessage(
  identity: DeviceIdentity,
  topic: string,
  bytes: Uint8Array,
): CloudMessage | undefined {
  const start = messageFilter(identity)?.slice(0, -1);
  if (start === undefined || !topic.startsWith(start)) return undefined;
  const pairs = topic.slice(start.length).split('&').filter(Boolean).map(pairOf);
  return { bytes, properties: Object.freeze(Object.fromEntries(pairs)) };
}

/** `k=v`; `k=`: an empty value; `k`: none. */
function pairOf(text: string): readonly [string, string | null] {
  const equals = text.indexOf('=');
  if (equals < 0) return [decoded(text), null];
  return [decoded(text.slice(0, equals)), decoded(text.slice(equals + 1))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
