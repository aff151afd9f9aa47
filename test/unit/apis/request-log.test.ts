// The request log, through dispatch: one line for each request that is done, only while it is wanted.
import { describe, expect, test } from 'vitest';
import { apiVersionsHandler } from '../../../src/apis/api-versions.ts';
import { noTimeQuota } from '../../../src/apis/client-quotas.ts';
import { apiOf, createDispatch } from '../../../src/apis/dispatch.ts';
import type { ConnectionContext } from '../../../src/apis/handler.ts';
import { loggableMessage } from '../../../src/apis/loggable-message.ts';
import { RequestMonitor } from '../../../src/apis/request-monitor.ts';
import { type Logger, silentLogger } from '../../../src/base/logger.ts';
import { RequestMetricsTable } from '../../../src/metrics/request-metrics.ts';
import { encodeInto } from '../../../src/wire/codec.ts';
import { apiVersionsRequest } from '../../../src/wire/schema/api-versions.ts';
import { requestHeader } from '../../../src/wire/schema/request-header.ts';
import { Writer } from '../../../src/wire/writer.ts';

const connection = (): ConnectionContext => ({
  connectionId: '127.0.0.1:9092-127.0.0.1:5000-0-0',
  listenerName: 'PLAINTEXT',
  securityProtocol: 'PLAINTEXT',
  principal: 'User:ANONYMOUS',
  clientAddress: '127.0.0.1',
  clientPort: 5000,
  localHost: '127.0.0.1',
  localPort: 9092,
  clientSoftwareName: 'unknown',
  clientSoftwareVersion: 'unknown',
});

function apiVersionsFrame(clientSoftwareName: string): Buffer {
  const writer = new Writer();
  encodeInto(requestHeader, 2, { requestApiKey: 18, requestApiVersion: 3, correlationId: 7, clientId: 'shop' }, writer);
  encodeInto(apiVersionsRequest, 3, { clientSoftwareName, clientSoftwareVersion: '1.0' }, writer);
  return Buffer.concat(writer.chunks());
}

function newDispatch(logs: () => boolean, metrics: RequestMetricsTable | null) {
  const lines: { message: string; fields: Record<string, unknown> }[] = [];
  const logger: Logger = {
    ...silentLogger,
    debug: (message, fields) => void lines.push({ message, fields: { ...fields } }),
  };
  let nowMs = 100;
  const clock = { nowMs: () => 0, monotonicMs: () => nowMs++ };
  const api = apiOf(
    apiVersionsHandler({
      apis: () => [],
      features: () => ({ supported: new Map(), finalized: new Map(), finalizedEpoch: -1 }),
    }),
  );
  const dispatch = createDispatch({
    quotas: noTimeQuota,
    table: new Map([[18, api]]),
    clock,
    logger: silentLogger,
    monitor: new RequestMonitor({ clock, metrics, logger, logs }),
  });
  return { dispatch, lines };
}

describe('the request log', () => {
  test('has a line with request, response and times when the response has been sent', () => {
    const { dispatch, lines } = newDispatch(() => true, null);
    const peer = connection();
    dispatch(apiVersionsFrame('kafkajs'), peer);
    expect(lines).toEqual([]);
    peer.requestTimes!.received(98);
    peer.requestTimes!.written();
    peer.requestTimes!.finished();
    expect(lines).toEqual([
      {
        message: 'Completed request',
        fields: expect.objectContaining({
          requestHeader: {
            requestApiKey: 18,
            requestApiKeyName: 'ApiVersions',
            requestApiVersion: 3,
            correlationId: 7,
            clientId: 'shop',
          },
          request: { clientSoftwareName: 'kafkajs', clientSoftwareVersion: '1.0' },
          response: expect.objectContaining({ apiKeys: [] }),
          requestQueueTimeMs: 2,
          localTimeMs: 1,
          remoteTimeMs: 0,
          responseQueueTimeMs: 1,
          sendTimeMs: 1,
          totalTimeMs: 5,
          clientInformation: { softwareName: 'kafkajs', softwareVersion: '1.0' },
        }),
      },
    ]);
  });

  test('costs nothing while nobody wants it: no times are taken', () => {
    const { dispatch, lines } = newDispatch(() => false, null);
    const peer = connection();
    dispatch(apiVersionsFrame('kafkajs'), peer);
    expect(peer.requestTimes).toBeNull();
    expect(lines).toEqual([]);
  });

  test('a frame that is no request does not leave the times of the one before', () => {
    const { dispatch } = newDispatch(() => true, null);
    const peer = connection();
    dispatch(apiVersionsFrame('kafkajs'), peer);
    expect(peer.requestTimes).not.toBeNull();
    dispatch(Buffer.alloc(20, 0x7f), peer);
    expect(peer.requestTimes).toBeNull();
  });
});

test('metrics count requests by version and every error code of a response', () => {
  const metrics = new RequestMetricsTable();
  const { dispatch } = newDispatch(() => false, metrics);
  for (const name of ['kafkajs', 'no name!']) {
    const peer = connection();
    dispatch(apiVersionsFrame(name), peer);
    peer.requestTimes!.finished();
  }
  expect([...metrics.of('ApiVersions').countByVersion]).toEqual([[3, 2]]);
  expect([...metrics.of('ApiVersions').countByError]).toEqual([
    ['NONE', 1],
    ['INVALID_REQUEST', 1],
  ]);
  expect(metrics.of('ApiVersions').totalMs.count).toBe(2);
});

describe('what the log shows of a message', () => {
  test('bytes by their size, long lists and texts cut', () => {
    expect(
      loggableMessage('Produce', { records: Buffer.alloc(12), names: Array(103).fill('x'), text: 'y'.repeat(2000) }),
    ).toEqual({ records: '12 bytes', names: [...Array(100).fill('x'), '3 more'], text: `${'y'.repeat(1000)}…` });
  });

  test('no value of a setting that is a password, or may be one', () => {
    const resource = (resourceType: number, name: string) => ({
      resources: [{ resourceType, resourceName: 'a', configs: [{ name, value: 'secret' }] }],
    });
    const shown = (resourceType: number, name: string) =>
      JSON.stringify(loggableMessage('AlterConfigs', resource(resourceType, name)));
    expect(shown(4, 'ssl.keystore.password')).toContain('[hidden]');
    expect(shown(4, 'ssl.keystore.pasword')).toContain('[hidden]');
    expect(shown(2, 'retention.ms')).toContain('secret');
    expect(shown(8, 'net')).toContain('secret');
  });
});
