import { expect, test } from 'vitest';
import type { Logger } from '../../../src/base/logger.ts';
import { LoggerLevelTable, leveledLogger } from '../../../src/node/leveled-logger.ts';

function collecting(lines: string[], prefix = ''): Logger {
  const at = (message: string) => void lines.push(prefix + message);
  return { trace: at, debug: at, info: at, warn: at, error: at, child: (name) => collecting(lines, `${name}: `) };
}

test('a logger follows root until it has a level of its own, and again after that is taken back', () => {
  const lines: string[] = [];
  const table = new LoggerLevelTable();
  const logger = leveledLogger(collecting(lines), table).child('net');
  logger.debug('hidden');
  table.setLevel('net', 'DEBUG');
  logger.debug('shown');
  table.unsetLevel('net');
  logger.debug('hidden again');
  table.setLevel('root', 'ERROR');
  logger.warn('below error');
  logger.error('an error');
  expect(lines).toEqual(['net: shown', 'net: an error']);
  expect(table.levels().get('net')).toBe('ERROR');
});
