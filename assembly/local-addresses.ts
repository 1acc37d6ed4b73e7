// The device's own addresses: they decide direction. A linear search; a device has a few.

import {
  AGENT,
  AGENT_LOCALS_V4_END,
  AGENT_LOCALS_V6_END,
  LOCAL_V4_SIZE,
  LOCAL_V6_SIZE,
  LOCALS_V4,
  LOCALS_V6,
} from './memory';

export function isLocalV4(address: u32): bool {
  const end: usize = load<u32>(AGENT, AGENT_LOCALS_V4_END);
  for (let at: usize = LOCALS_V4; at < end; at += LOCAL_V4_SIZE) {
    if (load<u32>(at) === address) return true;
  }
  return false;
}

/** address: 16 bytes, any alignment. */
export function isLocalV6(address: usize): bool {
  const high = load<u64>(address);
  const low = load<u64>(address, 8);
  const end: usize = load<u32>(AGENT, AGENT_LOCALS_V6_END);
  for (let at: usize = LOCALS_V6; at < end; at += LOCAL_V6_SIZE) {
    if (load<u64>(at, 8) === low && load<u64>(at) === high) return true;
  }
  return false;
}

/** 224.0.0.0/4, 255.255.255.255, and the broadcast address of a subnet whose prefix is configured. */
export function isUnicastV4(address: u32): bool {
  if ((address & 0xf0) === 0xe0 || address === 0xffffffff) return false;
  const end: usize = load<u32>(AGENT, AGENT_LOCALS_V4_END);
  for (let at: usize = LOCALS_V4; at < end; at += LOCAL_V4_SIZE) {
    // 0 stands for no broadcast address; 0.0.0.0 as a remote is unicast then.
    if (address !== 0 && load<u32>(at, 4) === address) return false;
  }
  return true;
}

/** ff00::/8. */
export function isUnicastV6(address: usize): bool {
  return load<u8>(address) !== 0xff;
}

/** Of a subnet that the device is in, as far as its prefix is known. address: host order. */
export function isNearV4(address: u32): bool {
  const end = load<usize>(AGENT, AGENT_LOCALS_V4_END);
  for (let local: usize = LOCALS_V4; local < end; local += LOCAL_V4_SIZE) {
    const broadcast = bswap<u32>(load<u32>(local, 4));
    if (broadcast === 0) continue;
    // The host's part: all ones in the broadcast address. Where the network's part ends in ones, a neighbour network is near, too.
    const host: u32 = <u32>((1 << ctz<u32>(~broadcast)) - 1);
    if ((address | host) === broadcast) return true;
  }
  return false;
}

/** high: the first half of the address. Of a /64 that the device is in. */
export function isNearV6(high: u64): bool {
  const end = load<usize>(AGENT, AGENT_LOCALS_V6_END);
  for (let local: usize = LOCALS_V6; local < end; local += LOCAL_V6_SIZE) {
    if (load<u64>(local) === high) return true;
  }
  return false;
}
