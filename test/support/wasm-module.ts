// A WebAssembly module as its sections say it is: what the engine's own reflection does not show.

const SECTION_TYPE = { memory: 5, global: 6, start: 8, code: 10 } as const;

export interface WasmGlobal {
  readonly isMutable: boolean;
}

export interface WasmModule {
  readonly sections: ReadonlySet<number>;
  readonly hasStart: boolean;
  /** Pages. */
  readonly memory: { readonly least: number; readonly most: number | undefined };
  readonly globals: readonly WasmGlobal[];
  /** Opcodes of every function body; 0xfc.. and 0xfd.. with their second number: 0xfc00 | n. */
  readonly opcodes: ReadonlySet<number>;
}

export function readWasmModule(bytes: Uint8Array): WasmModule {
  const reader = new Reader(bytes, 8);
  const sections = new Map<number, Reader>();
  while (!reader.isAtEnd) {
    const type = reader.byte();
    const length = reader.unsigned();
    sections.set(type, reader.take(length));
  }
  return {
    sections: new Set(sections.keys()),
    hasStart: sections.has(SECTION_TYPE.start),
    memory: readMemory(sections.get(SECTION_TYPE.memory)),
    globals: readGlobals(sections.get(SECTION_TYPE.global)),
    opcodes: readOpcodes(sections.get(SECTION_TYPE.code)),
  };
}

function readMemory(section: Reader | undefined): WasmModule['memory'] {
  if (section?.unsigned() !== 1) throw new Error('not one memory');
  const hasMost = section.byte() & 1;
  const least = section.unsigned();
  return { least, most: hasMost ? section.unsigned() : undefined };
}

function readGlobals(section: Reader | undefined): WasmGlobal[] {
  const globals: WasmGlobal[] = [];
  for (let left = section?.unsigned() ?? 0; section && left > 0; left--) {
    section.byte();
    globals.push({ isMutable: section.byte() !== 0 });
    while (section.instruction() !== 0x0b);
  }
  return globals;
}

function readOpcodes(section: Reader | undefined): Set<number> {
  const opcodes = new Set<number>();
  for (let left = section?.unsigned() ?? 0; section && left > 0; left--) {
    const body = section.take(section.unsigned());
    for (let locals = body.unsigned(); locals > 0; locals--) {
      body.unsigned();
      body.byte();
    }
    while (!body.isAtEnd) opcodes.add(body.instruction());
  }
  return opcodes;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Error('the module ends early');
    return byte;
  }

  take(length: number): Reader {
    const part = new Reader(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    return part;
  }

  /** LEB128, up to 32 bits; of longer and signed ones only the length matters here. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** Reads one instruction with its immediates (WebAssembly 2.0, 5.4). Returns its opcode. */
  instruction(): number {
    const opcode = this.byte();
    if (opcode === 0xfc || opcode === 0xfd) {
      const second = this.unsigned();
      // memory.init, memory.copy, memory.fill and their like; no other is expected.
      const immediates = opcode === 0xfd ? -1 : second < 8 ? 0 : ({ 8: 2, 9: 1, 10: 2, 11: 1 }[second] ?? -1);
      if (immediates < 0) throw new Error(`unexpected instruction ${opcode.toString(16)} ${second}`);
      for (let left = immediates; left > 0; left--) this.unsigned();
      return (opcode << 8) | second;
    }
    if (opcode >= 0x28 && opcode <= 0x3e) {
      // Loads and stores: alignment, offset.
      this.unsigned();
      this.unsigned();
    } else if (opcode === 0x0e) {
      for (let left = this.unsigned() + 1; left > 0; left--) this.unsigned();
    } else if (opcode === 0x11) {
      this.unsigned();
      this.unsigned();
    } else if (opcode === 0x43) {
      this.take(4);
    } else if (opcode === 0x44) {
      this.take(8);
    } else if (ONE_IMMEDIATE.has(opcode)) {
      this.unsigned();
    }
    return opcode;
  }
}

// block, loop, if, br, br_if, call, local and global access, memory.size, memory.grow, i32.const, i64.const.
const ONE_IMMEDIATE = new Set([
  0x02, 0x03, 0x04, 0x0c, 0x0d, 0x10, 0x20, 0x21, 0x22, 0x23, 0x24, 0x3f, 0x40, 0x41, 0x42,
]);
