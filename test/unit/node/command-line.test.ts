import { describe, expect, test, vi } from 'vitest';
import { parseCommandLine } from '../../../src/node/command-line.ts';
import { parseTopicSpec } from '../../../src/node/topic-spec.ts';

const parse = (...args: string[]) => parseCommandLine(args, '9.9.9');

describe('the command line', () => {
  test('without arguments starts a broker with everything at its default', () => {
    expect(parse()).toEqual({
      kind: 'start',
      propertiesFile: null,
      overrides: new Map(),
      port: null,
      host: null,
      dataDir: null,
      metricsPort: null,
      ephemeral: false,
      format: true,
      topics: [],
      brokers: 1,
    });
  });

  test('takes a number of brokers, from 1 to 1000', () => {
    expect(parse('--brokers', '3')).toMatchObject({ kind: 'start', brokers: 3 });
    for (const wrong of ['0', '-1', '1001', 'x', '2.5', '']) {
      expect(parse('--brokers', wrong), wrong).toEqual({ kind: 'exit', code: 2 });
    }
  });

  test('takes a properties file with and without the word start', () => {
    expect(parse('start', 'server.properties')).toMatchObject({ kind: 'start', propertiesFile: 'server.properties' });
    expect(parse('server.properties')).toMatchObject({ kind: 'start', propertiesFile: 'server.properties' });
  });

  test('options that repeat are collected', () => {
    const command = parse('--override', 'a.b=1', '--override', 'c=x=y', '--topic', 'orders:3', '--topic', 'audit');
    expect(command).toMatchObject({
      overrides: new Map([
        ['a.b', '1'],
        ['c', 'x=y'],
      ]),
      topics: [
        { name: 'orders', partitions: 3 },
        { name: 'audit', partitions: -1 },
      ],
    });
  });

  test('wait takes IPv6 addresses in brackets', () => {
    expect(parse('wait', '--bootstrap', '[::1]:9092')).toEqual({
      kind: 'wait',
      host: '::1',
      port: 9092,
      timeoutMs: 60_000,
    });
  });

  test('help and version exit with 0, what is wrong with 2', () => {
    const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(parse('--help')).toEqual({ kind: 'exit', code: 0 });
    expect(parse('--version')).toEqual({ kind: 'exit', code: 0 });
    expect(parse('--port', '70000')).toEqual({ kind: 'exit', code: 2 });
    expect(parse('--override', 'nonsense')).toEqual({ kind: 'exit', code: 2 });
    expect(parse('--no-such-option')).toEqual({ kind: 'exit', code: 2 });
    expect(parse('wait')).toEqual({ kind: 'exit', code: 2 });
    out.mockRestore();
    err.mockRestore();
  });
});

describe('a topic wanted at start', () => {
  test('has a name, and may have partitions, replicas and configs', () => {
    expect(parseTopicSpec('a:3:1:cleanup.policy=compact,delete,retention.ms=5')).toEqual({
      name: 'a',
      partitions: 3,
      replicationFactor: 1,
      configs: new Map([
        ['cleanup.policy', 'compact,delete'],
        ['retention.ms', '5'],
      ]),
    });
  });

  test.each([':3', 'a:0', 'a:x', 'a:1:-1', 'a:1:1:novalue'])('%s is refused with a sentence', (text) => {
    expect(() => parseTopicSpec(text)).toThrow(/"/);
  });

  test('format takes the arguments of kafka-storage.sh format', () => {
    expect(parse('format', '-t', 'id', '-c', 'server.properties', '--standalone')).toEqual({
      kind: 'format',
      propertiesFile: 'server.properties',
      clusterId: 'id',
      standalone: true,
      initialControllers: null,
      noInitialControllers: false,
      releaseVersion: null,
      features: [],
      ignoreFormatted: false,
    });
    const long = ['format', '--cluster-id', 'id', '--config', 'server.properties'];
    expect(
      parse(...long, '--initial-controllers', '1@h:2:x', '--release-version', '4.2', '-f', 'a=1', '-f', 'b=2', '-g'),
    ).toMatchObject({
      initialControllers: '1@h:2:x',
      noInitialControllers: false,
      releaseVersion: '4.2',
      features: ['a=1', 'b=2'],
      ignoreFormatted: true,
    });
    expect(parse(...long, '-N')).toMatchObject({ initialControllers: null, noInitialControllers: true });
  });
});
