// The scripts ask every API that Ottla advertises in every version.

import { expect, test } from 'vitest';
import { everyApi } from '../../../scripts/generate-api-table.ts';
import { scripts } from './scripts/index.ts';

/** Apache Kafka offers them with a receiver alone, and comes without one. */
const withoutReference = new Set(['GetTelemetrySubscriptions', 'PushTelemetry']);

test('each API and version that is advertised is compared in some script', () => {
  const asked = new Set<string>();
  for (const { steps } of scripts) {
    for (const step of steps) {
      if ('api' in step && step.setup === undefined) asked.add(`${step.api} v${step.version}`);
    }
  }
  const compared = everyApi().filter(({ name }) => !withoutReference.has(name));
  const missing = compared.flatMap(({ name, advertised: { min, max } }) =>
    Array.from({ length: max - min + 1 }, (_, i) => `${name} v${min + i}`).filter((pair) => !asked.has(pair)),
  );
  expect(missing).toEqual([]);
});
