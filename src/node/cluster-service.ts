/** The way of the cluster's administration to the controller of this very process. */
import type { ClusterController } from '../apis/cluster-controller.ts';
import type { Timer } from '../base/clock.ts';
import type { Controller } from '../controller/controller.ts';
import { KRAFT_VERSION } from '../metadata/features.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import { withinTimeout } from './within-timeout.ts';

export class LocalClusterController implements ClusterController {
  readonly #controller: Controller;
  readonly #timer: Timer;
  readonly #image: () => MetadataImage;

  constructor(options: {
    readonly controller: Controller;
    readonly timer: Timer;
    readonly image: () => MetadataImage;
  }) {
    this.#controller = options.controller;
    this.#timer = options.timer;
    this.#image = options.image;
  }

  electLeaders(
    command: Parameters<ClusterController['electLeaders']>[0],
  ): ReturnType<ClusterController['electLeaders']> {
    return withinTimeout(this.#timer, command.timeoutMs, () => this.#controller.electLeaders(command));
  }

  alterPartitionReassignments(
    command: Parameters<ClusterController['alterPartitionReassignments']>[0],
  ): ReturnType<ClusterController['alterPartitionReassignments']> {
    return withinTimeout(this.#timer, command.timeoutMs, () => this.#controller.alterPartitionReassignments(command));
  }

  listPartitionReassignments(
    command: Parameters<ClusterController['listPartitionReassignments']>[0],
  ): ReturnType<ClusterController['listPartitionReassignments']> {
    // Reading has no deadline in Kafka.
    return this.#controller.listPartitionReassignments(command);
  }

  unregisterBroker(brokerId: number): ReturnType<ClusterController['unregisterBroker']> {
    return this.#controller.unregisterBroker(brokerId);
  }

  updateFeatures(
    command: Parameters<ClusterController['updateFeatures']>[0],
  ): ReturnType<ClusterController['updateFeatures']> {
    const kraftVersion = this.#image().features.get(KRAFT_VERSION) ?? 0;
    return this.#controller.updateFeatures({ ...command, kraftVersion });
  }
}
