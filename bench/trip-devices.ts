// The process that plays the devices of `wardlet bench`: a job on standard input, the result on standard output.

import { readFileSync } from 'node:fs';
import type { TripJob, TripResult } from './trip-job.ts';
import { AgentSender, ClientSender, LineSender } from './trip-senders.ts';

const OPEN = { agents: AgentSender.open, clients: ClientSender.open, line: LineSender.open } as const;
/** TLS handshakes at once. */
const WIDTH = 10;

const job = JSON.parse(readFileSync(0, 'utf8')) as TripJob;
const module = await WebAssembly.compile(readFileSync(job.core));
const open = (connectionString: string) =>
  OPEN[job.sender]({ connectionString, ca: job.ca, window: job.window, module });

const senders: Array<Awaited<ReturnType<typeof open>>> = [];
for (let first = 0; first < job.connectionStrings.length; first += WIDTH) {
  senders.push(...(await Promise.all(job.connectionStrings.slice(first, first + WIDTH).map(open))));
}
await Promise.all(senders.map((sender) => sender.send(job.warmUp)));
for (const sender of senders) if (sender instanceof LineSender) sender.prepare(job.messages);

const start = performance.now();
await Promise.all(senders.map((sender) => sender.send(job.messages)));
const seconds = (performance.now() - start) / 1000;
const result: TripResult = {
  seconds,
  rssBytes: process.memoryUsage.rss(),
  bodyBytes: senders[0]?.bodyBytes ?? 0,
};
await Promise.all(senders.map((sender) => sender.close()));
process.stdout.write(JSON.stringify(result));
