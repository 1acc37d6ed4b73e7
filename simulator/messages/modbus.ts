// Modbus over TCP (MODBUS Messaging on TCP/IP Implementation Guide 1.0b): read holding registers, and what they hold.

export const MODBUS_PORT = 502;
const READ_HOLDING_REGISTERS = 3;

export function modbusRead(transaction: number, unit: number, address: number, count: number): Uint8Array {
  return withHeader(transaction, unit, [
    READ_HOLDING_REGISTERS,
    address >> 8,
    address & 0xff,
    count >> 8,
    count & 0xff,
  ]);
}

/** registers: two bytes each. */
export function modbusValues(transaction: number, unit: number, registers: Uint8Array): Uint8Array {
  return withHeader(transaction, unit, [READ_HOLDING_REGISTERS, registers.length, ...registers]);
}

function withHeader(transaction: number, unit: number, body: readonly number[]): Uint8Array {
  const length = body.length + 1;
  return Uint8Array.of(transaction >> 8, transaction, 0, 0, length >> 8, length, unit, ...body);
}
