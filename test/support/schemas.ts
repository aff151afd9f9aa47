import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageSchema } from '../../src/wire/schema.ts';

const folder = join(import.meta.dirname, '../../src/wire/schema');

/** Every message schema of the tree, by its name. */
export async function allSchemas(): Promise<Map<string, MessageSchema>> {
  const schemas = new Map<string, MessageSchema>();
  for (const file of readdirSync(folder)) {
    // The benches are compiled: there, declarations and maps lie beside the code.
    if (!/(?<!\.d)\.(ts|js)$/.test(file)) continue;
    const module: Record<string, unknown> = await import(join(folder, file));
    for (const exported of Object.values(module)) {
      const schema = exported as MessageSchema; // schema files export nothing but schemas
      schemas.set(schema.name, schema);
    }
  }
  return schemas;
}
