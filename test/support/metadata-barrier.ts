// Apache Kafka answers a change when its controller has it; its broker hears of it a moment later, which on a busy machine is long enough
// to be seen. A broker takes changes over in their order, so one that shows a later change shows all before it.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Body, RawConnection } from './raw-client.ts';

/** How the groups begin whose settings come and go; nothing else uses such names. */
export const BARRIER_PREFIX = 'metadata-barrier-';
const GROUP_RESOURCE = 32;
const SET = 0;
const DELETE = 1;
const name = 'consumer.session.timeout.ms';
const changed = '50000';
const TIMEOUT_MS = 30_000;
let barriers = 0;

/** Resolves when the broker has seen every change that was answered before the call. Leaves nothing but records in the metadata log. */
export async function metadataBarrier(port: number): Promise<void> {
  const resource = { resourceType: GROUP_RESOURCE, resourceName: `${BARRIER_PREFIX}${process.pid}-${++barriers}` };
  const connection = await RawConnection.open({ host: '127.0.0.1', port });
  const ask = async (api: string, version: number, body: Body): Promise<Body> => {
    const answer = await connection.send({ api, version, body });
    if (answer.kind !== 'answer') throw new Error(`${api}: ${answer.kind}`);
    return answer.body;
  };
  const alter = async (configOperation: number, value: string | null): Promise<void> => {
    const resources = [{ ...resource, configs: [{ name, configOperation, value }] }];
    const { responses } = await ask('IncrementalAlterConfigs', 1, { resources, validateOnly: false });
    const [response] = responses as { errorCode: number }[];
    if (response?.errorCode !== 0) throw new Error(`the barrier was refused: ${JSON.stringify(response)}`);
  };
  const shown = async (): Promise<unknown> => {
    const resources = [{ ...resource, configurationKeys: [name] }];
    const body = await ask('DescribeConfigs', 4, { resources, includeSynonyms: false, includeDocumentation: false });
    const { results } = body as { results: { configs: { value: string }[] }[] };
    return results[0]?.configs[0]?.value;
  };
  try {
    await alter(SET, changed);
    await until(async () => (await shown()) === changed);
    await alter(DELETE, null);
    await until(async () => (await shown()) !== changed);
  } finally {
    connection.close();
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + TIMEOUT_MS;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error('the broker did not hear of a change');
    await sleep(10);
  }
}
