/** Reads Prometheus' text format back, strictly: what it does not understand is an error. */
export interface ScrapedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ScrapedFamily {
  readonly name: string;
  readonly kind: string;
  readonly help: string;
  readonly samples: ScrapedSample[];
}

export interface Scrape {
  readonly families: readonly ScrapedFamily[];
  /** Samples of that name with at least these labels. */
  all(name: string, labels: Readonly<Record<string, string>>): ScrapedSample[];
  /** The one sample with just these labels; NaN where there is none. */
  value(name: string, labels: Readonly<Record<string, string>>): number;
}

export function parseExposition(text: string): Scrape {
  const families: { name: string; kind: string; help: string; samples: ScrapedSample[] }[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const help = /^# HELP (\S+) (.*)$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (help !== null) {
      if (seen.has(help[1]!)) throw new Error(`a family twice: ${line}`);
      seen.add(help[1]!);
      families.push({ name: help[1]!, kind: '', help: help[2]!, samples: [] });
      continue;
    }
    const family = families.at(-1);
    if (family === undefined) throw new Error(`a sample before its family: ${line}`);
    if (type !== null) {
      if (type[1] !== family.name) throw new Error(`a type of another family: ${line}`);
      family.kind = type[2]!;
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample === null) throw new Error(`not understood: ${line}`);
    const suffix = sample[1]!.slice(family.name.length);
    const allowed = family.kind === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    if (!sample[1]!.startsWith(family.name) || !allowed.includes(suffix)) throw new Error(`a stray sample: ${line}`);
    if (seen.has(`${sample[1]}{${sample[2]}}`)) throw new Error(`a sample twice: ${line}`);
    seen.add(`${sample[1]}{${sample[2]}}`);
    family.samples.push({ name: sample[1]!, labels: parseLabels(sample[2] ?? ''), value: parseValue(sample[3]!) });
  }
  const samples = families.flatMap((family) => family.samples);
  const matches = (sample: ScrapedSample, labels: Readonly<Record<string, string>>) =>
    Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
  return {
    families,
    all: (name, labels) => samples.filter((sample) => sample.name === name && matches(sample, labels)),
    value: (name, labels) =>
      samples.find(
        (sample) =>
          sample.name === name &&
          matches(sample, labels) &&
          Object.keys(sample.labels).length === Object.keys(labels).length,
      )?.value ?? Number.NaN,
  };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/.exec(rest);
    if (label === null) throw new Error(`labels not understood: ${text}`);
    labels[label[1]!] = label[2]!.replace(/\\(.)/g, (_match, char: string) => (char === 'n' ? '\n' : char));
    rest = rest.slice(label[0].length);
  }
  return labels;
}

function parseValue(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  const value = Number(text);
  if (Number.isNaN(value) && text !== 'NaN' && text !== 'Nan') throw new Error(`no value: ${text}`);
  return value;
}
