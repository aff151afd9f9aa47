import { expect, test } from 'vitest';
import type { Field, MessageSchema, Type } from '../../../src/wire/schema.ts';
import { readFacts } from '../../support/golden.ts';
import { allSchemas } from '../../support/schemas.ts';

interface FactField {
  name: string;
  type: string;
  fields?: FactField[];
  default?: string;
  [key: string]: unknown;
}

interface FactMessage {
  name: string;
  validVersions: string;
  fields: FactField[];
  commonStructs?: { name: string; versions: string; fields: FactField[] }[];
  [key: string]: unknown;
}

const facts = readFacts<{ messages: FactMessage[] }>('messages.json').messages.filter(
  (message) => message.validVersions !== 'none',
);
const schemas = await allSchemas();

/** A schema said in the words of messages.json. */
function messageFacts(schema: MessageSchema): object {
  const common = new Map<string, object>();
  const fields = Object.entries(schema.fields).map(([name, field]) => fieldFacts(name, field, common));
  return {
    name: schema.name,
    type: schema.kind,
    apiKey: schema.apiKey,
    listeners: schema.listeners,
    validVersions: schema.versions,
    flexibleVersions: schema.flexibleVersions,
    latestVersionUnstable: schema.latestVersionUnstable,
    fields,
    commonStructs: common,
  };
}

function typeName(type: Type): string {
  if (type.kind === 'array') return `[]${typeName(type.element)}`;
  return type.kind === 'struct' ? type.name : type.kind;
}

function fieldFacts(name: string, field: Field, common: Map<string, object>): object {
  const element = field.type.kind === 'array' ? field.type.element : field.type;
  let fields: object[] | undefined;
  if (element.kind === 'struct') {
    const inner = Object.entries(element.fields).map(([innerName, value]) => fieldFacts(innerName, value, common));
    if (element.versions === undefined) fields = inner;
    else common.set(element.name, { name: element.name, versions: element.versions, fields: inner });
  }
  const { options } = field;
  return {
    name: name.charAt(0).toUpperCase() + name.slice(1),
    type: typeName(field.type),
    versions: field.versions,
    nullableVersions: options.nullable,
    taggedVersions: options.tagged,
    tag: options.tag,
    flexibleVersions: options.flexible,
    default: options.default === undefined ? undefined : String(options.default),
    ignorable: options.ignorable,
    mapKey: options.mapKey,
    entityType: options.entityType,
    zeroCopy: options.zeroCopy,
    fields,
  };
}

/** The facts of one message without what a schema does not say (the official module), and 2^63-1 as a `number`. */
function expected(fact: FactMessage): object {
  const { module: _module, commonStructs, ...rest } = fact;
  const capitalised = (field: FactField): FactField => ({
    ...field,
    name: field.name.charAt(0).toUpperCase() + field.name.slice(1),
    ...(field.default === '9223372036854775807' ? { default: String(2 ** 63) } : {}),
    ...(field.fields === undefined ? {} : { fields: field.fields.map(capitalised) }),
  });
  return {
    ...rest,
    fields: rest.fields.map(capitalised),
    commonStructs: new Map(
      (commonStructs ?? []).map((shared) => [shared.name, { ...shared, fields: shared.fields.map(capitalised) }]),
    ),
  };
}

test.each(facts.map((fact) => [fact.name, fact] as const))('%s is as the protocol facts say', (name, fact) => {
  const schema = schemas.get(name);
  if (schema === undefined) throw new Error(`no schema ${name}`);
  expect(messageFacts(schema)).toEqual(expected(fact));
});

test('there is no schema without facts', () => {
  const known = new Set(facts.map((fact) => fact.name));
  expect([...schemas.keys()].filter((name) => !known.has(name))).toEqual([]);
});
