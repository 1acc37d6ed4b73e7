import type { Command } from 'commander';

const DATA = [
  '--data <folder>',
  "the hub's folder; default: $WARDLET_DATA/hub, else ~/.wardlet/hub",
] as const;

/** The verbs that need a hub with `--rest-port`; each prints JSON. */
export function declareRestVerbs(hub: Command): void {
  const rest = () => import('../hub-rest.ts');
  const add = (parent: Command, usage: string, summary: string, example: string) =>
    parent
      .command(usage)
      .summary(summary)
      .description(
        `${summary[0]?.toUpperCase()}${summary.slice(1)}. Asks the running hub (--rest-port) and prints JSON.`,
      )
      .option(...DATA)
      .option('--json', 'as it is anyway')
      .addHelpText('after', `\nExamples:\n  ${example}`);
  add(
    hub,
    'method <id> <name> [payload]',
    'call a direct method of a device or device/module',
    'wardlet hub method sensor-1 reboot',
  ).action(async (id: string, methodName: string, payload: string | undefined, _, command: Command) => {
    const { askHub, twinPath } = await rest();
    const body = `{"methodName":${JSON.stringify(methodName)},"payload":${payload ?? 'null'}}`;
    await askHub(command.optsWithGlobals(), 'POST', `${twinPath(id)}/methods`, body);
  });
  const twin = hub
    .command('twin')
    .summary('twins of devices and modules')
    .description('Twins of devices and modules.');
  add(twin, 'show <id>', 'show a twin', 'wardlet hub twin show sensor-1').action(
    async (id: string, _, command: Command) => {
      const { askHub, twinPath } = await rest();
      await askHub(command.optsWithGlobals(), 'GET', twinPath(id));
    },
  );
  add(
    twin,
    'set <id> <json>',
    'merge into a twin',
    `wardlet hub twin set sensor-1 '{"tags":{"hall":3}}'`,
  ).action(async (id: string, json: string, _, command: Command) => {
    const { askHub, twinPath } = await rest();
    await askHub(command.optsWithGlobals(), 'PATCH', twinPath(id), json);
  });
  const c2d = hub.command('c2d').summary('messages for devices').description('Messages for devices.');
  const queue = (id: string) => `/devices/${encodeURIComponent(id)}/messages/devicebound`;
  add(c2d, 'send <id> <text>', 'queue a message for a device', 'wardlet hub c2d send sensor-1 hello').action(
    async (id: string, text: string, _, command: Command) =>
      (await rest()).askHub(command.optsWithGlobals(), 'POST', queue(id), text),
  );
  add(c2d, 'list <id>', 'messages that wait', 'wardlet hub c2d list sensor-1').action(
    async (id: string, _, command: Command) =>
      (await rest()).askHub(command.optsWithGlobals(), 'GET', queue(id)),
  );
  add(c2d, 'purge <id>', 'give up what waits', 'wardlet hub c2d purge sensor-1').action(
    async (id: string, _, command: Command) =>
      (await rest()).askHub(
        command.optsWithGlobals(),
        'DELETE',
        `/devices/${encodeURIComponent(id)}/commands`,
      ),
  );
}
