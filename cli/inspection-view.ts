// What a person sees of an inspected capture.

import type { DetectionRecord } from '../bindings/js/detections.ts';
import type { Capture } from '../host/capture/capture.ts';
import type { DeviceProposal } from '../host/inspection/device-proposal.ts';
import type { FlowTotal } from '../host/inspection/flow-totals.ts';
import type { Inspection } from '../host/inspection/inspect-capture.ts';
import { LINK_NAMES } from '../host/inspection/ip-header.ts';
import { out } from './colours.ts';
import { detectionLines } from './detection-view.ts';
import type { KnownFields } from './flow-rows.ts';
import type { ShownFlows } from './shown-flows.ts';
import { byteSize, duration, endpoint, grouped, printable, table } from './terminal.ts';

export interface InspectionView {
  readonly name: string;
  readonly capture: Capture;
  readonly result: Inspection;
  readonly shown: ShownFlows;
  readonly filtered: boolean;
  readonly device: { readonly addresses: readonly string[] };
  readonly proposal: DeviceProposal | undefined;
  readonly known: KnownFields;
}

export function showInspection(view: InspectionView): void {
  const { result, shown } = view;
  const rows = Array.from(shown.flows, (flow) => result.flows.total(flow));
  const lines = [heading(view), device(view), '', packets(result)];
  if (rows.length > 0) lines.push('', flows(rows, view.known));
  else if (shown.matching === 0) lines.push('', view.filtered ? 'No flow passes the filter.' : 'No flows.');
  lines.push(...rest(view, rows.length));
  if (result.detections !== undefined) lines.push('', ...detections(result.detections));
  lines.push('', summary(result));
  process.stdout.write(`${lines.join('\n')}\n`);
}

function heading({ name, capture, result }: InspectionView): string {
  const links = [...capture.links].map((link) => LINK_NAMES.get(link) ?? `link type ${link} (not read)`);
  const { firstMs, lastMs } = result;
  const length =
    firstMs === undefined || lastMs === undefined ? [] : [duration(Math.max(0, lastMs - firstMs))];
  return `${out.bold(printable(name))}  ${[capture.format, ...links, ...length].join(', ')}`;
}

function device({ device: { addresses }, proposal, result }: InspectionView): string {
  const text = `device ${addresses.map((address) => out.bold(printable(address))).join(', ')}`;
  if (proposal !== undefined) {
    const share = Math.floor(proposal.share * 100);
    return `${text}  ${out.yellow(`proposed: it is in ${share} % of the IP packets; if that is wrong, use --local`)}`;
  }
  const { counted, ignored } = result.packets;
  const met = counted + ignored.local_to_local + ignored.unsupported_protocol;
  if (met > 0 || ignored.non_local === 0) return text;
  return `${text}  ${out.yellow('in none of the packets; without --local the likeliest address is proposed')}`;
}

function packets({ packets: { seen, counted, ignored } }: Inspection): string {
  const reasons = Object.entries(ignored).filter(([, count]) => count > 0);
  const total = reasons.reduce((sum, [, count]) => sum + count, 0);
  const why = reasons.map(([reason, count]) => `${reason} ${grouped(count)}`).join(', ');
  return `packets   ${grouped(seen)} seen = ${grouped(counted)} counted + ${grouped(total)} ignored${why && ` (${why})`}`;
}

function flows(rows: readonly FlowTotal[], { packets }: KnownFields): string {
  return table(
    [
      { title: 'protocol' },
      { title: 'local' },
      ...(packets ? [{ title: '' }] : []),
      { title: 'remote' },
      { title: 'bytes in', align: 'right' },
      { title: 'bytes out', align: 'right' },
      ...(packets ? ([{ title: 'packets', align: 'right' }, { title: 'outcome' }] as const) : []),
    ],
    rows.map((flow) => {
      const named = !isEverythingElse(flow);
      return [
        protocolName(flow),
        named ? endpoint(flow.localAddress, flow.localPort) : out.yellow('everything else'),
        ...(packets ? [arrow(flow)] : []),
        named ? endpoint(flow.remoteAddress, flow.remotePort) : out.yellow('(the table was full)'),
        grouped(flow.bytesIn),
        grouped(flow.bytesOut),
        ...(packets ? [grouped(flow.packetsIn + flow.packetsOut), named ? outcome(flow) : ''] : []),
      ];
    }),
  );
}

/** From who began it. */
function arrow({ initiator }: FlowTotal): string {
  if (initiator === 'local') return '->';
  return initiator === 'remote' ? '<-' : '--';
}

function outcome({ outcome }: FlowTotal): string {
  return outcome === 'established' || outcome === 'undecided' ? outcome : out.yellow(outcome);
}

function rest({ shown, filtered }: InspectionView, rows: number): string[] {
  const more = shown.matching - rows;
  if (more === 0) return [];
  const what = filtered ? 'matching flows' : 'flows';
  const how = `--top ${shown.matching}, --csv or --json show them`;
  return rows === 0
    ? ['', out.dim(`${grouped(more)} ${what}: ${how}`)]
    : [out.dim(`and ${grouped(more)} more ${what}: ${how}`)];
}

function detections(noticed: readonly DetectionRecord[]): string[] {
  return noticed.length === 0 ? ['detections  none'] : ['detections', ...detectionLines(noticed)];
}

function summary({ flows: totals, messages }: Inspection): string {
  const bytes = `${byteSize(totals.bytesIn)} in, ${byteSize(totals.bytesOut)} out`;
  const size = messages.count === 0 ? '' : `, ${byteSize(messages.bytes)} in all`;
  return `flows     ${grouped(totals.count)}, ${bytes}\nmessages  ${grouped(messages.count)}${size}`;
}

function isEverythingElse({ localAddress, remoteAddress }: FlowTotal): boolean {
  return /^(0\.0\.0\.0|::)$/.test(localAddress) && localAddress === remoteAddress;
}

function protocolName({ protocol, localAddress }: FlowTotal): string {
  return protocol === 'ICMP' && localAddress.includes(':') ? 'ICMPv6' : protocol;
}
