// Compares the transcripts of two brokers value by value.

import type { TranscriptEntry } from './run-script.ts';

export interface Difference {
  readonly script: string;
  readonly step: string;
  /** Where in the answer: 'topics[0].errorMessage'; '' for the answer as a whole. */
  readonly path: string;
  readonly apache: unknown;
  readonly ottla: unknown;
}

export function compareTranscripts(
  script: string,
  apache: readonly TranscriptEntry[],
  ottla: readonly TranscriptEntry[],
): Difference[] {
  const differences: Difference[] = [];
  for (const [index, { step, answer }] of apache.entries()) {
    compareValues(answer, ottla[index]?.answer, '', (path, left, right) =>
      differences.push({ script, step, path, apache: left, ottla: right }),
    );
  }
  return differences;
}

type Report = (path: string, apache: unknown, ottla: unknown) => void;

function compareValues(apache: unknown, ottla: unknown, path: string, report: Report): void {
  if (isTree(apache) && isTree(ottla) && Array.isArray(apache) === Array.isArray(ottla)) {
    if (Array.isArray(apache) && Array.isArray(ottla) && apache.length !== ottla.length) {
      report(`${path}.length`, apache, ottla);
      return;
    }
    for (const key of new Set([...Object.keys(apache), ...Object.keys(ottla)])) {
      const inner = Array.isArray(apache) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      compareValues(apache[key], ottla[key], inner, report);
    }
  } else if (apache !== ottla) {
    report(path, apache, ottla);
  }
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
