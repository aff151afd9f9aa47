/** What brokers ask of the controller on its own listener. Rejects with NOT_CONTROLLER where it is not the active one. */
import type { Controller } from '../controller/controller.ts';

export type ControllerOfBrokers = Pick<
  Controller,
  'registerBroker' | 'brokerHeartbeat' | 'allocateProducerIds' | 'alterPartition' | 'assignReplicasToDirs'
>;
