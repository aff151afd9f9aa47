// Nodes by their roles: which ports they open, and what answers there.
import { afterEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemClock, systemRandom, systemTimer } from '../../../src/base/system.ts';
import { loadNodeConfig } from '../../../src/config/node-config.ts';
import { openNodeSocket } from '../../../src/net/node-socket.ts';
import { nodeClients } from '../../../src/node/node-clients.ts';
import { Node } from '../../../src/node.ts';
import type { NodeClient } from '../../../src/wire/node-client.ts';
import {
  controllerRegistrationRequest,
  controllerRegistrationResponse,
} from '../../../src/wire/schema/controller-registration.ts';
import { describeClusterRequest, describeClusterResponse } from '../../../src/wire/schema/describe-cluster.ts';

const describeClusters = { request: describeClusterRequest, response: describeClusterResponse };
const registrations = { request: controllerRegistrationRequest, response: controllerRegistrationResponse };
const running: { close(): unknown }[] = [];

async function start(settings: string): Promise<Node> {
  const node = await Node.start({
    config: loadNodeConfig({ file: settings }),
    ephemeral: true,
    format: true,
    topics: [],
    logger: silentLogger,
  });
  running.push({ close: () => node.stop() });
  return node;
}

function clientOf(address: string): NodeClient {
  const [host, port] = address.split(':');
  const client = nodeClients(
    { openSocket: openNodeSocket, clock: systemClock, timer: systemTimer, random: systemRandom, logger: silentLogger },
    {
      clientId: 'test',
      requestTimeoutMs: 30_000,
      reconnectBackoffMs: 10,
      reconnectBackoffMaxMs: 100,
      requestsInFlightMax: 1,
    },
  )({ host: host!, port: Number(port) });
  running.push(client);
  return client;
}

afterEach(async () => {
  for (const started of running.splice(0).reverse()) await started.close();
});

const combined = `
  process.roles=broker,controller
  node.id=3
  listeners=PLAINTEXT://127.0.0.1:0,CTRL://127.0.0.1:0
  controller.listener.names=CTRL
  controller.quorum.bootstrap.servers=127.0.0.1:1
  offsets.topic.replication.factor=1
`;

describe('a node that is broker and controller', () => {
  test('answers as a controller on its controller listener', async () => {
    const node = await start(combined);
    const [brokerAddress, controllerAddress] = [node.bootstrapServers, node.boundAddresses[0]!];
    expect(node.boundAddresses).toHaveLength(2);
    expect(controllerAddress).not.toBe(brokerAddress);
    const controller = clientOf(controllerAddress);
    const described = await controller.send(describeClusters, { body: { endpointType: 2 } });
    expect(described.body).toMatchObject({
      errorCode: 0,
      clusterId: node.clusterId,
      endpointType: 2,
      controllerId: 3,
      brokers: [{ brokerId: 3, host: '127.0.0.1', port: Number(controllerAddress.split(':')[1]) }],
    });
    const wrongWay = await controller.send(describeClusters, { body: { endpointType: 1 } });
    expect(wrongWay.body).toMatchObject({
      errorCode: 114,
      errorMessage: 'The request was sent to an endpoint of type CONTROLLER, but we wanted an endpoint of type BROKER',
    });
  });

  test('offers each API on the listener where Apache Kafka has it', async () => {
    const node = await start(combined);
    const ofBroker = await clientOf(node.bootstrapServers).versions();
    const ofController = await clientOf(node.boundAddresses[0]!).versions();
    expect(ofBroker.apis.has(70)).toBe(false);
    expect(ofController.apis.get(70)).toEqual({ min: 0, max: 0 });
    expect(ofController.apis.has(0)).toBe(false);
  });

  test('another controller registers with it', async () => {
    const node = await start(combined);
    const controller = clientOf(node.boundAddresses[0]!);
    const answer = await controller.send(registrations, {
      body: {
        controllerId: 4,
        incarnationId: 'hloYyovRSj-Y0Z7LtQuJ3A',
        listeners: [{ name: 'CTRL', host: 'other', port: 9, securityProtocol: 0 }],
        features: [{ name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 30 }],
      },
    });
    expect(answer.body).toMatchObject({ errorCode: 0, errorMessage: null });
    const { body } = await controller.send(describeClusters, { body: { endpointType: 2 } });
    expect(body.brokers.map(({ brokerId, host, port }) => [brokerId, host, port])).toContainEqual([4, 'other', 9]);
  });
});

test('a broker that finds no active controller in its time gives up, and says what there should be', async () => {
  const start = Node.start({
    config: loadNodeConfig({
      file: `
        process.roles=broker
        node.id=3
        listeners=PLAINTEXT://127.0.0.1:0
        controller.listener.names=CTRL
        controller.quorum.bootstrap.servers=127.0.0.1:1
        initial.broker.registration.timeout.ms=200
      `,
    }),
    ephemeral: true,
    format: true,
    clusterId: 'AAAAAAAAQ4CAAAAAAAAAAg',
    topics: [],
    logger: silentLogger,
  });
  await expect(start).rejects.toThrow(
    'The broker could not be registered within 200 ms: no controller is active, or none can be reached. Most controllers must run',
  );
});

test('a controller alone opens its listener and nothing else', async () => {
  const node = await start(`
    process.roles=controller
    node.id=3
    listeners=CTRL://127.0.0.1:0
    controller.listener.names=CTRL
    controller.quorum.bootstrap.servers=127.0.0.1:1
  `);
  expect(node.boundAddresses).toEqual([node.bootstrapServers]);
  const { body } = await clientOf(node.bootstrapServers).send(describeClusters, { body: { endpointType: 2 } });
  expect(body).toMatchObject({ errorCode: 0, controllerId: 3 });
});

test('a node without configuration opens no controller port', async () => {
  const node = await Node.start({
    config: loadNodeConfig({ flags: new Map([['listeners', 'PLAINTEXT://127.0.0.1:0']]) }),
    ephemeral: true,
    format: true,
    topics: [],
    logger: silentLogger,
  });
  running.push({ close: () => node.stop() });
  expect(node.boundAddresses).toEqual([node.bootstrapServers]);
});
