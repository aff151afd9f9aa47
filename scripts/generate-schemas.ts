/**
 * Writes src/wire/schema/ and the two record tables from the facts (test/golden/protocol/messages.json). What it writes is
 * read and reviewed like code written by hand; run it again only when the facts move to another release of Kafka:
 * `npm run build && node dist/scripts/generate-schemas.js && npm run format`.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

interface FactField {
  name: string;
  type: string;
  versions: string;
  nullableVersions?: string;
  taggedVersions?: string;
  tag?: number;
  flexibleVersions?: string;
  default?: string;
  ignorable?: boolean;
  mapKey?: boolean;
  entityType?: string;
  zeroCopy?: boolean;
  fields?: FactField[];
}

interface FactMessage {
  name: string;
  type: string;
  apiKey?: number;
  module?: string;
  listeners?: string[];
  validVersions: string;
  flexibleVersions: string;
  latestVersionUnstable?: boolean;
  fields: FactField[];
  commonStructs?: { name: string; versions: string; fields: FactField[] }[];
}

const messages: FactMessage[] = JSON.parse(readFileSync('test/golden/protocol/messages.json', 'utf8')).messages;

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
const kebab = (text: string) => text.replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase();
const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fileOf(message: FactMessage): string {
  if (message.type === 'request' || message.type === 'response') {
    return kebab(message.name.replace(/(Request|Response)$/, ''));
  }
  if (message.type.startsWith('coordinator-')) return `${kebab(message.name.replace(/(Key|Value)$/, ''))}-record`;
  return kebab(message.name);
}

function defaultSource(type: string, text: string): string {
  if (text === 'null' || type === 'bool') return text;
  if (type === 'string' || type === 'uuid') return quote(text);
  return Number.isSafeInteger(Number(text)) ? String(Number(text)) : 'INT64_MAX';
}

type CommonStruct = NonNullable<FactMessage['commonStructs']>[number];

/** Each struct behind those that its fields are made of. */
function inDependencyOrder(structs: readonly CommonStruct[]): CommonStruct[] {
  const ordered: CommonStruct[] = [];
  const visit = (shared: CommonStruct) => {
    if (ordered.includes(shared)) return;
    for (const inner of shared.fields) {
      const used = structs.find((other) => other.name === inner.type.replace('[]', ''));
      if (used !== undefined) visit(used);
    }
    ordered.push(shared);
  };
  structs.forEach(visit);
  return ordered;
}

/** One schema file: collects what it must import while it is written. */
class SchemaFile {
  readonly imports = new Set<string>(['message']);
  readonly body: string[] = [];
  usesInt64Max = false;

  type(type: string, fields: FactField[] | undefined, common: Map<string, string>): string {
    if (type.startsWith('[]')) {
      this.imports.add('array');
      return `array(${this.type(type.slice(2), fields, common)})`;
    }
    const shared = common.get(type);
    if (shared !== undefined) return shared;
    if (fields !== undefined) {
      this.imports.add('struct');
      return `struct(${quote(type)}, ${this.fields(fields, common)})`;
    }
    this.imports.add(type);
    return type;
  }

  fields(fields: FactField[], common: Map<string, string>): string {
    return `{\n${fields.map((field) => `${lowerFirst(field.name)}: ${this.field(field, common)},`).join('\n')}\n}`;
  }

  field(fact: FactField, common: Map<string, string>): string {
    const options: string[] = [];
    if (fact.nullableVersions !== undefined) options.push(`nullable: ${quote(fact.nullableVersions)}`);
    if (fact.tag !== undefined) options.push(`tag: ${fact.tag}, tagged: ${quote(fact.taggedVersions ?? '')}`);
    if (fact.flexibleVersions !== undefined) options.push(`flexible: ${quote(fact.flexibleVersions)}`);
    if (fact.default !== undefined) {
      const value = defaultSource(fact.type, fact.default);
      if (value === 'INT64_MAX') this.usesInt64Max = true;
      options.push(`default: ${value}`);
    }
    if (fact.ignorable) options.push('ignorable: true');
    if (fact.mapKey) options.push('mapKey: true');
    if (fact.entityType !== undefined) options.push(`entityType: ${quote(fact.entityType)}`);
    if (fact.zeroCopy) options.push('zeroCopy: true');
    const type = this.type(fact.type, fact.fields, common);
    const tail = options.length === 0 ? '' : `, { ${options.join(', ')} }`;
    this.imports.add('field');
    return `field(${type}, ${quote(fact.versions)}${tail})`;
  }

  message(fact: FactMessage): void {
    const common = new Map<string, string>();
    for (const shared of inDependencyOrder(fact.commonStructs ?? [])) {
      const name = lowerFirst(fact.name) + shared.name;
      this.imports.add('struct');
      this.body.push(
        `const ${name} = struct(${quote(shared.name)}, ${this.fields(shared.fields, common)}, ${quote(shared.versions)});`,
      );
      common.set(shared.name, name);
    }
    const rows = [`name: ${quote(fact.name)}`, `kind: ${quote(fact.type)}`];
    if (fact.apiKey !== undefined) rows.push(`apiKey: ${fact.apiKey}`);
    if (fact.listeners !== undefined) rows.push(`listeners: [${fact.listeners.map(quote).join(', ')}]`);
    rows.push(`versions: ${quote(fact.validVersions)}`, `flexibleVersions: ${quote(fact.flexibleVersions)}`);
    if (fact.latestVersionUnstable) rows.push('latestVersionUnstable: true');
    rows.push(`fields: () => (${this.fields(fact.fields, common)})`);
    const schema = lowerFirst(fact.name);
    this.body.push(`export const ${schema} = message({\n${rows.join(',\n')},\n});`);
    this.body.push(`export type ${fact.name} = ValueOf<typeof ${schema}>;`);
  }

  text(): string {
    const int64Max = this.usesInt64Max ? "import { INT64_MAX } from '../int64.ts';\n" : '';
    const names = [...this.imports].sort().join(', ');
    return `${int64Max}import { ${names}, type ValueOf } from '../schema.ts';\n\n${this.body.join('\n\n')}\n`;
  }
}

const files = new Map<string, FactMessage[]>();
for (const message of messages) {
  if (message.validVersions === 'none') continue;
  const file = fileOf(message);
  files.set(file, [...(files.get(file) ?? []), message]);
}

rmSync('src/wire/schema', { recursive: true, force: true });
mkdirSync('src/wire/schema', { recursive: true });
for (const [file, group] of files) {
  const schemaFile = new SchemaFile();
  for (const message of group) schemaFile.message(message);
  writeFileSync(`src/wire/schema/${file}.ts`, schemaFile.text());
}

function recordTable(module: string[], type: string, constant: string, doc: string): string {
  const rows = messages
    .filter((message) => message.type === type && module.includes(message.module ?? ''))
    .sort((a, b) => (a.apiKey ?? 0) - (b.apiKey ?? 0));
  const imports = rows
    .map((row) => `import { ${lowerFirst(row.name)} } from './schema/${fileOf(row)}.ts';`)
    .sort()
    .join('\n');
  const entries = rows.map((row) => `  ${row.name}: ${lowerFirst(row.name)},`).join('\n');
  return `${imports}\nimport type { MessageSchema } from './schema.ts';\n\n/** ${doc} */\nexport const ${constant} = {\n${entries}\n} as const satisfies Record<string, MessageSchema>;\n`;
}

writeFileSync(
  'src/wire/metadata-records.ts',
  recordTable(
    ['metadata'],
    'metadata',
    'metadataRecordSchemas',
    'Every record type of `__cluster_metadata`, in order of its record type.',
  ),
);
