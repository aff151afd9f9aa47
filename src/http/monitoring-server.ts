/**
 * `/metrics`, `/healthz` and `/readyz` over HTTP, on a port of their own.
 *
 *     GET /metrics   200 Prometheus' text; scrapes that come at the same time share one collection
 *     GET /healthz   200 while the process lives and its event loop turns
 *     GET /readyz    200 while the broker serves, else 503 with the reason
 *     anything else  404, or 405 for another method; bytes that are no HTTP close their connection
 *
 * Invariant: whatever a client sends or fails to read, the broker is not disturbed: connections, headers and waits are
 * limited, request bodies are never read, and a scrape that fails is an answer of 500 with one log line.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { Logger } from '../base/logger.ts';
import type { Exposition } from '../metrics/exposition.ts';

export interface MonitoringServerOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly exposition: Exposition;
  /** Null: the broker serves; else why it does not. */
  readonly notReadyBecause: () => string | null;
  readonly logger: Logger;
}

const CONNECTIONS_MAX = 64;
const HEADER_BYTES_MAX = 8 * 1024;
const HEADER_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;
const TEXT = 'text/plain; charset=utf-8';

const PATHS = ['/metrics', '/healthz', '/readyz'] as const;
type Path = (typeof PATHS)[number];

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export class MonitoringServer {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** Rejects with what listening failed with. */
  static async start(options: MonitoringServerOptions): Promise<MonitoringServer> {
    const { host, port, logger } = options;
    // Loaded here, because most brokers never serve HTTP.
    const { createServer } = createRequire(import.meta.url)('node:http') as typeof import('node:http');
    const answers = new Answers(options);
    const server = createServer(
      {
        maxHeaderSize: HEADER_BYTES_MAX,
        headersTimeout: HEADER_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: HEADER_TIMEOUT_MS,
      },
      (request, response) => {
        respond(answers, request, response).catch((error: unknown) => {
          logger.error('a monitoring request failed', { error: textOf(error) });
          response.destroy();
        });
      },
    );
    server.maxConnections = CONNECTIONS_MAX;
    server.timeout = IDLE_TIMEOUT_MS;
    server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      else socket.destroy();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => logger.error('the monitoring port failed', { error: textOf(error) }));
    const address = server.address();
    return new MonitoringServer(server, address !== null && typeof address === 'object' ? address.port : port);
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

class Answers {
  readonly #options: MonitoringServerOptions;
  #scrape: Promise<string> | null = null;

  constructor(options: MonitoringServerOptions) {
    this.#options = options;
  }

  async to(path: Path): Promise<Answer> {
    switch (path) {
      case '/metrics':
        return this.#metrics();
      case '/healthz':
        return text(200, 'ok');
      case '/readyz': {
        const reason = this.#options.notReadyBecause();
        return text(reason === null ? 200 : 503, reason ?? 'ok');
      }
    }
  }

  async #metrics(): Promise<Answer> {
    const { exposition, logger } = this.#options;
    try {
      this.#scrape ??= exposition.render().finally(() => {
        this.#scrape = null;
      });
      const body = await this.#scrape;
      return { status: 200, contentType: exposition.contentType, body };
    } catch (error) {
      logger.error('collecting the metrics failed', { error: textOf(error) });
      return text(500, 'collecting the metrics failed, see the log');
    }
  }
}

async function respond(answers: Answers, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? '';
  const path = (request.url ?? '').split('?', 1)[0]!;
  const isRead = method === 'GET' || method === 'HEAD';
  // A body is of no use here, and one that is not read must not be taken for the next request.
  if (
    !isRead ||
    request.headers['content-length'] !== undefined ||
    request.headers['transfer-encoding'] !== undefined
  ) {
    response.setHeader('Connection', 'close');
  }
  let answer: Answer;
  if (!isPath(path)) answer = text(404, `there is ${PATHS.join(', ')}`);
  else if (isRead) answer = await answers.to(path);
  else {
    response.setHeader('Allow', 'GET, HEAD');
    answer = text(405, 'only GET and HEAD');
  }
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { 'Content-Type': answer.contentType, 'Content-Length': body.length });
  response.end(method === 'HEAD' ? undefined : body);
}

function isPath(path: string): path is Path {
  return PATHS.some((known) => known === path);
}

function text(status: number, line: string): Answer {
  return { status, contentType: TEXT, body: `${line}\n` };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
