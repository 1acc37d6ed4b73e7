// What a running agent tells: lines for people on standard error and a summary, or JSON lines.

import type { WardletError } from '../bindings/js/errors.ts';
import type { Agent, ReplayTotals, SpoolStatistics } from '../host/agent/index.ts';
import { err, out } from './colours.ts';
import { detectionJson, liveDetectionLine } from './detection-view.ts';
import type { Progress } from './progress.ts';
import { clockTime } from './received-view.ts';
import { byteSize, grouped, printable } from './terminal.ts';

export interface ReplayedDevice {
  readonly name: string;
  readonly localAddresses: readonly string[];
  readonly proposed: boolean;
}

export class AgentView {
  readonly #json: boolean;
  readonly #progress: Progress;
  #lastWarning = '';
  #repeated = 0;

  constructor(json: boolean, progress: Progress) {
    this.#json = json;
    this.#progress = progress;
  }

  /** isFinal: the warning ends the run, which says it then. */
  follow(agent: Agent, isFinal: (error: WardletError) => boolean): void {
    agent.on('state', (state, previous) => {
      if (state === 'active') this.#lastWarning = '';
      if (this.#json) this.#write({ type: 'state', state, previous });
      else this.#note(err.bold(state));
    });
    agent.on('warning', (error) => {
      if (this.#json || !isFinal(error)) this.#warn(error);
    });
    agent.on('detection', (detection) => {
      if (this.#json) {
        this.#write({ type: 'detection', number: detection.number, ...detectionJson(detection) });
      } else this.#note(liveDetectionLine(detection));
    });
    if (!this.#json) return;
    agent.on('message', ({ sequence, format, bytes, stage }) =>
      this.#write({ type: 'message', stage, sequence, format, bytes: bytes.length }),
    );
  }

  /** spool: where there is one. */
  end(
    totals: ReplayTotals,
    { name, localAddresses, proposed }: ReplayedDevice,
    spool: SpoolStatistics | undefined,
  ): void {
    if (this.#json) {
      this.#write({
        type: 'end',
        local: { addresses: localAddresses, proposed },
        ...totals,
        ...(spool === undefined ? {} : { spool }),
      });
      return;
    }
    this.#progress.clear();
    const { frames, counted, ignored, bytes, messages, acknowledged } = totals;
    const lines = [
      `${out.bold(printable(name))}  device ${localAddresses.map(printable).join(', ')}${proposed ? out.yellow('  proposed; if that is wrong, use --local') : ''}`,
      `packets   ${grouped(frames)} seen = ${grouped(counted)} counted + ${grouped(ignored)} ignored`,
      `traffic   ${byteSize(bytes)}`,
      `messages  ${grouped(messages)}, ${grouped(acknowledged)} acknowledged`,
      ...(spool === undefined ? [] : [`spool     ${spoolText(spool)}`]),
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  }

  /** The same fault again and again is said once. */
  #warn({ code, message, hint }: WardletError): void {
    if (this.#json) this.#write({ type: 'warning', code, message, hint });
    else if (message === this.#lastWarning) this.#repeated++;
    else {
      const goesOn = code === 'WL_UNREACHABLE' ? '; tried again until it works' : '';
      this.#note(`${err.yellow(printable(message) + goesOn)}\n          ${err.dim(printable(hint))}`);
    }
    this.#lastWarning = message;
  }

  #note(text: string): void {
    this.#progress.clear();
    const again =
      this.#repeated === 0 ? '' : err.dim(` (the warning before came ${grouped(this.#repeated)} times more)`);
    this.#repeated = 0;
    process.stderr.write(`${clockTime(Date.now())}  ${text}${again}\n`);
  }

  #write(value: object): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }
}

function spoolText({ messages, bytes, givenUp, damagedMessages }: SpoolStatistics): string {
  const lost = givenUp.age.messages + givenUp.size.messages + damagedMessages;
  const waiting = messages === 0 ? 'empty' : `${grouped(messages)} wait for the next run, ${byteSize(bytes)}`;
  return lost === 0 ? waiting : `${waiting}; ${grouped(lost)} given up since it was made`;
}
