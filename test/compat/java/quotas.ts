// kafka-configs for client quotas, and what a throttled client sees of them

import { describe, expect, test } from 'vitest';
import { expectSame, onBoth, type Side, type Sides, sortedLines } from './comparison.ts';

export function quotaSuite(sides: () => Sides): void {
  describe('kafka-configs, client quotas', () => {
    async function alterAndDescribe(side: Side, entity: string[], ...changes: string[][]): Promise<string> {
      let text = '';
      for (const change of changes) {
        text += await side.outcome('kafka-configs', [...entity, '--alter', ...change]);
        text += sortedLines(await side.outcome('kafka-configs', [...entity, '--describe']));
      }
      return text;
    }

    const entities: [string, string[], string][] = [
      ['a client id', ['--entity-type', 'clients', '--entity-name', 'nobody'], 'producer_byte_rate=10000'],
      ['all client ids', ['--entity-type', 'clients', '--entity-default'], 'consumer_byte_rate=1000000000'],
      ['all users', ['--entity-type', 'users', '--entity-default'], 'controller_mutation_rate=1000000'],
      [
        'a client id of a user',
        ['--entity-type', 'users', '--entity-name', 'nobody', '--entity-type', 'clients', '--entity-default'],
        'producer_byte_rate=2000,consumer_byte_rate=3000',
      ],
      ['an address', ['--entity-type', 'ips', '--entity-name', '127.0.0.99'], 'connection_creation_rate=100000'],
      ['all addresses', ['--entity-type', 'ips', '--entity-default'], 'connection_creation_rate=1000000'],
    ];
    for (const [name, entity, quotas] of entities) {
      test(`are set for ${name}, described and deleted`, async () => {
        const names = quotas.replace(/=[^,]*/g, '');
        const text = await expectSame(sides(), (side) =>
          alterAndDescribe(side, entity, ['--add-config', quotas], ['--delete-config', names]),
        );
        expect(text).toContain(names.split(',')[0]);
      });
    }

    test('are set for a user', async () => {
      // To describe one, the tool asks for the user's SCRAM credentials, too.
      const user = ['--entity-type', 'users', '--entity-name', 'no body'];
      await expectSame(sides(), async (side) => {
        const set = await side.outcome('kafka-configs', [
          ...user,
          '--alter',
          '--add-config',
          'request_percentage=12.5',
        ]);
        const unset = await side.outcome('kafka-configs', [
          ...user,
          '--alter',
          '--delete-config',
          'request_percentage',
        ]);
        return set + unset;
      });
    });

    const refused: [string, string[]][] = [
      ['an unknown key', ['--entity-type', 'clients', '--entity-name', 'x', '--add-config', 'no_such_rate=1']],
      [
        'a fraction of a byte',
        ['--entity-type', 'users', '--entity-name', 'x', '--add-config', 'producer_byte_rate=1.5'],
      ],
      ['a negative rate', ['--entity-type', 'users', '--entity-name', 'x', '--add-config', 'consumer_byte_rate=-1']],
      ['no number', ['--entity-type', 'users', '--entity-name', 'x', '--add-config', 'consumer_byte_rate=much']],
      [
        'an unknown host',
        ['--entity-type', 'ips', '--entity-name', 'x.invalid', '--add-config', 'connection_creation_rate=1'],
      ],
    ];
    for (const [name, args] of refused) {
      test(`refuses ${name} in Kafka's words`, async () => {
        await expectSame(sides(), (side) => side.outcome('kafka-configs', ['--alter', ...args]));
      });
    }
  });

  test('kafka-producer-perf-test is throttled to its quota, and says for how long', async () => {
    const entity = ['--entity-type', 'clients', '--entity-name', 'perf-throttled'];
    const measured = await onBoth(sides(), async (side) => {
      await side.output('kafka-topics', ['--create', '--topic', 'throttled']);
      await side.output('kafka-configs', [...entity, '--alter', '--add-config', 'producer_byte_rate=100000']);
      const text = await side.output('kafka-producer-perf-test', [
        ...['--topic', 'throttled', '--num-records', '1300', '--record-size', '1000', '--throughput', '-1'],
        ...['--command-property', 'client.id=perf-throttled', '--print-metrics'],
      ]);
      await side.output('kafka-configs', [...entity, '--alter', '--delete-config', 'producer_byte_rate']);
      return Number(/producer-metrics:produce-throttle-time-max:\S* *: ([\d.]+)/.exec(text)?.[1] ?? text);
    });
    // The first million bytes are free, as the window of ten seconds counts as full; the rest is waited for.
    expect(measured.apache).toBeGreaterThan(0);
    expect(measured.ottla).toBeGreaterThan(0);
  });
}
