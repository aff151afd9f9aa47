import { describe, expect, it } from 'vitest';
import { describeClusterHandler } from '../../../src/apis/describe-cluster.ts';
import { decode, encode } from '../../../src/wire/codec.ts';
import { errorName } from '../../../src/wire/errors.ts';
import { type DescribeClusterRequest, describeClusterResponse } from '../../../src/wire/schema/describe-cluster.ts';
import { broker, contextOf, view } from './api-fakes.ts';

const metadata = view([broker(1), broker(2, { fenced: true, rack: 'r2' })], []);

async function ask(asked: Partial<DescribeClusterRequest>, version = 2, of = metadata) {
  const response = await describeClusterHandler({ metadata: of }).handle(
    { includeClusterAuthorizedOperations: false, endpointType: 1, includeFencedBrokers: false, ...asked },
    contextOf(version),
  );
  return decode(describeClusterResponse, version, encode(describeClusterResponse, version, response!));
}

describe('DescribeCluster', () => {
  it('lists live brokers, fenced ones on request (KIP-1073)', async () => {
    for (const version of [0, 1, 2]) {
      const response = await ask({}, version);
      expect(response).toMatchObject({ errorCode: 0, clusterId: 'cluster', controllerId: 1, endpointType: 1 });
      expect(response.brokers.map(({ brokerId, isFenced }) => [brokerId, isFenced])).toEqual([[1, false]]);
    }
    expect((await ask({ includeFencedBrokers: true })).brokers).toMatchObject([
      { brokerId: 1, host: 'broker1', port: 9091, rack: null, isFenced: false },
      { brokerId: 2, host: 'broker2', port: 9092, rack: 'r2', isFenced: true },
    ]);
  });

  it('refuses to speak for controllers and for what does not exist (KIP-919)', async () => {
    const cases = [
      [2, 1, 'MISMATCHED_ENDPOINT_TYPE'],
      [2, 0, 'INVALID_REQUEST'],
      [7, 1, 'UNSUPPORTED_ENDPOINT_TYPE'],
      [7, 0, 'INVALID_REQUEST'],
    ] as const;
    for (const [endpointType, version, error] of cases) {
      const response = await ask({ endpointType }, version);
      expect(errorName(response.errorCode)).toBe(error);
      expect(response.errorMessage).toBe(
        endpointType === 2
          ? 'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER'
          : 'Unsupported endpoint type 7',
      );
    }
  });

  it('lists the operations when asked and no controller where no broker lives', async () => {
    expect((await ask({})).clusterAuthorizedOperations).toBe(-2147483648);
    expect((await ask({ includeClusterAuthorizedOperations: true })).clusterAuthorizedOperations).toBe(8096);
    expect((await ask({}, 2, view([broker(1, { fenced: true })], []))).controllerId).toBe(-1);
  });

  it('gives the address the client dialled for the answering node where nothing is advertised', async () => {
    const developer = view([broker(1)], [], { advertisesDialledAddress: true });
    expect((await ask({}, 2, developer)).brokers).toMatchObject([{ host: '127.0.0.1', port: 9092 }]);
  });
});
