// NetworkActivityCommon of schema 2.3; zeros are left out.

// Which fields are present, bit by field id.
const HAS_LOCAL_PORT: u32 = 1;
const HAS_REMOTE_PORT: u32 = 2;
const HAS_BYTES_IN: u32 = 4;
const HAS_BYTES_OUT: u32 = 8;
const HAS_PROTOCOL: u32 = 16;

const VTABLE_HEADER: u32 = 4;
const OFFSET: u32 = 4;

/** Those that an entry has: its vtable is known by them. */
export function fieldsOf(ports: u32, protocol: u32, bytesIn: u64, bytesOut: u64): u32 {
  return (
    (ports & 0xffff ? HAS_LOCAL_PORT : 0) |
    (ports >> 16 ? HAS_REMOTE_PORT : 0) |
    (bytesIn ? HAS_BYTES_IN : 0) |
    (bytesOut ? HAS_BYTES_OUT : 0) |
    (protocol ? HAS_PROTOCOL : 0)
  );
}

export function commonSize(mask: u32): u32 {
  const counters = popcnt<u32>(mask & (HAS_BYTES_IN | HAS_BYTES_OUT)) << 2;
  const ports = popcnt<u32>(mask & (HAS_LOCAL_PORT | HAS_REMOTE_PORT)) << 1;
  return (OFFSET + counters + ports + (mask & HAS_PROTOCOL ? 1 : 0) + 3) & ~3;
}

export function vtableSize(mask: u32): u32 {
  return (VTABLE_HEADER + ((32 - clz<u32>(mask)) << 1) + 3) & ~3;
}

/** common: points to its vtable already. */
export function writeCommon(
  common: usize,
  mask: u32,
  ports: u32,
  protocol: u32,
  bytesIn: u32,
  bytesOut: u32,
): void {
  // Clears the padding; a table has a byte count, so this is not its offset to the vtable.
  store<u32>(common + commonSize(mask) - 4, 0);
  let end = common + OFFSET;
  if (mask & HAS_BYTES_IN) {
    store<u32>(end, bytesIn);
    end += 4;
  }
  if (mask & HAS_BYTES_OUT) {
    store<u32>(end, bytesOut);
    end += 4;
  }
  if (mask & HAS_LOCAL_PORT) {
    store<u16>(end, bswap<u16>(<u16>ports));
    end += 2;
  }
  if (mask & HAS_REMOTE_PORT) {
    store<u16>(end, bswap<u16>(<u16>(ports >> 16)));
    end += 2;
  }
  if (mask & HAS_PROTOCOL) store<u8>(end, protocol);
}

/** Fields in the order that writeCommon has them in. */
export function writeCommonVtable(mask: u32, at: usize): void {
  memory.fill(at, 0, vtableSize(mask));
  // The last field present ends the vtable; the padding behind it is not part of it.
  store<u16>(at, VTABLE_HEADER + ((32 - clz<u32>(mask)) << 1));
  store<u16>(at, commonSize(mask), 2);
  let offset = OFFSET;
  offset = placeField(at, mask, HAS_BYTES_IN, 4, offset);
  offset = placeField(at, mask, HAS_BYTES_OUT, 4, offset);
  offset = placeField(at, mask, HAS_LOCAL_PORT, 2, offset);
  offset = placeField(at, mask, HAS_REMOTE_PORT, 2, offset);
  placeField(at, mask, HAS_PROTOCOL, 1, offset);
}

function placeField(vtable: usize, mask: u32, field: u32, width: u32, offset: u32): u32 {
  if (!(mask & field)) return offset;
  store<u16>(vtable + (ctz<u32>(field) << 1), offset, 4);
  return offset + width;
}
