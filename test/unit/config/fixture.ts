import { DynamicBrokerConfig } from '../../../src/config/dynamic-broker-config.ts';
import { loadNodeConfig } from '../../../src/config/node-config.ts';

const nodeProperties = [
  'process.roles=broker,controller',
  'node.id=1',
  'controller.listener.names=CONTROLLER',
  'listeners=PLAINTEXT://127.0.0.1:21092,CONTROLLER://127.0.0.1:21093',
  'controller.quorum.bootstrap.servers=127.0.0.1:21093',
].join('\n');

/** A broker with number 1 and, but for `extra` lines of properties, Kafka's defaults. */
export function testBrokerConfig(extra = ''): DynamicBrokerConfig {
  return new DynamicBrokerConfig(loadNodeConfig({ file: `${nodeProperties}\n${extra}` }));
}
