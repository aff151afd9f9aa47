import { expect, test } from 'vitest';
import { settingName, settingsFromEnvironment } from '../../../src/config/environment.ts';
import { parseProperties } from '../../../src/config/properties.ts';

function parse(text: string): Record<string, string> {
  return Object.fromEntries(parseProperties(text));
}

test('name and value are separated by =, : or white space', () => {
  expect(parse('a=1\nb:2\nc 3\n d = 4 \ne\t:\t5\nf\ng==6\nh = : 7')).toEqual({
    a: '1',
    b: '2',
    c: '3',
    d: '4 ',
    e: '5',
    f: '',
    g: '=6',
    h: ': 7',
  });
});

test('comments and blank lines are skipped, and a comment is never continued', () => {
  expect(parse('# one\\\na=1\n  ! two\n\n \t\nb=2 # not a comment')).toEqual({ a: '1', b: '2 # not a comment' });
});

test('a backslash continues a line, and the next one loses its indentation', () => {
  expect(parse('listeners=A://:1,\\\n    B://:2\r\nx=a\\\\\ny=1')).toEqual({
    listeners: 'A://:1,B://:2',
    x: 'a\\',
    y: '1',
  });
});

test('a continued line may look like a comment', () => {
  expect(parse('a=1,\\\n#2')).toEqual({ a: '1,#2' });
});

test('escapes, in names as well as in values', () => {
  expect(parse('a\\ b\\=c=x\\ty\\u00e9\\q\nC\\:\\\\dir=\\ v')).toEqual({ 'a b=c': 'x\ty\u00e9q', 'C:\\dir': ' v' });
});

test('a broken \\u escape is refused', () => {
  expect(() => parse('a=\\u12')).toThrow('Malformed \\uxxxx encoding.');
});

test('the last of several values of a name counts', () => {
  expect(parse('a=1\na=2')).toEqual({ a: '2' });
});

test('a last line that ends in a backslash is kept', () => {
  expect(parse('a=1\\')).toEqual({ a: '1' });
});

test('KAFKA_ variables become settings as in the official image', () => {
  expect(
    Object.fromEntries(
      settingsFromEnvironment({
        KAFKA_LOG_RETENTION_MS: '1',
        KAFKA_LISTENER_NAME_MY__NAME_X___Y: '2',
        KAFKA_OPTS: '-Dx',
        KAFKA_HEAP_OPTS: '-Xmx1g',
        KAFKA_LOG4J_ROOT_LOGLEVEL: 'DEBUG',
        CLUSTER_ID: 'abc',
        PATH: '/bin',
        KAFKA_UNSET: undefined,
      }),
    ),
  ).toEqual({ 'log.retention.ms': '1', 'listener.name.my_name.x-y': '2' });
});

test('underscores: one is a dot, two an underscore, three a dash', () => {
  expect(settingName('KAFKA_A_B__C___D')).toBe('a.b_c-d');
});
