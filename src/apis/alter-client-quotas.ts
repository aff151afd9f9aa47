/**
 * AlterClientQuotas, key 49, versions 0-1.
 *
 * v1 flexible (KIP-546; entities of type ip by KIP-612).
 * Errors: per entity INVALID_REQUEST (unknown type or key, a combination that is none, a value out of range, named twice);
 * POLICY_VIOLATION for more than the metadata log takes at once.
 */
import type { Controller } from '../controller/controller.ts';
import { errorCode } from '../wire/errors.ts';
import {
  type AlterClientQuotasRequest,
  alterClientQuotasRequest,
  alterClientQuotasResponse,
} from '../wire/schema/alter-client-quotas.ts';
import type { Handler } from './handler.ts';

export interface HostLookup {
  /** The address that a name or a literal address stands for; null where there is none. */
  addressOf(host: string): Promise<string | null>;
}

export function alterClientQuotasHandler(services: {
  readonly controller: Pick<Controller, 'alterClientQuotas'>;
  readonly hosts: HostLookup;
}): Handler<typeof alterClientQuotasRequest, typeof alterClientQuotasResponse> {
  return {
    request: alterClientQuotasRequest,
    response: alterClientQuotasResponse,
    async handle({ entries, validateOnly }) {
      const unknownHosts = await unknownHostsOf(entries, services.hosts);
      const results = await services.controller.alterClientQuotas(entries, { unknownHosts, validateOnly });
      return {
        entries: results.map(({ entity, error, message }) => ({
          errorCode: errorCode(error),
          errorMessage: message,
          entity,
        })),
      };
    },
    failed: ({ entries }, error, message) => ({
      entries: entries.map(({ entity }) => ({ errorCode: errorCode(error), errorMessage: message, entity })),
    }),
  };
}

async function unknownHostsOf(entries: AlterClientQuotasRequest['entries'], hosts: HostLookup): Promise<Set<string>> {
  const names = new Set(
    entries
      .flatMap(({ entity }) => entity)
      .flatMap(({ entityType, entityName }) => (entityType === 'ip' && entityName !== null ? [entityName] : [])),
  );
  const addresses = await Promise.all([...names].map((name) => hosts.addressOf(name)));
  return new Set([...names].filter((_name, index) => addresses[index] === null));
}
