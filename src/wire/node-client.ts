/**
 * A conversation with another node as the domain folders see it: one request, one answer. `net/node-connection.ts` is the
 * real one; a simulation hands out its own.
 */
import type { InputOf, MessageSchema, ValueOf } from './schema.ts';
import type { VersionRange } from './versions.ts';

/** The two messages of one API. */
export interface Exchange<Req extends MessageSchema, Res extends MessageSchema> {
  readonly request: Req;
  readonly response: Res;
}

export interface SendOptions<Req extends MessageSchema> {
  /** The oldest and newest version that the caller can speak; those of the schema when left out. */
  readonly versions?: VersionRange;
  /** A function is given the version that both sides speak. */
  readonly body: InputOf<Req> | ((apiVersion: number) => InputOf<Req>);
  /** From the call to the answer; that of the client when left out. */
  readonly timeoutMs?: number;
}

export interface Answer<Res extends MessageSchema> {
  readonly apiVersion: number;
  readonly body: ValueOf<Res>;
}

/** What a node said of itself when the connection was made. */
export interface NodeVersions {
  /** By API key. */
  readonly apis: ReadonlyMap<number, VersionRange>;
  readonly supportedFeatures: ReadonlyMap<string, VersionRange>;
}

export interface NodeClient {
  /** Rejects with NodeUnavailableError, where nothing is known of what became of the request; and with NodeVersionError. */
  send<Req extends MessageSchema, Res extends MessageSchema>(
    exchange: Exchange<Req, Res>,
    options: SendOptions<Req>,
  ): Promise<Answer<Res>>;
  /** Connects if need be. Rejects with NodeUnavailableError. */
  versions(): Promise<NodeVersions>;
  /** Whatever waits is rejected; nothing can be sent any more. */
  close(): void;
}

/** No connection, no answer in time, or an answer that cannot be read. */
export class NodeUnavailableError extends Error {
  override name = 'NodeUnavailableError';
}

/** The node does not speak the API in a version that the caller can. */
export class NodeVersionError extends Error {
  override name = 'NodeVersionError';
}

/** Makes a client for an address; the caller closes it. */
export type NodeClients = (address: { readonly host: string; readonly port: number }) => NodeClient;
