// What a person sees of a cost.

import type { MessageFormat } from '../bindings/js/messages/security-message.ts';
import type { Capture } from '../host/capture/capture.ts';
import { type Cost, HUB_TIERS } from '../host/cost/hub-units.ts';
import type { DeviceProposal } from '../host/inspection/device-proposal.ts';
import { out } from './colours.ts';
import { byteSize, duration, grouped, printable, table } from './terminal.ts';

export interface CostRow {
  /** Of the configuration. */
  readonly name: string;
  readonly format: MessageFormat;
  readonly measured: Cost;
  readonly perDay: Cost;
}

export interface CostView {
  readonly name: string;
  readonly capture: Capture;
  readonly durationMs: number;
  readonly device: { readonly addresses: readonly string[] };
  readonly proposal: DeviceProposal | undefined;
  readonly rows: readonly CostRow[];
}

export function showCost({ name, capture, durationMs, device, proposal, rows }: CostView): void {
  const addresses = device.addresses.map((address) => out.bold(printable(address))).join(', ');
  const guess = proposal === undefined ? '' : `  ${out.yellow('proposed; if that is wrong, use --local')}`;
  const lines = [
    `${out.bold(printable(name))}  ${capture.format}, ${duration(durationMs)}, as a day of 24 hours`,
    `device ${addresses}${guess}`,
    '',
    table(
      [
        { title: 'configuration' },
        { title: 'format' },
        { title: 'messages', align: 'right' },
        { title: '4 KB units', align: 'right' },
        { title: 'bytes', align: 'right' },
        { title: 'of an S1 unit', align: 'right' },
        { title: 'devices a unit', align: 'right' },
      ],
      rows.map(({ name, format, perDay: { messages, units, bytes } }) => [
        printable(name),
        format,
        grouped(Math.round(messages)),
        grouped(Math.round(units)),
        byteSize(Math.round(bytes)),
        `${((100 * units) / HUB_TIERS.S1).toFixed(2)} %`,
        units > 0 ? grouped(Math.floor(HUB_TIERS.S1 / units)) : '',
      ]),
    ),
    '',
    tiers(),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function tiers(): string {
  const text = Object.entries(HUB_TIERS).map(([tier, units]) => `${tier} ${grouped(units)}`);
  return out.dim(`Units of 4 KB that one unit of an IoT Hub has a day: ${text.join(', ')}.`);
}
