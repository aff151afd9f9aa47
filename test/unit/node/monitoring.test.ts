import { afterEach, expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../../src/base/logger.ts';
import { systemTimer } from '../../../src/base/system.ts';
import { Broker } from '../../../src/index.ts';
import { Monitoring } from '../../../src/node/monitoring.ts';
import { RawConnection } from '../../support/raw-client.ts';
import { FakeTime } from '../replication/fakes.ts';

const time = new FakeTime();
let monitoring: Monitoring | null = null;

function newMonitoring(endpoint: { host: string; port: number } | null): Monitoring {
  monitoring = new Monitoring({
    endpoint,
    nodeId: 1,
    clusterId: () => 'cluster',
    telemetryMaxBytes: 1000,
    clock: time,
    timer: systemTimer,
    random: { nextInt: () => 0, bytes: (count) => Buffer.alloc(count) },
    logger: silentLogger,
  });
  return monitoring;
}

afterEach(() => monitoring?.stop());

test('a broker that starts, opens its logs, is fenced or stops is alive, but not ready, and says why', async () => {
  const started = newMonitoring({ host: '127.0.0.1', port: 0 });
  let fenced: string | null = 'the controller has fenced the broker';
  started.addReadiness(() => fenced);
  await started.start();
  const ask = async (path: string): Promise<[number, string]> => {
    const answer = await fetch(`http://127.0.0.1:${started.port}${path}`);
    return [answer.status, (await answer.text()).trim()];
  };
  expect(await ask('/healthz')).toEqual([200, 'ok']);
  expect(await ask('/readyz')).toEqual([503, 'the broker is starting']);
  started.state = 'RECOVERY';
  expect(await ask('/readyz')).toEqual([503, 'the broker is opening its logs']);
  started.state = 'RUNNING';
  expect(await ask('/readyz')).toEqual([503, 'the controller has fenced the broker']);
  fenced = null;
  expect(await ask('/readyz')).toEqual([200, 'ok']);
  started.state = 'SHUTTING_DOWN';
  expect(await ask('/readyz')).toEqual([503, 'the broker is stopping']);
});

test('a source that fails is an answer of 500, and the next scrape is as good as ever', async () => {
  const started = newMonitoring({ host: '127.0.0.1', port: 0 });
  let fails = true;
  started.addSources(() => {
    if (fails) throw new Error('broken');
  });
  await started.start();
  const scrape = async () => (await fetch(`http://127.0.0.1:${started.port}/metrics`)).status;
  expect(await scrape()).toBe(500);
  fails = false;
  expect(await scrape()).toBe(200);
});

test('without a port nothing is measured, served or received', async () => {
  const off = newMonitoring(null);
  await off.start();
  expect([off.isOn, off.port, off.requests, off.telemetry]).toEqual([false, null, null, null]);
});

test('levels set by IncrementalAlterConfigs take effect at once; without a level a logger follows root', async () => {
  const lines: string[] = [];
  const collecting = (name: string): Logger => {
    const line = (message: string) => void lines.push(`${name}: ${message}`);
    return { trace: line, debug: line, info: line, warn: line, error: line, child: (child) => collecting(child) };
  };
  await using broker = await Broker.start({ port: 0, ephemeral: true, logger: collecting('root') });
  const [host, port] = broker.bootstrapServers.split(':');
  const connection = await RawConnection.open({ host: host!, port: Number(port) });
  const ask = async (): Promise<number> => {
    const before = lines.length;
    await connection.send({ api: 'ListGroups', version: 5 });
    // The line of a request is written when its response has been sent: the next answer comes behind it.
    await connection.send({ api: 'ApiVersions', version: 4 });
    return lines.slice(before).filter((line) => line === 'request: Completed request').length;
  };
  const change = async (name: string, level: string | null): Promise<unknown> => {
    const answer = await connection.send({
      api: 'IncrementalAlterConfigs',
      version: 1,
      body: {
        resources: [
          {
            resourceType: 8,
            resourceName: String(broker.nodeId),
            configs: [{ name, configOperation: level === null ? 1 : 0, value: level }],
          },
        ],
      },
    });
    return answer.kind === 'answer' ? answer.body['responses'] : answer;
  };
  const fine = [expect.objectContaining({ errorCode: 0 })];
  expect(await ask()).toBe(0);
  // The request log starts with a level of its own, so that root at DEBUG does not bring it.
  expect(await change('root', 'DEBUG')).toEqual(fine);
  expect(await ask()).toBe(0);
  expect(await change('request', 'DEBUG')).toEqual(fine);
  expect(await ask()).toBeGreaterThan(0);
  expect(await change('root', 'INFO')).toEqual(fine);
  expect(await ask()).toBeGreaterThan(0);
  expect(await change('request', null)).toEqual(fine);
  expect(await ask()).toBe(0);
  expect(await change('root', 'DEBUG')).toEqual(fine);
  expect(await ask()).toBeGreaterThan(0);
  expect(await change('root', null)).toEqual([expect.objectContaining({ errorCode: 42 })]);
  connection.close();
});
