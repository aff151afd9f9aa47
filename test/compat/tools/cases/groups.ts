// kafka-consumer-groups, kafka-groups, kafka-streams-application-reset.

import { consume, createTopic, prepare, produce, step, type ToolScript } from '../tool-script.ts';

const table = { normalise: ['words', 'lines'] } as const;

/** Lists hold what other scripts have left. */
const consumerGroups: ToolScript[] = [
  {
    name: 'consumer-groups-offsets',
    tool: 'kafka-consumer-groups',
    steps: [
      createTopic('@t'),
      produce('@t', 6),
      consume('@t', '@g', 4),
      consume('@t', '@k', 6, '--command-property group.protocol=consumer'),
      step('--describe --group @g', table),
      step('--describe --group @g --group @k --offsets', table),
      step('--describe --group @k --state', { normalise: ['words', 'lines', 'ids'] }),
      step('--describe --group @k --members --verbose', table),
      step('--reset-offsets --group @g --topic @t:0 --shift-by -2 --execute', table),
      step('--reset-offsets --group @g --group @k --topic @t --to-offset 1 --dry-run', table),
      step('--reset-offsets --group @g --all-topics --to-current --export --dry-run'),
      step('--reset-offsets --group @g --from-file {file} --execute', { file: '@t,0,3\n', ...table }),
      step('--reset-offsets --group @g --from-file {file} --dry-run', { file: 'nonsense\n' }),
      step('--reset-offsets --group @g --topic @t --by-duration PT0S --dry-run', table),
      step('--delete-offsets --group @g --topic @t', table),
      step('--describe --group @g', table),
      step('--delete --group @g --group @k', table),
      step('--describe --group @g --group @k', table),
    ],
  },
  {
    name: 'consumer-groups-refused',
    tool: 'kafka-consumer-groups',
    steps: [
      step(''),
      step('--describe'),
      step('--describe --group @none', table),
      step('--describe --all-groups --group @g'),
      step('--reset-offsets --group @g --to-earliest'),
      step('--reset-offsets --group @g --topic @none --to-earliest --execute', { normalise: ['summary'] }),
      step('--reset-offsets --group @g --topic @none --to-earliest --to-latest'),
      step('--reset-offsets --group @g --topic @none --to-datetime nonsense --execute', { normalise: ['summary'] }),
      step('--reset-offsets --group @g --topic @none --by-duration nonsense --execute', { normalise: ['summary'] }),
      step('--delete --group @none', table),
      step('--delete-offsets --group @none --topic @none', table),
      step('--list --state nonsense', { normalise: ['sets'] }),
      step('--list --type nonsense', { normalise: ['sets'] }),
      step('--validate-regex a.*'),
      step('--validate-regex (?=a)'),
      step('--validate-regex a{2,1}'),
      step('--describe --group @g --members --offsets'),
      step('--describe --group @g --timeout nonsense'),
    ],
  },
];

const groups: ToolScript[] = [
  {
    name: 'groups-list',
    tool: 'kafka-groups',
    steps: [
      createTopic('@t'),
      produce('@t', 2),
      consume('@t', '@classic', 2),
      consume('@t', '@new', 2, '--command-property group.protocol=consumer'),
      prepare('kafka-consumer-groups', '--reset-offsets --group @simple --topic @t --to-earliest --execute'),
      ...[
        '',
        '--consumer',
        '--group-type classic',
        '--group-type consumer',
        '--protocol consumer',
        '--protocol none',
        '--share',
        '--streams',
      ].map((more) => step(`--list ${more}`, { normalise: ['words', 'lines'] })),
      step('--list --group-type nonsense'),
      step('--list --consumer --share'),
      step(''),
    ],
  },
];

const streamsReset: ToolScript[] = [
  {
    name: 'streams-reset',
    tool: 'kafka-streams-application-reset',
    steps: [
      createTopic('@in', 2),
      createTopic('@app-store-changelog'),
      createTopic('@app-store-repartition'),
      produce('@in', 6),
      consume('@in', '@app', 6),
      step('--application-id @app --input-topics @in --dry-run', { normalise: ['sets', 'lines'] }),
      step('--application-id @app --input-topics @in --to-offset 1', { normalise: ['sets', 'lines'] }),
      step('--describe --group @app', { run: 'kafka-consumer-groups', normalise: ['words', 'lines'] }),
      step('--list --topic @app.*', { run: 'kafka-topics' }),
      step('--application-id @app --input-topics @in --shift-by 1', { normalise: ['sets', 'lines'] }),
      step('--application-id @app --input-topics @in --by-duration PT1H', { normalise: ['sets', 'lines'] }),
      step('--application-id @app --input-topics @in --to-latest --force', { normalise: ['sets', 'lines'] }),
      step('--application-id @app --input-topics @in --from-file {file}', {
        file: '@in,0,1\n',
        normalise: ['sets', 'lines'],
      }),
      step('--application-id @app --input-topics @none', { normalise: ['sets', 'lines'] }),
      step('--application-id @other --internal-topics @app-x', { normalise: ['sets', 'lines'] }),
      step('--application-id @app --to-earliest --to-latest'),
      step(''),
    ],
  },
];

export const groupScripts: readonly ToolScript[] = [...consumerGroups, ...groups, ...streamsReset];
