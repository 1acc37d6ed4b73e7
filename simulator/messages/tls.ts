// What TLS 1.3 (RFC 8446) shows of itself on the wire: two hellos in the clear, then records that are noise. Nothing is encrypted
// here: random bytes stand in for ciphertext.
import { MessageWriter } from './message-writer.ts';
import type { ByteSource } from './noise.ts';

const CHANGE_CIPHER_SPEC = 20;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
const TLS_1_2 = 0x0303;
const TLS_1_3 = 0x0304;
const AES_128_GCM_SHA256 = 0x1301;
const X25519 = 0x001d;
const ECDSA_P256_SHA256 = 0x0403;
/** Content type and authentication tag of a record. RFC 8446 5.2. */
const RECORD_OVERHEAD = 17;
const LARGEST_PLAINTEXT = 16_384;

export interface TlsHellos {
  readonly client: Uint8Array;
  /** The server's hello, its change of cipher, and the first encrypted record: certificate and the rest. */
  readonly server: Uint8Array;
  /** The client's change of cipher and its encrypted Finished. */
  readonly finished: Uint8Array;
}

/** certificateLength: bytes of the server's encrypted handshake, mostly its certificates. */
export function tlsHellos(
  random: ByteSource,
  serverName: string,
  protocolName: string,
  certificateLength: number,
): TlsHellos {
  const session = random.bytes(32);
  const change = record(CHANGE_CIPHER_SPEC, Uint8Array.of(1));
  return {
    client: record(HANDSHAKE, clientHello(random, session, serverName, protocolName)),
    server: join(
      record(HANDSHAKE, serverHello(random, session)),
      change,
      encryptedRecord(random, certificateLength),
    ),
    finished: join(change, encryptedRecord(random, 36)),
  };
}

/** Application data: records around that many bytes of plaintext. */
export function encrypted(random: ByteSource, plaintextLength: number): Uint8Array {
  const records: Uint8Array[] = [];
  for (let left = plaintextLength; left > 0; left -= LARGEST_PLAINTEXT) {
    records.push(encryptedRecord(random, Math.min(left, LARGEST_PLAINTEXT)));
  }
  return join(...records);
}

function encryptedRecord(random: ByteSource, plaintextLength: number): Uint8Array {
  return record(APPLICATION_DATA, random.bytes(plaintextLength + RECORD_OVERHEAD));
}

function record(type: number, body: Uint8Array): Uint8Array {
  const whole = new Uint8Array(5 + body.length);
  whole.set([type, TLS_1_2 >> 8, TLS_1_2 & 0xff, body.length >> 8, body.length & 0xff]);
  whole.set(body, 5);
  return whole;
}

function clientHello(
  random: ByteSource,
  session: Uint8Array,
  serverName: string,
  protocolName: string,
): Uint8Array {
  const extensions = new MessageWriter()
    .bytes(
      extension(
        0,
        new MessageWriter()
          .u16(serverName.length + 3)
          .u8(0)
          .u16(serverName.length)
          .text(serverName),
      ),
    )
    .bytes(extension(10, new MessageWriter().u16(2, X25519)))
    .bytes(extension(13, new MessageWriter().u16(2, ECDSA_P256_SHA256)))
    .bytes(
      extension(
        16,
        new MessageWriter()
          .u16(protocolName.length + 1)
          .u8(protocolName.length)
          .text(protocolName),
      ),
    )
    .bytes(extension(43, new MessageWriter().u8(2).u16(TLS_1_3)))
    .bytes(extension(51, new MessageWriter().u16(36, X25519, 32).bytes(random.bytes(32))))
    .end();
  const body = new MessageWriter()
    .u16(TLS_1_2)
    .bytes(random.bytes(32))
    .u8(session.length)
    .bytes(session)
    .u16(2, AES_128_GCM_SHA256)
    .u8(1, 0)
    .u16(extensions.length)
    .bytes(extensions)
    .end();
  return handshake(1, body);
}

function serverHello(random: ByteSource, session: Uint8Array): Uint8Array {
  const extensions = new MessageWriter()
    .bytes(extension(43, new MessageWriter().u16(TLS_1_3)))
    .bytes(extension(51, new MessageWriter().u16(X25519, 32).bytes(random.bytes(32))))
    .end();
  const body = new MessageWriter()
    .u16(TLS_1_2)
    .bytes(random.bytes(32))
    .u8(session.length)
    .bytes(session)
    .u16(AES_128_GCM_SHA256)
    .u8(0)
    .u16(extensions.length)
    .bytes(extensions)
    .end();
  return handshake(2, body);
}

/** The length of a handshake message has 24 bits. */
function handshake(type: number, body: Uint8Array): Uint8Array {
  return new MessageWriter().u8(type, 0).u16(body.length).bytes(body).end();
}

function extension(type: number, content: MessageWriter): Uint8Array {
  const body = content.end();
  return new MessageWriter().u16(type, body.length).bytes(body).end();
}

function join(...parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1 && parts[0] !== undefined) return parts[0];
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
