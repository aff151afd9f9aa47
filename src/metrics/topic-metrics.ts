/**
 * What producers and consumers moved, by topic and in all (Kafka's BrokerTopicStats). Plain counters that are always on:
 * an append or a fetch adds a few numbers.
 */
import type { MetricCollection } from './metric-family.ts';
import type { MetricName } from './metric-table.ts';

export class TopicMetrics {
  messagesIn = 0;
  bytesIn = 0;
  bytesOut = 0;
  replicationBytesIn = 0;
  replicationBytesOut = 0;
  bytesRejected = 0;
  produceRequests = 0;
  failedProduceRequests = 0;
  fetchRequests = 0;
  failedFetchRequests = 0;
  /** What is counted for a topic is counted here as well. */
  readonly #all: TopicMetrics | null;

  constructor(all: TopicMetrics | null = null) {
    this.#all = all;
  }

  produceRequested(): void {
    this.produceRequests++;
    this.#all?.produceRequested();
  }

  appended(messages: number, bytes: number): void {
    this.messagesIn += messages;
    this.bytesIn += bytes;
    this.#all?.appended(messages, bytes);
  }

  replicated(bytes: number): void {
    this.replicationBytesIn += bytes;
    this.#all?.replicated(bytes);
  }

  produceFailed(): void {
    this.failedProduceRequests++;
    this.#all?.produceFailed();
  }

  rejected(bytes: number): void {
    this.bytesRejected += bytes;
    this.#all?.rejected(bytes);
  }

  fetchRequested(): void {
    this.fetchRequests++;
    this.#all?.fetchRequested();
  }

  fetchFailed(): void {
    this.failedFetchRequests++;
    this.#all?.fetchFailed();
  }

  fetched(bytes: number, byFollower: boolean): void {
    if (byFollower) this.replicationBytesOut += bytes;
    else this.bytesOut += bytes;
    this.#all?.fetched(bytes, byFollower);
  }
}

const FIELDS = {
  kafka_server_brokertopicmetrics_messagesin_total: 'messagesIn',
  kafka_server_brokertopicmetrics_bytesin_total: 'bytesIn',
  kafka_server_brokertopicmetrics_bytesout_total: 'bytesOut',
  kafka_server_brokertopicmetrics_replicationbytesin_total: 'replicationBytesIn',
  kafka_server_brokertopicmetrics_replicationbytesout_total: 'replicationBytesOut',
  kafka_server_brokertopicmetrics_bytesrejected_total: 'bytesRejected',
  kafka_server_brokertopicmetrics_totalproducerequests_total: 'produceRequests',
  kafka_server_brokertopicmetrics_failedproducerequests_total: 'failedProduceRequests',
  kafka_server_brokertopicmetrics_totalfetchrequests_total: 'fetchRequests',
  kafka_server_brokertopicmetrics_failedfetchrequests_total: 'failedFetchRequests',
} as const satisfies Partial<Record<MetricName, keyof TopicMetrics>>;

export class TopicMetricsTable {
  readonly all = new TopicMetrics();
  readonly #byTopic = new Map<string, TopicMetrics>();

  of(topic: string): TopicMetrics {
    let metrics = this.#byTopic.get(topic);
    if (metrics === undefined) {
      metrics = new TopicMetrics(this.all);
      this.#byTopic.set(topic, metrics);
    }
    return metrics;
  }

  /** The topic is gone; what it counted stays in the sum. */
  forget(topic: string): void {
    this.#byTopic.delete(topic);
  }

  readonly collect = (samples: MetricCollection): void => {
    // The keys of a constant: TypeScript widens what Object.entries gives.
    for (const [name, field] of Object.entries(FIELDS) as [
      keyof typeof FIELDS,
      (typeof FIELDS)[keyof typeof FIELDS],
    ][]) {
      samples.add(name, this.all[field]);
      for (const [topic, metrics] of this.#byTopic) samples.add(name, metrics[field], { topic });
    }
  };
}
