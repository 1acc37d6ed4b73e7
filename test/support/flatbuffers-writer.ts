// Writes FlatBuffers of any shape, also such as no encoder makes: an object named in several places is written once and
// pointed to from all of them. Parents stand before their children, each table behind a vtable of its own.

export type FlatObject = Table | Vector | Structs | Text;
export type Field = Inline | FlatObject;

/** By field id. */
export class Table {
  readonly fields: ReadonlyMap<number, Field>;

  constructor(fields: Readonly<Record<number, Field>>) {
    this.fields = new Map(Object.entries(fields).map(([id, field]) => [Number(id), field]));
  }
}

/** Of tables or texts. */
export class Vector {
  readonly elements: readonly FlatObject[];

  constructor(elements: readonly FlatObject[]) {
    this.elements = elements;
  }
}

export class Structs {
  readonly elements: readonly Uint8Array[];

  constructor(elements: readonly Uint8Array[]) {
    this.elements = elements;
  }
}

export class Text {
  readonly bytes: Uint8Array;

  constructor(text: string | Uint8Array) {
    this.bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  }
}

/** A number or a struct in the table itself. */
export class Inline {
  readonly bytes: Uint8Array;
  readonly alignment: number;

  constructor(bytes: Uint8Array, alignment: number) {
    this.bytes = bytes;
    this.alignment = alignment;
  }
}

export function table(fields: Readonly<Record<number, Field>> = {}): Table {
  return new Table(fields);
}

export function tables(...elements: readonly FlatObject[]): Vector {
  return new Vector(elements);
}

export function text(content: string | Uint8Array): Text {
  return new Text(content);
}

export function u8(value: number): Inline {
  return new Inline(Uint8Array.of(value), 1);
}

export function u16(value: number): Inline {
  return new Inline(new Uint8Array(Uint16Array.of(value).buffer), 2);
}

export function u32(value: number): Inline {
  return new Inline(new Uint8Array(Uint32Array.of(value).buffer), 4);
}

export function u64(value: bigint): Inline {
  return new Inline(new Uint8Array(BigUint64Array.of(value).buffer), 8);
}

export function struct(bytes: ArrayLike<number>, alignment = 1): Inline {
  return new Inline(Uint8Array.from(bytes), alignment);
}

export function flatbuffer(root: Table): Uint8Array {
  const places = new Map<FlatObject, number>();
  let end = 4;
  const objects = parentsFirst(root);
  for (const object of objects) {
    const at = placeOf(object, end);
    places.set(object, at);
    end = at + sizeOf(object);
  }
  const bytes = new Uint8Array((end + 7) & ~7);
  const view = new DataView(bytes.buffer);
  const point = (from: number, to: FlatObject) => view.setUint32(from, (places.get(to) ?? 0) - from, true);
  point(0, root);
  for (const object of objects) {
    const at = places.get(object) ?? 0;
    if (object instanceof Table) {
      const { offsets, size, vtable } = layoutOf(object);
      view.setInt32(at, vtable, true);
      view.setUint16(at - vtable, vtable, true);
      view.setUint16(at - vtable + 2, size, true);
      for (const [id, field] of object.fields) {
        const offset = offsets.get(id) ?? 0;
        view.setUint16(at - vtable + 4 + 2 * id, offset, true);
        if (field instanceof Inline) bytes.set(field.bytes, at + offset);
        else point(at + offset, field);
      }
    } else if (object instanceof Vector) {
      view.setUint32(at, object.elements.length, true);
      object.elements.forEach((element, index) => {
        point(at + 4 + 4 * index, element);
      });
    } else if (object instanceof Structs) {
      view.setUint32(at, object.elements.length, true);
      let place = at + 4;
      for (const element of object.elements) {
        bytes.set(element, place);
        place += element.length;
      }
    } else {
      view.setUint32(at, object.bytes.length, true);
      bytes.set(object.bytes, at + 4);
    }
  }
  return bytes;
}

/** So that every offset points forward. */
function parentsFirst(root: Table): FlatObject[] {
  const seen = new Set<FlatObject>();
  const childrenFirst: FlatObject[] = [];
  const visit = (object: FlatObject) => {
    if (seen.has(object)) return;
    seen.add(object);
    if (object instanceof Table) {
      for (const field of object.fields.values()) if (!(field instanceof Inline)) visit(field);
    }
    if (object instanceof Vector) object.elements.forEach(visit);
    childrenFirst.push(object);
  };
  visit(root);
  return childrenFirst.reverse();
}

/** Where an object stands that may begin at `from`; a table behind its vtable. Nothing needs more than 8. */
function placeOf(object: FlatObject, from: number): number {
  const head = object instanceof Table ? layoutOf(object).vtable : 0;
  return (from + head + 7) & ~7;
}

function sizeOf(object: FlatObject): number {
  if (object instanceof Table) return layoutOf(object).size;
  if (object instanceof Vector) return 4 + 4 * object.elements.length;
  if (object instanceof Structs) return object.elements.reduce((sum, { length }) => sum + length, 4);
  return 4 + object.bytes.length + 1;
}

function layoutOf({ fields }: Table): { offsets: Map<number, number>; size: number; vtable: number } {
  const offsets = new Map<number, number>();
  let size = 4;
  for (const [id, field] of fields) {
    const [length, alignment] = field instanceof Inline ? [field.bytes.length, field.alignment] : [4, 4];
    size = Math.ceil(size / alignment) * alignment;
    offsets.set(id, size);
    size += length;
  }
  return { offsets, size, vtable: 4 + 2 * Math.max(0, ...Array.from(fields.keys(), (id) => id + 1)) };
}
