import { describe, expect, it } from 'vitest';
import { everyApi } from '../../../scripts/generate-api-table.ts';
import { apiVersionsHandler, type FeatureView } from '../../../src/apis/api-versions.ts';
import { type ControllerApiServices, createControllerApiTable } from '../../../src/apis/index.ts';
import { errorCode } from '../../../src/wire/errors.ts';
import { readFacts } from '../../support/golden.ts';
import { contextOf } from './api-fakes.ts';

interface Range {
  readonly min: number;
  readonly max: number;
}

interface FeatureFacts {
  readonly supported: Record<string, Range>;
  readonly finalized: Record<string, Range>;
}

const facts = readFacts<{
  apis: { apiKey: number; name: string; broker?: Range; controller?: Range; requestHeader?: Record<string, number> }[];
  brokerFeatures: FeatureFacts;
  brokerFeaturesV3: FeatureFacts;
  invalidClientSoftwareName: { requestVersion: number; errorCode: number; apiKeys: number };
  orderOfApiKeysInResponse: { broker: number[] };
}>('apis.json');

const features: FeatureView = {
  supported: new Map(Object.entries(facts.brokerFeatures.supported)),
  finalized: new Map([
    ...Object.entries(facts.brokerFeatures.finalized).map(([name, { max }]) => [name, max] as const),
    ['switched.off.version', 0],
  ]),
  finalizedEpoch: 17,
};

const table = everyApi();
/** The facts are those of a broker that has no receiver for client metrics. */
const onlyWithReceiver = ['GetTelemetrySubscriptions', 'PushTelemetry'];
const offered = table.filter(({ name }) => !onlyWithReceiver.includes(name));
const handler = apiVersionsHandler({ apis: () => offered, features: () => features });
const software = { clientSoftwareName: 'apache-kafka-java', clientSoftwareVersion: '4.3.1' };

async function answer(apiVersion: number, request = software) {
  const response = await handler.handle(request, contextOf(apiVersion));
  if (response === null) throw new Error('no response');
  return response;
}

function byName<T extends { name?: string | undefined }>(list: readonly T[] | undefined, range: (item: T) => unknown) {
  return Object.fromEntries((list ?? []).map((item) => [item.name, range(item)]));
}

describe('ApiVersions', () => {
  it('tells of each API that is there exactly what the official broker tells, in its order', async () => {
    const { apiKeys } = await answer(4);
    const there = new Set(apiKeys!.map(({ apiKey }) => apiKey));
    expect(there.size).toBeGreaterThanOrEqual(7);
    expect(apiKeys!.map(({ apiKey }) => apiKey)).toEqual(
      facts.orderOfApiKeysInResponse.broker.filter((apiKey) => there.has(apiKey)),
    );
    for (const { apiKey, minVersion, maxVersion } of apiKeys!) {
      const fact = facts.apis.find((api) => api.apiKey === apiKey)!;
      expect([fact.name, minVersion, maxVersion]).toEqual([fact.name, fact.broker!.min, fact.broker!.max]);
    }
  });

  it('and the table agree with the official request header versions', () => {
    for (const api of table) {
      const fact = facts.apis.find(({ apiKey }) => apiKey === api.apiKey)!;
      for (const [range, header] of Object.entries(fact.requestHeader!)) {
        const [min, max] = range.split('-').map(Number) as [number, number | undefined];
        for (let version = min; version <= (max ?? min); version++) {
          expect([api.name, version, version >= api.flexibleFrom ? 2 : 1]).toEqual([fact.name, version, header]);
        }
      }
    }
  });

  it('tells of each API of a controller exactly what the official controller tells', () => {
    const services = new Proxy({} as ControllerApiServices, { get: () => new Proxy({}, {}) });
    const apis = [...createControllerApiTable(services).values()];
    expect(apis.length).toBeGreaterThanOrEqual(3);
    for (const { apiKey, advertised } of apis) {
      const fact = facts.apis.find((api) => api.apiKey === apiKey)!;
      expect([fact.name, advertised]).toEqual([fact.name, fact.controller]);
    }
  });

  it('reports Produce from version 0 for old librdkafka and still refuses versions 0 to 2', () => {
    const produce = table.find(({ apiKey }) => apiKey === 0)!;
    expect(produce.advertised).toEqual({ min: 0, max: 13 });
    expect(produce.versions).toEqual({ min: 3, max: 13 });
  });

  it('lists features whose minimum is 0 from version 4 on only (KAFKA-17492), and no feature that is off', async () => {
    for (const [version, expected] of [
      [4, facts.brokerFeatures],
      [3, facts.brokerFeaturesV3],
    ] as const) {
      const { supportedFeatures, finalizedFeatures, finalizedFeaturesEpoch } = await answer(version);
      expect(byName(supportedFeatures, ({ minVersion, maxVersion }) => ({ min: minVersion, max: maxVersion }))).toEqual(
        expected.supported,
      );
      expect(
        byName(finalizedFeatures, ({ minVersionLevel, maxVersionLevel }) => ({
          min: minVersionLevel,
          max: maxVersionLevel,
        })),
      ).toEqual(expected.finalized);
      expect(finalizedFeaturesEpoch).toBe(17);
    }
  });

  it('refuses a client software name or version that is none (KIP-511)', async () => {
    const fact = facts.invalidClientSoftwareName;
    for (const request of [
      { ...software, clientSoftwareName: '' },
      { ...software, clientSoftwareName: '-kafka' },
      { ...software, clientSoftwareName: 'my client' },
      { ...software, clientSoftwareVersion: '1.0.' },
      { ...software, clientSoftwareVersion: '1.0\n' },
    ]) {
      expect(await answer(fact.requestVersion, request)).toEqual({ errorCode: fact.errorCode });
    }
    expect(errorCode('INVALID_REQUEST')).toBe(fact.errorCode);
    // Versions below 3 have no such fields.
    expect((await answer(2, { clientSoftwareName: '', clientSoftwareVersion: '' })).errorCode).toBeUndefined();
  });

  it('keeps the client software with the connection', async () => {
    const context = contextOf(3);
    await handler.handle(software, context);
    expect(context.connection).toMatchObject(software);
  });
});
