// wardlet hub enrolment: which devices may have themselves registered. Works on the hub's folder, whether the hub runs or not.

import { WardletError } from '../bindings/js/errors.ts';
import type { Enrolment, Enrolments } from '../service/index.ts';
import { hubFolder } from './data-folder.ts';
import type { DeviceOptions } from './hub-device.ts';
import { loadService } from './service-package.ts';
import { printable, table } from './terminal.ts';

export interface AddEnrolmentOptions extends DeviceOptions {
  readonly group?: boolean;
  readonly deviceId?: string;
  readonly thumbprint?: readonly string[];
  readonly certificate?: string;
}

export async function addEnrolment(id: string, options: AddEnrolmentOptions): Promise<void> {
  const { group: isGroup = false, deviceId, thumbprint = [], certificate: authority, json } = options;
  const [primaryThumbprint, secondaryThumbprint, ...tooMany] = thumbprint;
  if (tooMany.length > 0) throw wrongUse(`${thumbprint.length} thumbprints`, 'one or two');
  if (isGroup && (deviceId !== undefined || thumbprint.length > 0)) {
    throw wrongUse('a group has no device id and no thumbprint', 'leave out --group, or them');
  }
  if (!isGroup && authority !== undefined) {
    throw wrongUse('only a group is by an authority', 'add --group, or give a --thumbprint');
  }
  await withEnrolments(options, (enrolments) => {
    const enrolment = isGroup
      ? enrolments.addGroup(id, authority === undefined ? {} : { authority })
      : enrolments.addIndividual(id, {
          ...(deviceId === undefined ? {} : { deviceId }),
          ...(primaryThumbprint === undefined ? {} : { primaryThumbprint }),
          ...(secondaryThumbprint === undefined ? {} : { secondaryThumbprint }),
        });
    const { idScope } = enrolments;
    if (json) {
      process.stdout.write(`${JSON.stringify({ idScope, ...shown(enrolment) })}\n`);
      return;
    }
    process.stdout.write(`id scope  ${idScope}\n`);
    if (enrolment.authentication === 'sas') process.stdout.write(`key       ${enrolment.primaryKey}\n`);
  });
}

export async function listEnrolments(options: DeviceOptions): Promise<void> {
  await withEnrolments(options, (enrolments) => {
    const list = enrolments.list();
    if (options.json) {
      for (const { primaryKey: _, secondaryKey: __, ...enrolment } of list) {
        process.stdout.write(`${JSON.stringify(enrolment)}\n`);
      }
      return;
    }
    process.stdout.write(`id scope ${enrolments.idScope}\n`);
    if (list.length === 0) {
      process.stdout.write('No enrolments. Make one: wardlet hub enrolment add --group sensors\n');
      return;
    }
    const rows = list.map((enrolment) => [
      printable(enrolment.id),
      enrolment.isGroup ? 'group' : 'single',
      enrolment.isEnabled ? 'enabled' : 'disabled',
      printable(proofOf(enrolment)),
    ]);
    process.stdout.write(
      `${table([{ title: 'enrolment' }, { title: 'kind' }, { title: 'state' }, { title: 'by' }], rows)}\n`,
    );
  });
}

export async function removeEnrolment(
  id: string,
  options: DeviceOptions & { readonly group?: boolean },
): Promise<void> {
  await withEnrolments(options, (enrolments) => {
    enrolments.remove(id, options.group ?? false);
    process.stdout.write(
      options.json ? `${JSON.stringify({ removed: id })}\n` : `${printable(id)} removed\n`,
    );
  });
}

async function withEnrolments(
  { data }: DeviceOptions,
  action: (enrolments: Enrolments) => void,
): Promise<void> {
  const enrolments = (await loadService()).openEnrolments(hubFolder(data));
  try {
    action(enrolments);
  } finally {
    enrolments.close();
  }
}

/** Keys only of an enrolment by keys. */
function shown({ primaryKey, secondaryKey, ...enrolment }: Enrolment): object {
  return enrolment.authentication === 'sas' ? { ...enrolment, primaryKey, secondaryKey } : enrolment;
}

function proofOf({ authentication, authority = '' }: Enrolment): string {
  if (authentication === 'sas') return 'key';
  return authentication === 'ca' ? `certificates of ${authority}` : 'certificate';
}

function wrongUse(message: string, hint: string): WardletError {
  return new WardletError('WL_BAD_USAGE', message, { hint });
}
