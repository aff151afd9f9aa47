// The pages of docs/ that are made from the code say what the code says.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderApis } from '../../scripts/generate-api-table.ts';
import { renderTools } from '../compat/tools/results.ts';

const page = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

test('docs/apis.md says which APIs there are (npm run docs)', () => {
  expect(page('apis.md')).toBe(renderApis());
});

test('docs/tools.md is what the last full run found, and that run was of these scripts (npm run test:tools)', () => {
  expect(page('tools.md')).toBe(renderTools());
});
