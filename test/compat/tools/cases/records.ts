// kafka-console-producer, kafka-console-consumer, kafka-get-offsets, kafka-delete-records, the perf, latency and verifiable tools,
// kafka-replica-verification.

import { createTopic, prepare, produce, SLOWLY, step, type ToolScript } from '../tool-script.ts';

const all = ['timestamp', 'key', 'offset', 'partition', 'headers', 'epoch', 'value']
  .map((what) => `--formatter-property print.${what}=true`)
  .join(' ');
const read = (topic: string, count: number, more = '') =>
  step(`--topic ${topic} --from-beginning --max-messages ${count} --timeout-ms 15000 ${more}`, {
    run: 'kafka-console-consumer',
  });

const consoles: ToolScript[] = [
  {
    name: 'producer-options',
    tool: 'kafka-console-producer',
    steps: [
      createTopic('@t'),
      step('--topic @t --request-required-acks 1 --batch-size 10 --timeout 5 --request-timeout-ms 5000', {
        stdin: 'a\nb\n',
      }),
      step('--topic @t --sync --command-property enable.idempotence=true --compression-codec zstd', { stdin: 'c\n' }),
      step('--topic @t --reader-property parse.key=true --reader-property key.separator=|', { stdin: 'k|d\n' }),
      step('--topic @t --reader-property parse.key=true', { stdin: 'no key here\n' }),
      step(
        '--topic @t --reader-property parse.headers=true --reader-property parse.key=true --reader-property ignore.error=true',
        {
          stdin: 'h:1\tk\te\nbroken\n',
        },
      ),
      step('--topic @t --command-config {file}', { file: 'acks=all\nlinger.ms=1\n', stdin: 'f\n' }),
      read('@t', 7, all),
    ],
  },
  {
    name: 'producer-refused',
    tool: 'kafka-console-producer',
    steps: [
      step(''),
      step('--topic @t --compression-codec rar', { stdin: 'a\n' }),
      step('--topic @t --command-property acks=7', { stdin: 'a\n' }),
      step('--topic "@a b" --max-block-ms 1000', { stdin: 'a\n', normalise: ['summary'] }),
      prepare(
        'kafka-topics',
        '--create --topic @t --config max.message.bytes=100 --config message.timestamp.type=LogAppendTime',
      ),
      step('--topic @t --sync', { stdin: `${'x'.repeat(300)}\n`, normalise: ['summary'] }),
      step('--topic @t --reader-config /no/such/file', { stdin: 'a\n' }),
    ],
  },
  {
    name: 'consumer-options',
    tool: 'kafka-console-consumer',
    steps: [
      createTopic('@t', 2),
      createTopic('@u'),
      produce('@u', 5),
      read('@u', 5, all),
      read(
        '@u',
        2,
        '--formatter-property key.separator=# --formatter-property print.key=true --formatter-property line.separator=;',
      ),
      read(
        '@u',
        2,
        '--key-deserializer org.apache.kafka.common.serialization.BytesDeserializer --formatter-property print.key=true',
      ),
      read(
        '@u',
        1,
        '--value-deserializer org.apache.kafka.common.serialization.LongDeserializer --skip-message-on-error',
      ),
      read('@u', 2, '--isolation-level read_committed'),
      read('@u', 2, '--formatter-config {file}'),
      step('--topic @u --partition 0 --offset 3 --max-messages 1 --timeout-ms 15000'),
      step('--topic @u --partition 0 --offset -2 --max-messages 1 --timeout-ms 15000'),
      step('--topic @u --partition 7 --offset earliest --timeout-ms 1000', { normalise: ['summary'] }),
      step('--include @[tu] --from-beginning --max-messages 5 --timeout-ms 15000'),
      step(
        '--topic @u --group @g --from-beginning --max-messages 5 --timeout-ms 15000 --command-property group.protocol=consumer',
      ),
      step('--topic @u --group @g --timeout-ms 1000'),
      step('--topic @u --timeout-ms 500 --max-messages 0'),
      step(
        '--topic @u --formatter org.apache.kafka.tools.consumer.NoOpMessageFormatter --from-beginning --max-messages 5 --timeout-ms 15000',
      ),
    ].map((each) => (each.args.includes('{file}') ? { ...each, file: 'print.offset=true\n' } : each)),
  },
  {
    name: 'consumer-refused',
    tool: 'kafka-console-consumer',
    steps: [
      step(''),
      step('--topic @u --include .*'),
      step('--topic @u --partition 0 --offset nonsense'),
      step('--topic @u --offset 3'),
      step('--topic @u --from-beginning --partition 0 --offset 3'),
      step('--topic @u --group @a --command-property group.id=@b'),
      step('--topic @u --isolation-level nonsense'),
      step('--topic "bad topic" --timeout-ms 1000', { normalise: ['summary'] }),
      step('--topic @u --command-property group.protocol=nonsense'),
      step('--include ( --timeout-ms 1000', { normalise: ['summary'] }),
    ],
  },
];

const offsets: ToolScript[] = [
  {
    name: 'get-offsets',
    tool: 'kafka-get-offsets',
    steps: [
      createTopic('@t', 2),
      createTopic('@u'),
      produce('@u', 3),
      ...[
        'latest',
        'earliest',
        'max-timestamp',
        'earliest-local',
        'latest-tiered',
        '-5',
        '-6',
        '0',
        '99999999999999',
        'nonsense',
      ].map((time) => step(`--topic @u --time ${time}`)),
      step('--topic-partitions @t:0,@u'),
      step('--topic-partitions @t:-2'),
      step('--topic-partitions @t:1-'),
      step('--topic-partitions @t:x'),
      step('--topic-partitions :0 --exclude-internal-topics', { normalise: ['summary'] }),
      step('--topic @t --partitions 1'),
      step('--topic @t --partitions 9'),
      step('--topic @t --partitions x'),
      step('--topic @t --topic-partitions @t:0'),
      step('--topic @missing'),
    ],
  },
  {
    name: 'delete-records',
    tool: 'kafka-delete-records',
    steps: [
      createTopic('@t'),
      produce('@t', 5),
      ...(
        [
          ['t', 0, 2],
          ['t', 0, -1],
          ['t', 0, 99],
          ['t', 0, -5],
        ] as const
      ).map(([topic, partition, offset]) =>
        step('--offset-json-file {file}', {
          file: JSON.stringify({ partitions: [{ topic: `@${topic}`, partition, offset }], version: 1 }),
        }),
      ),
      step('--offset-json-file {file}', { file: '{"partitions": [], "version": 1}' }),
      step('--offset-json-file {file}', {
        file: '{"partitions": [{"topic": "@t", "partition": 0, "offset": 1},{"topic": "@t", "partition": 0, "offset": 2}]}',
      }),
      step('--offset-json-file {file}', { file: 'nonsense' }),
      step('--offset-json-file {file}', { file: '{"partitions": [], "version": 2}' }),
      step('--offset-json-file {file}', { file: '{"version": 1}' }),
      step('--offset-json-file /no/such/file'),
    ],
  },
];

const load: ToolScript[] = [
  {
    name: 'producer-perf',
    tool: 'kafka-producer-perf-test',
    steps: [
      createTopic('@t'),
      step('--topic @t --num-records 500 --record-size 50 --throughput -1 --command-property acks=1', {
        normalise: ['numbers', 'exit'],
      }),
      step('--topic @t --num-records 20 --payload-file {file} --throughput 1000', {
        file: 'one\ntwo\n',
        normalise: ['exit'],
      }),
      step(
        '--topic @t --num-records 20 --payload-monotonic --throughput -1 --command-property enable.idempotence=true',
        { normalise: ['exit'] },
      ),
      step(
        `--topic @t --num-records 30 --record-size 20 ${SLOWLY} --transactional-id @tx --transaction-duration-ms 20`,
        {
          normalise: ['exit'],
        },
      ),
      step('--topic @t --num-records 20 --throughput -1'),
      step('--topic @t --num-records 20 --record-size 20 --payload-file {file} --throughput -1', { file: 'one\n' }),
      step('--topic @t --num-records nonsense --record-size 20 --throughput -1'),
      step('--topic @t --time latest', { run: 'kafka-get-offsets', normalise: ['numbers'] }),
    ],
  },
  {
    name: 'consumer-perf',
    tool: 'kafka-consumer-perf-test',
    steps: [
      createTopic('@t'),
      prepare('kafka-producer-perf-test', '--topic @t --num-records 500 --record-size 50 --throughput -1'),
      step('--topic @t --num-records 500 --timeout 15000 --hide-header', { normalise: ['numbers', 'exit'] }),
      step('--topic @t --num-records 500 --timeout 15000 --group @g --command-property group.protocol=consumer', {
        normalise: ['exit'],
      }),
      step('--include @.* --num-records 500 --timeout 15000 --reporting-interval 100', { normalise: ['exit'] }),
      step('--topic @t --num-records 10 --timeout 1000 --from-latest', { normalise: ['exit'] }),
      step('--topic @t', { normalise: ['exit'] }),
      step('--topic @t --num-records 10 --include .*', { normalise: ['exit'] }),
    ],
  },
  {
    name: 'e2e-latency',
    tool: 'kafka-e2e-latency',
    steps: [
      createTopic('@t'),
      step('{bootstrap} @t 20 1 100', { normalise: ['numbers'] }),
      step('{bootstrap} @t 20 all 100', { normalise: ['exit'] }),
      step('{bootstrap} @new 5 all 20', { normalise: ['exit'] }),
      step('{bootstrap} @t 20 0 100'),
      step('{bootstrap} @t many 1 100'),
      step('{bootstrap} @t'),
    ],
  },
  {
    name: 'verifiable-producer',
    tool: 'kafka-verifiable-producer',
    steps: [
      createTopic('@t'),
      step(
        '--topic @t --max-messages 20 --acks -1 --value-prefix 7 --message-create-time 1700000000000 --throughput 1000',
        {
          normalise: ['numbers', 'lines'],
        },
      ),
      read('@t', 20, '--formatter-property print.timestamp=true --formatter-property print.key=true'),
      step('--max-messages 20'),
      step('--topic @t --acks 5'),
    ],
  },
  {
    name: 'verifiable-consumer',
    tool: 'kafka-verifiable-consumer',
    steps: [
      createTopic('@t'),
      produce('@t', 10),
      step('--topic @t --group-id @g --max-messages 10 --reset-policy earliest --enable-autocommit', {
        normalise: ['exit'],
      }),
      step(
        '--topic @t --group-id @h --max-messages 10 --reset-policy earliest --group-instance-id i --session-timeout 10000',
        { normalise: ['exit'] },
      ),
      step(
        '--topic @t --group-id @i --max-messages 10 --reset-policy earliest --group-protocol consumer --group-remote-assignor range',
        {
          normalise: ['exit'],
        },
      ),
      step('--topic @t --group-id @j --max-messages 10 --reset-policy nonsense'),
      step('--describe --group @i', { run: 'kafka-consumer-groups', normalise: ['words'] }),
    ],
  },
  {
    name: 'replica-verification',
    tool: 'kafka-replica-verification',
    steps: [
      createTopic('@t', 2),
      produce('@t', 6),
      step('--topics-include @.* --report-interval-ms 300', {
        server: '--broker-list',
        timeoutMs: 2500,
        normalise: ['numbers', 'exit'],
      }),
      step('--topics-include ( ', { server: '--broker-list', timeoutMs: 2500, normalise: ['summary'] }),
      step('--topics-include @none', { server: '--broker-list', timeoutMs: 2500, normalise: ['summary'] }),
      step('', { server: 'none' }),
    ],
  },
  {
    name: 'transactional-copier',
    tool: 'transactional-message-copier',
    extended: true,
    steps: [
      createTopic('@in'),
      createTopic('@out'),
      prepare('kafka-verifiable-producer', '--topic @in --max-messages 60'),
      step(
        '--input-topic @in --input-partition 0 --output-topic @out --max-messages 60 --consumer-group @g --transaction-size 10 --transactional-id @tx',
        { server: '--broker-list', normalise: ['exit'] },
      ),
      read('@out', 60, '--isolation-level read_committed'),
      step('--describe --group @g', { run: 'kafka-consumer-groups', normalise: ['words'] }),
    ],
  },
];

export const recordScripts: readonly ToolScript[] = [...consoles, ...offsets, ...load];
