// One agent under test: a core of a profile, a virtual clock, a transport in the test's hands, and its books.

import { Core } from '../../bindings/js/core.ts';
import type { WardletError } from '../../bindings/js/errors.ts';
import { decodeMessage } from '../../bindings/js/messages/decode.ts';
import type { MessageFormat } from '../../bindings/js/messages/security-message.ts';
import type { CoreState } from '../../bindings/js/status.ts';
import type { Agent, AgentMessage } from '../../host/agent/agent.ts';
import type { AgentOptions } from '../../host/agent/agent-options.ts';
import { createAgent } from '../../host/agent/create-agent.ts';
import type { OutgoingMessage } from '../../host/transport/transport.ts';
import { EPOCH } from './driven-core.ts';
import { FakeTransport } from './fake-transport.ts';
import { frame, peerV4 } from './packets.ts';
import { newExports, type Profile } from './profiles.ts';
import { VirtualClock } from './virtual-clock.ts';

export const LOCAL_ADDRESSES = ['10.0.0.5/24', '2001:db8::5/64'];

/** format: undefined asks for none. */
type RunOptions = Omit<Partial<AgentOptions>, 'format'> & { readonly format?: MessageFormat | undefined };

export class AgentRun {
  readonly core: Core;
  readonly clock = new VirtualClock(EPOCH);
  readonly transport = new FakeTransport();
  readonly agent: Agent;
  readonly states: Array<readonly [next: CoreState, previous: CoreState]> = [];
  readonly messages: AgentMessage[] = [];
  readonly warnings: WardletError[] = [];

  constructor(profile: Profile = 'standard', options: RunOptions = {}) {
    this.core = new Core(newExports(profile));
    this.agent = createAgent({
      core: this.core,
      transport: this.transport,
      clock: this.clock,
      wallClock: this.clock,
      localAddresses: LOCAL_ADDRESSES,
      entropy: (length: number) => new Uint8Array(length).fill(7),
      firstCollectionSeconds: 0,
      // Every collection is a message of its own, every collector an event.
      format: '2.3',
      ...options,
    } as AgentOptions);
    this.agent.on('state', (next, previous) => this.states.push([next, previous]));
    this.agent.on('message', (message) => this.messages.push(message));
    this.agent.on('warning', (error) => this.warnings.push(error));
  }

  /** A packet to that peer. */
  observe(peer: number, payload = 100): void {
    const { bytes } = frame({ to: peerV4(peer), payload });
    this.agent.observe(bytes);
  }

  /** Bytes in the messages the hub stored, each event counted once. */
  storedBytes(): number {
    return reportedBytes(this.transport.stored);
  }
}

/** Transport header and payload over all messages, each event id once. */
export function reportedBytes(messages: ReadonlyArray<Pick<OutgoingMessage, 'bytes' | 'format'>>): number {
  const seen = new Set<string>();
  let sum = 0;
  for (const { bytes, format } of messages) {
    for (const { id, payload } of decodeMessage(bytes, format).events) {
      if (seen.has(id)) continue;
      seen.add(id);
      if (payload.kind !== 'NetworkActivity') continue;
      for (const { bytesIn, bytesOut } of payload.flows) sum += bytesIn + bytesOut;
    }
  }
  return sum;
}
