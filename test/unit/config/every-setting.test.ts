// Every broker setting of Apache Kafka, from a file and from the environment. What the official classes make of good and bad values is
// compared in test/compat/config.

import { describe, expect, test } from 'vitest';
import type { BrokerConfigName } from '../../../src/config/broker-configs.ts';
import { loadNodeConfig } from '../../../src/config/node-config.ts';
import { readFacts } from '../../support/golden.ts';

// The names are those of our table; another test says so.
const { broker } = readFacts<{ broker: { name: BrokerConfigName; default?: string | null }[] }>('configs.json');

const base: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  listeners: 'PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093',
  'controller.quorum.bootstrap.servers': '127.0.0.1:9093',
};

/** As the official image names it. */
function variableOf(name: string): string {
  return `KAFKA_${name.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_').toUpperCase()}`;
}

/** Settings that cannot stand beside the others with their default, because the base sets what they follow. */
const bound = new Set(['listeners', 'node.id', 'broker.id', 'listener.security.protocol.map']);
const settings = broker.filter(({ name }) => !(name in base) && !bound.has(name));

describe('every setting', () => {
  test('is known, and its default is accepted, from a file', () => {
    const lines = settings.map(({ name, default: text }) => `${name}=${text ?? ''}`);
    for (const [index, { name, default: text }] of settings.entries()) {
      if (text === null || text === undefined) continue;
      const file = [...Object.entries(base).map((entry) => entry.join('=')), lines[index]].join('\n');
      const config = loadNodeConfig({ file });
      expect([name, config.unknownNames, config.isSet(name)]).toEqual([name, [], true]);
    }
    expect(settings.length).toBeGreaterThan(300);
  });

  test('has a variable in the environment', () => {
    const given = settings.filter(({ default: text }) => text !== null && text !== undefined);
    const environment = Object.fromEntries(
      [...Object.entries(base), ...given.map(({ name, default: text }) => [name, text!] as const)].map(
        ([name, text]) => [variableOf(name), text],
      ),
    );
    const config = loadNodeConfig({ environment });
    expect(config.profile).toBe('kafka');
    expect(config.unknownNames).toEqual([]);
    expect(given.filter(({ name }) => !config.isSet(name))).toEqual([]);
  });
});
