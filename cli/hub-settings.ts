// wardlet hub ip-filter, diagnostics and token: settings in the hub's folder, whether the hub runs or not. Who has locked himself out
// of REST lifts the filter here.

import { WardletError } from '../bindings/js/errors.ts';
import type { DiagnosticSetting, IpFilterRule } from '../service/index.ts';
import { hubFolder } from './data-folder.ts';
import type { DeviceOptions } from './hub-device.ts';
import { loadService } from './service-package.ts';
import { printable, table } from './terminal.ts';

export interface TokenOptions extends DeviceOptions {
  readonly rotate?: boolean;
}

export async function listRules({ data, json }: DeviceOptions): Promise<void> {
  const { withIpFilter } = await loadService();
  showRules(
    withIpFilter(hubFolder(data), (filter) => filter.list()),
    json,
  );
}

/** Rules as `accept=192.0.2.0/24` and `reject=::/0`, in order; none: everybody may connect. */
export async function setRules(rules: readonly string[], { data, json }: DeviceOptions): Promise<void> {
  const { withIpFilter } = await loadService();
  const parsed = rules.map((text, index) => {
    const [, action, ipMask] = /^(accept|reject)=(.+)$/.exec(text) ?? [];
    if (action === undefined) {
      throw new WardletError('WL_BAD_USAGE', `no rule: ${JSON.stringify(text.slice(0, 60))}`, {
        hint: 'accept=ADDRESS or reject=ADDRESS, an address or range: accept=192.0.2.0/24 reject=0.0.0.0/0',
      });
    }
    return { filterName: `rule-${index + 1}`, action, ipMask };
  });
  showRules(
    withIpFilter(hubFolder(data), (filter) => filter.replace(parsed)),
    json,
  );
}

export async function listDiagnostics({ data, json }: DeviceOptions): Promise<void> {
  const { withDiagnosticSettings } = await loadService();
  const found = withDiagnosticSettings(hubFolder(data), (settings) => settings.list());
  if (json) for (const setting of found) process.stdout.write(`${JSON.stringify(setting)}\n`);
  else if (found.length === 0) process.stdout.write('No diagnostic settings.\n');
  else process.stdout.write(`${table([{ title: 'name' }, { title: 'categories' }], found.map(rowOf))}\n`);
}

export async function setDiagnostics(
  name: string,
  categories: readonly string[],
  { data, json }: DeviceOptions,
): Promise<void> {
  const { withDiagnosticSettings } = await loadService();
  const setting = withDiagnosticSettings(hubFolder(data), (settings) => settings.set(name, categories));
  process.stdout.write(json ? `${JSON.stringify(setting)}\n` : `${printable(name)} set\n`);
}

export async function removeDiagnostics(name: string, { data, json }: DeviceOptions): Promise<void> {
  const { withDiagnosticSettings } = await loadService();
  withDiagnosticSettings(hubFolder(data), (settings) => settings.remove(name));
  process.stdout.write(json ? `${JSON.stringify({ removed: name })}\n` : `${printable(name)} removed\n`);
}

export async function showToken({ data, json, rotate }: TokenOptions): Promise<void> {
  const { restToken, rotateRestToken } = await loadService();
  const folder = hubFolder(data);
  const token = rotate ? rotateRestToken(folder) : restToken(folder);
  if (token === undefined) {
    throw new WardletError('WL_UNREACHABLE', 'the hub has no token yet: its REST side has never started', {
      hint: 'start it: wardlet hub --rest-port 8443; or make one: wardlet hub token --rotate',
    });
  }
  process.stdout.write(json ? `${JSON.stringify({ token })}\n` : `${token}\n`);
}

function showRules(rules: readonly IpFilterRule[], json = false): void {
  if (json) for (const rule of rules) process.stdout.write(`${JSON.stringify(rule)}\n`);
  else if (rules.length === 0) process.stdout.write('No rules: every address may connect.\n');
  else {
    const rows = rules.map(({ filterName, action, ipMask }) => [printable(filterName), action, ipMask]);
    process.stdout.write(
      `${table([{ title: 'rule' }, { title: 'action' }, { title: 'addresses' }], rows)}\n`,
    );
  }
}

function rowOf({ name, categories }: DiagnosticSetting): string[] {
  return [printable(name), categories.map(printable).join(', ')];
}
