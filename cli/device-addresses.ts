// Whose capture it is: the device's addresses as given, or as the beginning of the capture makes them likely.

import { WardletError } from '../bindings/js/errors.ts';
import type { Capture } from '../host/capture/capture.ts';
import { type DeviceProposal, proposeDevice } from '../host/inspection/device-proposal.ts';
import { LINK_NAMES } from '../host/inspection/ip-header.ts';
import { SampledCapture } from '../host/inspection/sampled-capture.ts';

export interface DeviceOfCapture {
  /** The capture to go on with: its beginning may have been looked at. */
  readonly capture: Capture;
  readonly localAddresses: readonly string[];
  readonly proposal?: DeviceProposal;
}

/** Bytes of frames looked at to propose a device. */
const SAMPLE_BYTES = 8 << 20;

/** local: comma separated. @throws WardletError WL_NO_DEVICE */
export async function deviceOfCapture(opened: Capture, local: string | undefined): Promise<DeviceOfCapture> {
  if (local !== undefined) {
    const localAddresses = local.split(',').map((address) => address.trim());
    return { capture: opened, localAddresses };
  }
  const capture = await SampledCapture.open(opened, SAMPLE_BYTES);
  const proposal = proposeDevice(capture.sample);
  if (proposal === undefined) {
    // Let a fault of the file speak first: it explains an empty beginning.
    if (capture.sample.length === 0) await capture.fill(new Uint8Array(65536));
    const fault =
      capture.sample.length === 0
        ? 'the capture holds no packet that could tell which address is the device'
        : 'no packet of the capture tells which address is the device';
    throw new WardletError('WL_NO_DEVICE', fault, {
      hint: 'say so: --local 192.168.1.50 (several with commas)',
    });
  }
  return { capture, localAddresses: proposal.localAddresses, proposal };
}

/** A capture of which the core can read nothing is a mistake of the person, not traffic that happens to be ignored. */
export function checkLinks(name: string, { links }: Capture): void {
  if (links.size === 0 || [...links].some((link) => LINK_NAMES.has(link))) return;
  const names = [...new Set(LINK_NAMES.values())].join(', ');
  throw new WardletError(
    'WL_UNKNOWN_LINK',
    `${name} has link type ${[...links].join(', ')}, which the core does not read`,
    {
      hint: `capture on an interface of one of these link types: ${names} (tcpdump -L lists what an interface offers)`,
    },
  );
}
