// The property `mti` of a security message: `{schema major}.{minor}-{encoding}-{source}-{type}`. It alone picks the decoder.

import type { MessageFormat } from './security-message.ts';

/** rtos: an RTOS or a C host; host: Linux before, any JavaScript host now. */
export type MessageSource = 'rtos' | 'host';

export interface MessageType {
  readonly format: MessageFormat;
  readonly source: MessageSource;
}

/** Encoding 1 is FlatBuffers, 2 protobuf. */
const ENCODINGS: Readonly<Record<MessageFormat, string>> = {
  '2.3': '2.3-1',
  '3.0-flatbuffers': '3.0-1',
  '3.0-protobuf': '3.0-2',
};
const SOURCES: Readonly<Record<MessageSource, string>> = { rtos: '0', host: '1' };
/** Raw events: the one type there is. */
const RAW_EVENTS = '0';

export function messageTypeText({ format, source }: MessageType): string {
  return `${ENCODINGS[format]}-${SOURCES[source]}-${RAW_EVENTS}`;
}

/** undefined: a type that these bindings do not read. */
export function parseMessageType(text: string): MessageType | undefined {
  for (const format of Object.keys(ENCODINGS) as MessageFormat[]) {
    for (const source of Object.keys(SOURCES) as MessageSource[]) {
      if (messageTypeText({ format, source }) === text) return { format, source };
    }
  }
  return undefined;
}
