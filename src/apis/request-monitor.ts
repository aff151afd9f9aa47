/**
 * Looks at requests on their way through dispatch, for the metrics and for the request log (Kafka's
 * `kafka.request.logger`: one line for each request that is done, at DEBUG). Where nobody looks a request costs one question.
 */
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { type RequestMetrics, type RequestMetricsTable, RequestTimes } from '../metrics/request-metrics.ts';
import { errorName } from '../wire/errors.ts';
import type { RequestContext } from './handler.ts';
import { loggableMessage } from './loggable-message.ts';
import type { ErrorCodes } from './response-errors.ts';

export interface RequestMonitorOptions {
  readonly clock: Clock;
  /** Null while metrics are off. */
  readonly metrics: RequestMetricsTable | null;
  /** Named `request`. */
  readonly logger: Logger;
  /** Whether the request log is wanted now. */
  readonly logs: () => boolean;
}

const none: readonly RequestMetrics[] = [];

export class RequestMonitor {
  readonly #options: RequestMonitorOptions;

  constructor(options: RequestMonitorOptions) {
    this.#options = options;
  }

  /** Null: nobody looks at this request. */
  begin(apiName: string, apiVersion: number, requestBytes: number): RequestTimes | null {
    const { metrics, clock, logs } = this.#options;
    if (metrics === null && !logs()) return null;
    return new RequestTimes({
      clock,
      metrics: metrics === null ? none : [metrics.of(apiName)],
      apiVersion,
      requestBytes,
    });
  }

  /** Counted under `name` too. */
  alsoAs(name: string, context: RequestContext): void {
    const { metrics } = this.#options;
    if (metrics !== null) context.times?.alsoAs(metrics.of(name));
  }

  /** The request as it was asked: a handler may change what it was given. */
  decoded(api: { readonly apiKey: number; readonly name: string }, request: unknown, context: RequestContext): void {
    const { times } = context;
    if (times === null || times === undefined || !this.#options.logs()) return;
    const loggableRequest = loggableMessage(api.name, request);
    times.onFinished = (finished) => {
      const { connection } = context;
      const { phases } = finished;
      this.#options.logger.debug('Completed request', {
        requestHeader: {
          requestApiKey: api.apiKey,
          requestApiKeyName: api.name,
          requestApiVersion: context.apiVersion,
          correlationId: context.correlationId,
          clientId: context.clientId,
        },
        request: loggableRequest,
        response: finished.response,
        connection: connection.connectionId,
        totalTimeMs: rounded(phases.totalMs),
        requestQueueTimeMs: rounded(phases.queueMs),
        localTimeMs: rounded(phases.localMs),
        remoteTimeMs: rounded(phases.remoteMs),
        throttleTimeMs: finished.throttleMs,
        responseQueueTimeMs: rounded(phases.responseQueueMs),
        sendTimeMs: rounded(phases.responseSendMs),
        securityProtocol: connection.securityProtocol,
        principal: connection.principal,
        listener: connection.listenerName,
        clientInformation: {
          softwareName: connection.clientSoftwareName,
          softwareVersion: connection.clientSoftwareVersion,
        },
      });
    };
  }

  responded(apiName: string, response: object, codes: ErrorCodes, times: RequestTimes): void {
    if ('throttleTimeMs' in response && typeof response.throttleTimeMs === 'number') {
      times.throttleMs = response.throttleTimeMs;
    }
    if (times.onFinished !== null) times.response = loggableMessage(apiName, response);
    if (times.metrics.length === 0) return;
    codes(response, (code) => {
      const error = errorName(code);
      for (const metrics of times.metrics) metrics.countError(error);
    });
  }
}

/** To microseconds, as Kafka's log has them. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
