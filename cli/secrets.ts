// The last line of defence: what people put in the wrong place on a command line comes back in errors, and may be a key.

/** The same text with the values of keys and signatures left out. */
export function withoutSecrets(text: string): string {
  return text.replace(
    /\b(SharedAccessKey=|SharedAccessSignature[= ])[^;"'\s]*/gi,
    (_, name: string) => `${name}[hidden]`,
  );
}
