/**
 * Writes the JavaScript of one decoder or encoder: one function per struct, one statement per field, for exactly one version.
 *
 * The text is made from our own schemas alone, never from anything received. A field that the version lacks becomes its
 * default when decoding; when encoding, a value other than that is refused unless the field is ignorable.
 */
import { defaultOf, isDefault } from './defaults.ts';
import { MAX_TAGGED_FIELDS, type Reader } from './reader.ts';
import type { Field, Fields, MessageSchema, PrimitiveName, Type, UnknownTaggedField } from './schema.ts';
import { includesVersion } from './versions.ts';
import { WireError } from './wire-error.ts';
import { Writer } from './writer.ts';

type StructType = Type & { kind: 'struct' };

/** Collects the functions of one codec and the objects that they refer to. */
class SourceFile {
  readonly functions: string[] = [];
  readonly constants: unknown[] = [];
  readonly #byStruct = new Map<Fields, string>();

  /** A name for a value that cannot be written as text. */
  constant(value: unknown): string {
    this.constants.push(value);
    return `c[${this.constants.length - 1}]`;
  }

  /** The function of a struct, written once however many fields share it. */
  functionOf(fields: Fields, write: () => string): string {
    let name = this.#byStruct.get(fields);
    if (name === undefined) {
      name = `f${this.#byStruct.size}`;
      this.#byStruct.set(fields, name);
      const body = write();
      this.functions.push(`function ${name}${body}`);
    }
    return name;
  }

  compile<F>(main: string, label: string): F {
    const source = `'use strict';\n${this.functions.join('\n')}\nreturn ${main};\n//# sourceURL=ottla-codec/${label}.js`;
    const factory = new Function('c', 'runtime', source);
    return factory(this.constants, runtime) as F; // the text above returns just that function
  }
}

/** What generated code calls besides the reader's and the writer's own methods. */
const runtime = {
  Writer,
  isDefault,
  fail(text: string): never {
    throw new WireError(text);
  },
  endTag(reader: Reader, end: number, name: string): void {
    if (reader.position !== end) throw new WireError(`tagged field ${name} is not as long as it says`);
  },
  /** Bytes of tagged fields, known ones (already written) and unknown ones, in ascending order of tags. */
  writeTagged(writer: Writer, known: [number, Writer][], unknown: readonly UnknownTaggedField[] | undefined): void {
    const all: [number, Writer | Buffer][] = known;
    if (unknown !== undefined) for (const { tag, data } of unknown) all.push([tag, data]);
    if (all.length > MAX_TAGGED_FIELDS) throw new WireError(`${all.length} tagged fields`);
    all.sort((a, b) => a[0] - b[0]);
    writer.uvarint(all.length);
    for (const [tag, data] of all) {
      writer.uvarint(tag);
      if (data instanceof Writer) {
        writer.uvarint(data.size);
        writer.append(data);
      } else {
        writer.uvarint(data.length);
        writer.raw(data);
      }
    }
  },
};

/** What a field is in the version at hand. */
interface FieldShape {
  readonly name: string;
  readonly field: Field;
  readonly present: boolean;
  readonly nullable: boolean;
  readonly tag: number | undefined;
  readonly flexible: boolean;
}

function shapesOf(fields: Fields, version: number, flexible: boolean): FieldShape[] {
  return Object.entries(fields).map(([name, field]) => ({
    name,
    field,
    present: includesVersion(field.versions, version),
    nullable: field.type.kind === 'records' || includesVersion(field.options.nullable, version),
    tag: includesVersion(field.options.tagged, version) ? field.options.tag : undefined,
    flexible: field.options.flexible === undefined ? flexible : includesVersion(field.options.flexible, version),
  }));
}

/** The reader's or writer's method for a value that has a length, by nullability and compactness. */
function sizedMethod(kind: 'string' | 'bytes' | 'records', nullable: boolean, flexible: boolean): string {
  const base = kind === 'string' ? 'String' : 'Bytes';
  const name = `${flexible ? 'Compact' : ''}${nullable ? 'Nullable' : ''}${base}`;
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function methodOf(kind: PrimitiveName, nullable: boolean, flexible: boolean): string {
  return kind === 'string' || kind === 'bytes' || kind === 'records' ? sizedMethod(kind, nullable, flexible) : kind;
}

// ---------------------------------------------------------------------------------------------------------------------

export function compileDecoder(schema: MessageSchema, version: number): (reader: Reader) => unknown {
  const file = new SourceFile();
  const flexible = includesVersion(schema.flexibleVersions, version);
  const main = structDecoder(file, schema.name, schema.fields, version, flexible);
  return file.compile(main, `decode/${schema.name}-v${version}`);
}

function structDecoder(file: SourceFile, name: string, fields: Fields, version: number, flexible: boolean): string {
  return file.functionOf(fields, () => {
    const shapes = shapesOf(fields, version, flexible);
    const lines: string[] = [];
    const tagged: string[] = [];
    shapes.forEach((shape, index) => {
      const local = `v${index}`;
      if (!shape.present || shape.tag !== undefined) {
        lines.push(`let ${local} = ${defaultSource(file, shape.field)};`);
        if (shape.present && shape.tag !== undefined) {
          const value = readSource(file, shape, version);
          tagged.push(
            `case ${shape.tag}: ${local} = ${value}; runtime.endTag(r, end, ${JSON.stringify(shape.name)}); break;`,
          );
        }
      } else if (shape.field.type.kind === 'array') {
        lines.push(...arrayDecoder(file, shape, local, version));
      } else {
        lines.push(`const ${local} = ${readSource(file, shape, version)};`);
      }
    });
    const object = shapes.map((shape, index) => `${shape.name}: v${index}`).join(', ');
    if (!flexible) return `(r) {\n${lines.join('\n')}\nreturn { ${object} };\n}`;
    return `(r) {
${lines.join('\n')}
let unknown;
for (let n = r.taggedFieldCount(); n > 0; n--) {
  const tag = r.uvarint();
  const size = r.uvarint();
  if (size > r.remaining) runtime.fail('tagged field ' + tag + ' of ${name} is longer than what is left');
  const end = r.position + size;
  switch (tag) {
    ${tagged.join('\n    ')}
    default: (unknown ??= []).push({ tag, data: r.view(size) });
  }
}
return unknown === undefined ? { ${object} } : { ${object === '' ? '' : `${object}, `}unknownTaggedFields: unknown };
}`;
  });
}

/** An expression that reads one value. */
function readSource(file: SourceFile, shape: FieldShape, version: number): string {
  const { field, nullable, flexible } = shape;
  const type = field.type;
  if (type.kind === 'struct') {
    const call = `${structDecoder(file, type.name, type.fields, version, flexible)}(r)`;
    if (!nullable) return call;
    // A tagged nullable struct says with a varint whether it is there, any other one with a signed byte.
    return shape.tag === undefined ? `(r.int8() < 0 ? null : ${call})` : `(r.uvarint() === 0 ? null : ${call})`;
  }
  if (type.kind === 'array') {
    const body = arrayDecoder(file, shape, 'a', version).join('\n');
    return `(() => { ${body} return a; })()`;
  }
  return `r.${methodOf(type.kind, nullable, flexible)}()`;
}

/** Statements that leave an array (or null) in `local`. */
function arrayDecoder(file: SourceFile, shape: FieldShape, local: string, version: number): string[] {
  const { field, nullable, flexible, name } = shape;
  const type = field.type as Type & { kind: 'array' }; // callers have looked at the kind
  const element = type.element;
  const item =
    element.kind === 'struct'
      ? `${structDecoder(file, element.name, element.fields, version, flexible)}(r)`
      : `r.${methodOf(element.kind as PrimitiveName, false, flexible)}()`; // no array of arrays exists
  const count = flexible ? 'r.compactArrayCount()' : 'r.arrayCount()';
  const whenNull = nullable ? `${local} = null;` : `runtime.fail('null array ${name} where none may be');`;
  return [
    `let ${local};`,
    `{ const n = ${count};`,
    `if (n < 0) { ${whenNull} } else { ${local} = []; for (let i = 0; i < n; i++) ${local}.push(${item}); } }`,
  ];
}

function defaultSource(file: SourceFile, field: Field): string {
  const value = defaultOf(field);
  if (Array.isArray(value)) return '[]';
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return file.constant(value); // a default struct or empty buffer is shared: values are read-only
}

// ---------------------------------------------------------------------------------------------------------------------

export function compileEncoder(schema: MessageSchema, version: number): (writer: Writer, value: unknown) => void {
  const file = new SourceFile();
  const flexible = includesVersion(schema.flexibleVersions, version);
  const main = structEncoder(file, schema.name, schema.fields, version, flexible);
  return file.compile(main, `encode/${schema.name}-v${version}`);
}

function structEncoder(file: SourceFile, name: string, fields: Fields, version: number, flexible: boolean): string {
  return file.functionOf(fields, () => {
    const lines: string[] = [];
    const tagged: string[] = [];
    for (const shape of shapesOf(fields, version, flexible)) {
      const { field } = shape;
      if (!shape.present) {
        if (field.options.ignorable) continue;
        const text = `${name}.${shape.name} cannot be said in version ${version}`;
        lines.push(
          `if (o.${shape.name} !== undefined && !runtime.isDefault(${file.constant(field)}, o.${shape.name})) runtime.fail(${JSON.stringify(text)});`,
        );
        continue;
      }
      if (shape.tag !== undefined) {
        tagged.push(
          `if (o.${shape.name} !== undefined && !runtime.isDefault(${file.constant(field)}, o.${shape.name})) {
  const v = o.${shape.name}; const w = new runtime.Writer(64);
  ${writeSource(file, name, shape, version)}
  known.push([${shape.tag}, w]);
}`,
        );
        continue;
      }
      const missing = defaultSource(file, field);
      lines.push(
        `{ let v = o.${shape.name}; if (v === undefined) v = ${missing};\n${writeSource(file, name, shape, version)} }`,
      );
    }
    if (flexible) {
      if (tagged.length === 0) {
        lines.push('if (o.unknownTaggedFields === undefined) w.int8(0);');
        lines.push('else runtime.writeTagged(w, [], o.unknownTaggedFields);');
      } else {
        lines.push(`const known = [];\n${tagged.join('\n')}`);
        lines.push('if (known.length === 0 && o.unknownTaggedFields === undefined) w.int8(0);');
        lines.push('else runtime.writeTagged(w, known, o.unknownTaggedFields);');
      }
    }
    return `(w, o) {\n${lines.join('\n')}\n}`;
  });
}

/** Statements that write `v`. */
function writeSource(file: SourceFile, owner: string, shape: FieldShape, version: number): string {
  const { field, nullable, flexible } = shape;
  const type = field.type;
  const nullText = JSON.stringify(`${owner}.${shape.name} may not be null in version ${version}`);
  const refuseNull = nullable ? '' : `if (v === null) runtime.fail(${nullText});`;
  switch (type.kind) {
    case 'struct':
      return structWriteSource(file, type, shape, version, refuseNull);
    case 'array': {
      const element = type.element;
      const item =
        element.kind === 'struct'
          ? `${structEncoder(file, element.name, element.fields, version, flexible)}(w, v[i])`
          : `w.${methodOf(element.kind as PrimitiveName, false, flexible)}(v[i])`; // no array of arrays exists
      const [writeNull, writeCount] = flexible
        ? ['w.int8(0);', 'w.uvarint(v.length + 1);']
        : ['w.int32(-1);', 'w.int32(v.length);'];
      const loop = `${writeCount} for (let i = 0; i < v.length; i++) ${item};`;
      return nullable ? `if (v === null) { ${writeNull} } else { ${loop} }` : `${refuseNull} ${loop}`;
    }
    case 'string':
    case 'bytes':
    case 'records':
      return `${refuseNull} w.${sizedMethod(type.kind, nullable, flexible)}(v);`;
    default:
      return `w.${type.kind}(v);`;
  }
}

function structWriteSource(
  file: SourceFile,
  type: StructType,
  shape: FieldShape,
  version: number,
  refuseNull: string,
): string {
  const call = `${structEncoder(file, type.name, type.fields, version, shape.flexible)}(w, v);`;
  if (!shape.nullable) return `${refuseNull} ${call}`;
  return shape.tag === undefined
    ? `if (v === null) w.int8(-1); else { w.int8(1); ${call} }`
    : `if (v === null) w.uvarint(0); else { w.uvarint(1); ${call} }`;
}
