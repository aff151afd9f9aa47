/**
 * Reads a Java properties file: comments, `=`, `:` or white space between name and value, lines continued by a
 * backslash, and the escapes \t \n \r \f \uXXXX. A name that comes twice keeps its last value.
 */
import { ConfigError } from './config-key.ts';

export function parseProperties(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const { name, value } = splitLine(line);
    settings.set(name, value);
  }
  return settings;
}

const whiteSpace = ' \t\f';

/** Joins continued lines and drops comments and blank lines. A comment is never continued. */
function* logicalLines(text: string): Generator<string> {
  let joined: string | null = null;
  for (const natural of text.split(/\r\n|\r|\n/)) {
    const line = natural.replace(/^[ \t\f]+/, '');
    if (joined === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const whole: string = (joined ?? '') + line;
    if (endsInOddBackslashes(line)) {
      joined = whole.slice(0, -1);
    } else {
      joined = null;
      if (whole !== '') yield whole;
    }
  }
  if (joined !== null && joined !== '') yield joined;
}

function endsInOddBackslashes(line: string): boolean {
  let count = 0;
  while (line[line.length - 1 - count] === '\\') count++;
  return count % 2 === 1;
}

function splitLine(line: string): { name: string; value: string } {
  let end = 0;
  while (end < line.length && !`${whiteSpace}=:`.includes(line[end]!)) end += line[end] === '\\' ? 2 : 1;
  end = Math.min(end, line.length);
  let start = end;
  while (start < line.length && whiteSpace.includes(line[start]!)) start++;
  if (line[start] === '=' || line[start] === ':') {
    start++;
    while (start < line.length && whiteSpace.includes(line[start]!)) start++;
  }
  return { name: unescapeText(line.slice(0, end)), value: unescapeText(line.slice(start)) };
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescapeText(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(
    /\\(?:u([\s\S]{0,4})|([\s\S])|$)/g,
    (_match, hex: string | undefined, char: string | undefined) => {
      if (hex !== undefined) {
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw new ConfigError('Malformed \\uxxxx encoding.');
        return String.fromCharCode(Number.parseInt(hex, 16));
      }
      return char === undefined ? '' : (escapes[char] ?? char);
    },
  );
}
