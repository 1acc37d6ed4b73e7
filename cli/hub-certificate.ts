// wardlet hub certificate: the authorities whose devices may connect. Works on the hub's folder, whether the hub runs or not.

import { basename, extname } from 'node:path';
import { hubFolder } from './data-folder.ts';
import type { DeviceOptions } from './hub-device.ts';
import { loadService } from './service-package.ts';
import { printable, table } from './terminal.ts';
import { readTextFile } from './text-file.ts';

export async function addCertificate(
  file: string,
  { data, json, name = basename(file, extname(file)) }: DeviceOptions & { readonly name?: string },
): Promise<void> {
  const pem = readTextFile(file);
  const authorities = (await loadService()).openAuthorities(hubFolder(data));
  try {
    const { subject, thumbprint, expiresMs } = authorities.add(name, pem);
    const expires = new Date(expiresMs).toISOString();
    process.stdout.write(
      json
        ? `${JSON.stringify({ name, subject, thumbprint, expires })}\n`
        : `${printable(name)} added: ${printable(subject)}, until ${expires}\n`,
    );
  } finally {
    authorities.close();
  }
}

export async function listCertificates({ data, json }: DeviceOptions): Promise<void> {
  const authorities = (await loadService()).openAuthorities(hubFolder(data));
  try {
    const list = authorities.list().map(({ name, subject, thumbprint, expiresMs }) => ({
      name,
      subject,
      thumbprint,
      expires: new Date(expiresMs).toISOString(),
    }));
    if (json) {
      for (const certificate of list) process.stdout.write(`${JSON.stringify(certificate)}\n`);
    } else if (list.length === 0) {
      process.stdout.write('No certificates. Register one: wardlet hub certificate add ca.pem\n');
    } else {
      const rows = list.map(({ name, subject, expires }) => [printable(name), printable(subject), expires]);
      process.stdout.write(
        `${table([{ title: 'certificate' }, { title: 'of' }, { title: 'until' }], rows)}\n`,
      );
    }
  } finally {
    authorities.close();
  }
}

export async function removeCertificate(name: string, { data, json }: DeviceOptions): Promise<void> {
  const authorities = (await loadService()).openAuthorities(hubFolder(data));
  try {
    authorities.remove(name);
    process.stdout.write(json ? `${JSON.stringify({ removed: name })}\n` : `${printable(name)} removed\n`);
  } finally {
    authorities.close();
  }
}
