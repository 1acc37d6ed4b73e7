export const READER_FILE: string;
export const READER_TYPES_FILE: string;
export const FIELDS_FILE: string;
export function generate(): Promise<{
  readonly reader: string;
  readonly readerTypes: string;
  readonly fields: string;
}>;
