// The pages of docs/ that are made from the code say what the code says.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderApis } from '../../scripts/generate-api-table.ts';

const page = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

test('docs/apis.md says which APIs there are (npm run docs)', () => {
  expect(page('apis.md')).toBe(renderApis());
});
