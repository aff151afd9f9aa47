/**
 * Envelope, key 58, version 0 (KIP-590), on the controller listener: a broker sends on what a client asked it.
 *
 * The answer of the request within is given as it is, with its errors. Errors of the envelope itself: NOT_CONTROLLER,
 * INVALID_REQUEST (the request within cannot be read, or is none that is sent on), UNSUPPORTED_VERSION,
 * PRINCIPAL_DESERIALIZATION_FAILURE.
 */
import { decode } from '../wire/codec.ts';
import { errorCode, KafkaError } from '../wire/errors.ts';
import { defaultPrincipalData } from '../wire/schema/default-principal-data.ts';
import { envelopeRequest, envelopeResponse } from '../wire/schema/envelope.ts';
import type { ConnectionContext, Handler } from './handler.ts';

export interface EnvelopeServices {
  readonly isActiveController: () => boolean;
  /** Answers the request within; null where it is none that is sent on, or cannot be read. */
  readonly serveForwarded: (frame: Buffer, connection: ConnectionContext) => Promise<Buffer | null>;
}

export function envelopeHandler(services: EnvelopeServices): Handler<typeof envelopeRequest, typeof envelopeResponse> {
  return {
    request: envelopeRequest,
    response: envelopeResponse,
    async handle({ requestData, requestPrincipal, clientHostAddress }, { connection }) {
      if (!services.isActiveController()) throw new KafkaError('NOT_CONTROLLER');
      const client: ConnectionContext = {
        ...connection,
        principal: principalOf(requestPrincipal),
        clientAddress: addressOf(clientHostAddress) ?? connection.clientAddress,
      };
      const responseData = await services.serveForwarded(requestData, client);
      if (responseData === null) throw new KafkaError('INVALID_REQUEST');
      return { responseData };
    },
    failed: (_request, error) => ({ errorCode: errorCode(error) }),
  };
}

const VERSION_BYTES = 2;
const IPV4_BYTES = 4;
const IPV6_BYTES = 16;

/** `User:alice`. */
function principalOf(bytes: Buffer | null): string {
  try {
    if (bytes === null) throw new Error('a broker says who asks');
    const { type, name } = decode(defaultPrincipalData, bytes.readInt16BE(0), bytes.subarray(VERSION_BYTES));
    return `${type}:${name}`;
  } catch {
    throw new KafkaError('PRINCIPAL_DESERIALIZATION_FAILURE');
  }
}

function addressOf(bytes: Buffer): string | null {
  if (bytes.length === IPV4_BYTES) return bytes.join('.');
  if (bytes.length !== IPV6_BYTES) return null;
  return Array.from({ length: IPV6_BYTES / 2 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':');
}
