// Runs all scripts against one broker, several at a time; those that want to be alone, at the end.

import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningBroker } from '../../support/brokers.ts';
import { RawConnection } from '../../support/raw-client.ts';
import { valueAt } from './normalise.ts';
import { runScript, type TranscriptEntry } from './run-script.ts';
import type { Script } from './script.ts';

const LANES = 4;
const GROUPS_TRIED = 32;
const TRIES = 1_000;

/** Script name -> transcript. */
export type Transcripts = ReadonlyMap<string, readonly TranscriptEntry[]>;

export async function runAll(scripts: readonly Script[], broker: RunningBroker): Promise<Transcripts> {
  const clusterId = await prepare(broker);
  const transcripts = new Map<string, readonly TranscriptEntry[]>();
  const waiting = scripts.filter(({ alone }) => !alone);
  const lane = async (): Promise<void> => {
    for (let script = waiting.shift(); script !== undefined; script = waiting.shift()) {
      transcripts.set(script.name, await runScript(script, broker, clusterId));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  waiting.push(...scripts.filter(({ alone }) => alone));
  await lane();
  return transcripts;
}

/** The group coordinator is up, in all of its partitions, and producer ids are there, before a script asks. Gives the cluster's id. */
async function prepare(broker: RunningBroker): Promise<string> {
  const connection = await RawConnection.open({ host: '127.0.0.1', port: broker.port });
  const ask = async (api: string, version: number, body: { [field: string]: unknown }): Promise<unknown> => {
    const answer = await connection.send({ api, version, body });
    if (answer.kind !== 'answer') throw new Error(`${api}: ${answer.kind}`);
    return answer.body;
  };
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < TRIES; tries++) {
      if (await holds()) return;
      await sleep(20);
    }
    throw new Error(`${broker.kind}: it did not come to pass that ${what}\n${broker.output().slice(-2000)}`);
  };
  await until('there is a group coordinator', async () => {
    return valueAt(await ask('FindCoordinator', 0, { key: 'any' }), 'errorCode') === 0;
  });
  for (let i = 0; i < GROUPS_TRIED; i++) {
    await until('the group coordinator serves', async () => {
      const fetched = await ask('OffsetFetch', 5, { groupId: `any-${i}`, topics: [] });
      return valueAt(fetched, 'errorCode') === 0;
    });
  }
  await until('producer ids can be had', async () => {
    const initialised = await ask('InitProducerId', 0, { transactionalId: null, transactionTimeoutMs: 1000 });
    return valueAt(initialised, 'errorCode') === 0;
  });
  const cluster = await ask('DescribeCluster', 0, {});
  connection.close();
  return String(valueAt(cluster, 'clusterId'));
}
