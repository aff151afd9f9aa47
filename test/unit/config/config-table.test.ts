import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { brokerConfigSynonyms, brokerConfigs, dynamicOnlyConfigs } from '../../../src/config/broker-configs.ts';
import { clientMetricsConfigs } from '../../../src/config/client-metrics-configs.ts';
import type { ConfigKey, ConfigTable } from '../../../src/config/config-key.ts';
import { isSensitive } from '../../../src/config/config-key.ts';
import { defaultValue, parseConfig } from '../../../src/config/config-value.ts';
import { groupConfigSynonyms, groupConfigs } from '../../../src/config/group-configs.ts';
import { ipConfigs, userAndClientQuotaConfigs, userConfigs } from '../../../src/config/quota-configs.ts';
import { topicConfigSynonyms, topicConfigs } from '../../../src/config/topic-configs.ts';

interface Fact {
  readonly name: string;
  readonly type: string;
  readonly default?: string | null;
  readonly required?: true;
  readonly importance: string;
  readonly valid?: string;
  readonly internal?: true;
  readonly sensitive?: true;
  readonly updateMode?: string;
  readonly synonyms?: readonly string[];
  readonly brokerSynonyms?: readonly (string | { readonly name: string; readonly convert: string })[];
  readonly brokerSynonym?: string;
}

// The repository's own copy of the facts about Apache Kafka 4.3.1.
const facts: Record<string, readonly Fact[]> = JSON.parse(
  readFileSync(new URL('../../golden/protocol/configs.json', import.meta.url), 'utf8'),
);

/** A row in the form of the facts, where what is false or empty is left out. */
function asFact(name: string, key: ConfigKey, withUpdateMode: boolean): Fact {
  return {
    name,
    type: key.type,
    ...(key.required ? { required: true } : { default: key.defaultText }),
    importance: key.importance,
    ...(key.valid === null ? {} : { valid: key.valid }),
    ...(key.internal ? { internal: true } : {}),
    ...(withUpdateMode && isSensitive(key) ? { sensitive: true } : {}),
    ...(withUpdateMode ? { updateMode: key.updateMode } : {}),
  };
}

function asFacts(table: ConfigTable, withUpdateMode = false): Fact[] {
  return Object.entries(table)
    .map(([name, key]) => asFact(name, key, withUpdateMode))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function withoutSynonyms({ synonyms, brokerSynonyms, brokerSynonym, ...fact }: Fact): Fact {
  return fact;
}

describe('the table of settings is that of Apache Kafka 4.3.1, field by field', () => {
  test.each([
    ['broker', brokerConfigs, true],
    ['topic', topicConfigs, false],
    ['group', groupConfigs, false],
    ['clientMetrics', clientMetricsConfigs, false],
    ['userAndClientQuota', userAndClientQuotaConfigs, false],
    ['user', userConfigs, false],
    ['ip', ipConfigs, false],
  ] as const)('%s', (kind, table, withUpdateMode) => {
    expect(asFacts(table, withUpdateMode)).toEqual(facts[kind]!.map(withoutSynonyms));
  });

  test('keys that exist only as dynamic values', () => {
    expect(Object.keys(dynamicOnlyConfigs).sort()).toEqual(
      facts['dynamicBrokerOutsideTheBrokerConfigDef']!.map((fact) => fact.name),
    );
  });

  test('synonyms of broker keys', () => {
    for (const fact of facts['broker']!) {
      const others = brokerConfigSynonyms(fact.name).filter((name) => name !== fact.name);
      expect(others, fact.name).toEqual(fact.synonyms ?? []);
    }
  });

  test('broker synonyms of topic keys, with their units', () => {
    const factors: Record<string, number> = { 'minutes-to-ms': 60_000, 'hours-to-ms': 3_600_000 };
    for (const fact of facts['topic']!) {
      const expected = fact.brokerSynonyms?.map((synonym) =>
        typeof synonym === 'string'
          ? { name: synonym, factor: 1 }
          : { name: synonym.name, factor: factors[synonym.convert] },
      );
      expect(topicConfigSynonyms[fact.name as keyof typeof topicConfigs], fact.name).toEqual(expected);
    }
  });

  test('broker synonyms of group keys', () => {
    for (const fact of facts['group']!) {
      expect(groupConfigSynonyms[fact.name as keyof typeof groupConfigs], fact.name).toBe(fact.brokerSynonym);
    }
  });
});

test('every default is valid by its own rule and prints as it is written', () => {
  for (const table of [brokerConfigs, topicConfigs, groupConfigs, clientMetricsConfigs] as ConfigTable[]) {
    for (const [name, key] of Object.entries(table)) {
      if (key.required) continue;
      expect(defaultValue(name, key).text, name).toBe(key.defaultText);
      if (key.defaultText !== null) expect(parseConfig(name, key, key.defaultText).text, name).toBe(key.defaultText);
    }
  }
});

test('a setting that is acted on has documentation, unless it is internal', () => {
  for (const table of [brokerConfigs, topicConfigs, groupConfigs] as ConfigTable[]) {
    for (const [name, key] of Object.entries(table)) {
      if (key.acts && !key.internal) expect(key.documentation, name).not.toBeNull();
    }
  }
});
