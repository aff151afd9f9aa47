/**
 * Prometheus' text format, by prom-client, which is loaded only where somebody may ask for it.
 *
 * Each scrape makes a registry of its own from what the sources say: nothing is registered in prom-client's global one, so
 * many brokers can be in one process, and what is gone (a deleted topic) is gone from the next scrape.
 */
import { createRequire } from 'node:module';
import type { Gauge as PromGauge } from 'prom-client';
import type { Timer } from '../base/clock.ts';
import { MetricCollection, type MetricFamily, type MetricSource } from './metric-family.ts';

type PromFamily = Awaited<ReturnType<PromGauge['get']>>;

export interface Exposition {
  readonly contentType: string;
  /** Throws what a source throws. */
  render(): Promise<string>;
}

/** A family of so many holds the event loop for about a millisecond. */
const SAMPLES_PER_TURN = 500;

export function loadExposition(sources: readonly MetricSource[], timer: Timer): Exposition {
  const { Gauge, Registry } = createRequire(import.meta.url)('prom-client') as typeof import('prom-client');

  /** Gives prom-client a family with the values that were collected, whatever their labels. */
  class CollectedFamily extends Gauge {
    readonly #family: MetricFamily;

    constructor(family: MetricFamily, registry: InstanceType<typeof Registry>) {
      super({ name: family.name, help: family.help, registers: [registry] });
      this.#family = family;
    }

    override async get(): Promise<PromFamily> {
      const { name, help, kind, samples } = this.#family;
      return {
        name,
        help,
        // prom-client declares an enum of numbers that does not exist at run time: it prints these very words.
        type: kind as unknown as PromFamily['type'],
        aggregator: 'sum',
        collect: () => {},
        values: samples.map((sample) => ({
          labels: sample.labels,
          value: sample.value,
          ...(sample.name === undefined ? {} : { metricName: sample.name }),
        })),
      };
    }
  }

  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    async render() {
      const collection = new MetricCollection();
      for (const source of sources) await source(collection);
      const registry = new Registry();
      const texts: string[] = [];
      for (const family of collection.families()) {
        new CollectedFamily(family, registry);
        texts.push(await registry.getSingleMetricAsString(family.name));
        // With ten thousand partitions a family takes a while; requests get their turn in between.
        if (family.samples.length >= SAMPLES_PER_TURN) {
          await new Promise<void>((resolve) => timer.schedule(0, resolve));
        }
      }
      return texts.join('\n\n').concat('\n');
    },
  };
}
