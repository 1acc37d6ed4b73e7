// What is said while somebody guesses passwords: sizes and turns of SSH (RFC 4253, RFC 4252), telnet (RFC 854) and FTP (RFC 959) as
// servers of small devices say them. What SSH encrypts is noise.
import type { Random } from '../random.ts';
import { Noise } from './noise.ts';

/** One thing said; pauseMs: how long the speaker waits before. */
export interface Turn {
  readonly by: 'client' | 'server';
  readonly bytes: Uint8Array;
  readonly pauseMs: number;
}

export type LoginService = 'ssh' | 'telnet' | 'ftp';
export const LOGIN_PORTS: Readonly<Record<LoginService, number>> = { ssh: 22, telnet: 23, ftp: 21 };

/** One connection with so many guesses, none of them right. */
export function loginTurns(random: Random, service: LoginService, guesses: number): Turn[] {
  return [...DIALOGUES[service](random, guesses)];
}

const DIALOGUES: Readonly<Record<LoginService, (random: Random, guesses: number) => Generator<Turn>>> = {
  ssh,
  telnet,
  ftp,
};

const encoder = new TextEncoder();
const CLIENTS = ['SSH-2.0-Go', 'SSH-2.0-libssh2_1.10.0', 'SSH-2.0-libssh_0.9.6', 'SSH-2.0-PUTTY'] as const;
/** Milliseconds that a server takes over a wrong password, to make guessing slow. */
const WRONG_PASSWORD = [600, 2600] as const;

function* ssh(random: Random, guesses: number): Generator<Turn> {
  const noise = new Noise(random);
  const client = (length: number, pauseMs = 0): Turn => ({
    by: 'client',
    bytes: noise.bytes(length),
    pauseMs,
  });
  const server = (length: number, pauseMs = 0): Turn => ({
    by: 'server',
    bytes: noise.bytes(length),
    pauseMs,
  });
  yield {
    by: 'server',
    bytes: encoder.encode('SSH-2.0-dropbear_2019.78\r\n'),
    pauseMs: random.between(2, 30),
  };
  yield { by: 'client', bytes: encoder.encode(`${random.pick(CLIENTS)}\r\n`), pauseMs: 1 };
  yield client(random.integer(83, 180) * 8);
  yield server(random.integer(60, 130) * 8);
  // Key exchange on a small processor takes its time.
  yield client(48, random.between(1, 8));
  yield server(random.integer(50, 110) * 8, random.between(15, 250));
  yield client(16);
  yield client(44);
  yield server(44);
  for (let i = 0; i < guesses; i++) {
    yield client(random.integer(8, 18) * 8 + 4, i === 0 ? 1 : random.between(1, 60));
    yield server(random.integer(6, 10) * 8 + 4, random.between(...WRONG_PASSWORD));
  }
}

const USERS = ['root', 'admin', 'user', 'support', 'guest', 'ubnt', 'pi', 'service'] as const;
const PASSWORDS = [
  'xc3511',
  'vizxv',
  'admin',
  '888888',
  'default',
  '1234',
  'juantech',
  '7ujMko0admin',
] as const;
/** Will echo, will suppress go-ahead, do terminal type, do window size. */
const NEGOTIATION = Uint8Array.of(255, 251, 1, 255, 251, 3, 255, 253, 24, 255, 253, 31);
const REFUSAL = Uint8Array.of(255, 253, 1, 255, 253, 3, 255, 252, 24, 255, 252, 31);

function* telnet(random: Random, guesses: number): Generator<Turn> {
  yield { by: 'server', bytes: NEGOTIATION, pauseMs: random.between(5, 80) };
  yield { by: 'client', bytes: REFUSAL, pauseMs: random.between(1, 20) };
  for (let i = 0; i < guesses; i++) {
    yield text('server', 'login: ', random.between(20, 200));
    yield text('client', `${random.pick(USERS)}\r\n`, random.between(5, 120));
    yield text('server', 'Password: ', random.between(5, 60));
    yield text('client', `${random.pick(PASSWORDS)}\r\n`, random.between(5, 120));
    yield text('server', '\r\nLogin incorrect\r\n', random.between(...WRONG_PASSWORD));
  }
}

function* ftp(random: Random, guesses: number): Generator<Turn> {
  yield text('server', '220 Welcome to the FTP service.\r\n', random.between(5, 60));
  for (let i = 0; i < guesses; i++) {
    yield text('client', `USER ${random.pick(USERS)}\r\n`, random.between(1, 40));
    yield text('server', '331 Please specify the password.\r\n', random.between(1, 10));
    yield text('client', `PASS ${random.pick(PASSWORDS)}\r\n`, random.between(1, 40));
    yield text('server', '530 Login incorrect.\r\n', random.between(...WRONG_PASSWORD));
  }
  yield text('client', 'QUIT\r\n', 1);
  yield text('server', '221 Goodbye.\r\n', 1);
}

function text(by: Turn['by'], words: string, pauseMs: number): Turn {
  return { by, bytes: encoder.encode(words), pauseMs };
}
