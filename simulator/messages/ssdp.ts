// Simple service discovery of UPnP (UPnP Device Architecture 1.1, 1.2 and 1.3): HTTP's words in datagrams.

export const SSDP_PORT = 1900;
export const SSDP_GROUP = '239.255.255.250';

const encoder = new TextEncoder();

export function ssdpSearch(target: string): Uint8Array {
  return message('M-SEARCH * HTTP/1.1', [
    `HOST: ${SSDP_GROUP}:${SSDP_PORT}`,
    'MAN: "ssdp:discover"',
    'MX: 3',
    `ST: ${target}`,
  ]);
}

export function ssdpAnswer(target: string, location: string): Uint8Array {
  return message('HTTP/1.1 200 OK', [
    'CACHE-CONTROL: max-age=1800',
    'EXT:',
    `LOCATION: ${location}`,
    'SERVER: Linux/4.9 UPnP/1.0 device/2.1',
    `ST: ${target}`,
    `USN: uuid:2f402f80-da50-11e1-9b23-${location.length.toString(16).padStart(12, '0')}::${target}`,
  ]);
}

export function ssdpNotify(target: string, location: string): Uint8Array {
  return message('NOTIFY * HTTP/1.1', [
    `HOST: ${SSDP_GROUP}:${SSDP_PORT}`,
    'CACHE-CONTROL: max-age=1800',
    `LOCATION: ${location}`,
    `NT: ${target}`,
    'NTS: ssdp:alive',
  ]);
}

function message(first: string, headers: readonly string[]): Uint8Array {
  return encoder.encode([first, ...headers, '', ''].join('\r\n'));
}
