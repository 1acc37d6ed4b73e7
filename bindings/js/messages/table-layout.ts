// What a vtable says about its tables, checked once for all that share it: thousands of flows have a handful of shapes.

import type { FlatBufferReader } from './flatbuffer-reader.ts';

const LAYOUTS_KNOWN = 64;

/** To be extended by a type of table: by field, where in the table it stands, 0 when absent. */
export class TableLayout {
  /** Position of the vtable. */
  readonly vtable: number;
  /** Bytes of a table. */
  readonly size: number;

  /** Of the table at `table`, where 4 bytes can be read. @throws WardletError WL_BAD_MESSAGE */
  constructor(reader: FlatBufferReader, table: number, what: string) {
    this.vtable = reader.vtable(table, what);
    this.size = reader.view.getUint16(this.vtable + 2, true);
  }
}

/** The layouts of one type of table in one message. */
export class LayoutCache<Layout extends TableLayout> {
  readonly #reader: FlatBufferReader;
  readonly #what: string;
  readonly #read: (table: number) => Layout;
  readonly #known = new Map<number, Layout>();
  #latest: Layout | undefined;

  constructor(reader: FlatBufferReader, what: string, read: (table: number) => Layout) {
    this.#reader = reader;
    this.#what = what;
    this.#read = read;
  }

  /**
   * The layout of the table at `table`, where 4 bytes can be read; every field it names can be read then.
   * @throws WardletError WL_BAD_MESSAGE
   */
  of(table: number): Layout {
    const reader = this.#reader;
    const vtable = table - reader.view.getInt32(table, true);
    let layout = this.#latest;
    if (layout === undefined || layout.vtable !== vtable) {
      layout = this.#known.get(vtable);
      if (layout === undefined) {
        layout = this.#read(table);
        // An honest message has a handful.
        if (this.#known.size === LAYOUTS_KNOWN) this.#known.clear();
        this.#known.set(vtable, layout);
      }
      this.#latest = layout;
    }
    if (layout.size > reader.end - table) reader.cutTable(this.#what, table, layout.size);
    return layout;
  }
}
