/**
 * What one Kafka API is here: two schemas and a function between them. A handler file exports a factory over the narrow
 * services it needs; `apis/index.ts` builds the table, `apis/dispatch.ts` is the only caller.
 *
 * Invariants: the part of `handle` before its first `await` runs in the order in which the requests of a connection
 * arrived; a handler touches no socket and no file; a `KafkaError` it throws fails the request as a whole.
 */
import type { RequestTimes } from '../metrics/request-metrics.ts';
import type { ErrorName } from '../wire/errors.ts';
import type { InputOf, MessageSchema, ValueOf } from '../wire/schema.ts';
import type { VersionRange } from '../wire/versions.ts';
import type { RequestUsage } from './request-usage.ts';

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';

/** What is known of the peer; one object per connection, made by `net`. */
export interface ConnectionContext {
  /** Kafka's form `local:port-remote:port-index`, for logs. */
  readonly connectionId: string;
  readonly listenerName: string;
  readonly securityProtocol: SecurityProtocol;
  /** `User:ANONYMOUS` until the client authenticates. */
  readonly principal: string;
  /** The peer's IP address without a slash; `clientHost` of group members is `/` + this. */
  readonly clientAddress: string;
  readonly clientPort: number;
  /** The address and port of ours that the client dialled. */
  readonly localHost: string;
  readonly localPort: number;
  /** Set by ApiVersions v3+ (KIP-511). */
  clientSoftwareName: string;
  clientSoftwareVersion: string;
  /** Of the request that was dispatched last; null or absent unless somebody measures. Set by dispatch, read by `net`. */
  requestTimes?: RequestTimes | null;
}

export interface RequestContext {
  readonly apiVersion: number;
  readonly clientId: string | null;
  readonly correlationId: number;
  readonly connection: ConnectionContext;
  readonly receivedAtMs: number;
  readonly usage: RequestUsage;
  /** Null or absent unless somebody measures. */
  readonly times?: RequestTimes | null;
}

export interface Handler<Req extends MessageSchema, Res extends MessageSchema> {
  readonly request: Req;
  readonly response: Res;
  /** Brokers among themselves: the time it takes is not charged to a client. */
  readonly exemptFromQuota?: true;
  /** The versions that are served and advertised; the schema's valid versions when left out. */
  readonly versions?: VersionRange;
  /** The versions that ApiVersions tells, where they differ from the served ones (Produce, for old librdkafka). */
  readonly advertised?: VersionRange;
  /** `null`: the client expects no response (acks=0). */
  handle(request: ValueOf<Req>, context: RequestContext): InputOf<Res> | null | Promise<InputOf<Res> | null>;
  /**
   * The response when the whole request failed with `error`. `null` closes the connection, which is the only way to
   * tell a client that expects no response.
   */
  failed(request: ValueOf<Req>, error: ErrorName, message: string | null, context: RequestContext): InputOf<Res> | null;
}
