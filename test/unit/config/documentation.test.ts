import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderConfiguration } from '../../../scripts/generate-config-table.ts';

test('docs/configuration.md says what the code says (npm run build && node dist/scripts/generate-config-table.js)', () => {
  const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  expect(page).toBe(renderConfiguration());
});
