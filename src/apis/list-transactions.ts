/**
 * ListTransactions, key 66, versions 0-2 (KIP-664).
 *
 * v1 duration filter (KIP-994); v2 pattern of the transactional id, in RE2J's dialect (KIP-1152).
 * Errors: COORDINATOR_LOAD_IN_PROGRESS (one partition is not loaded yet), COORDINATOR_NOT_AVAILABLE,
 * INVALID_REGULAR_EXPRESSION.
 */
import { re2 } from '../base/re2.ts';
import type { TransactionCoordinator } from '../coordinator/transaction/transaction-coordinator.ts';
import { errorCode, KafkaError } from '../wire/errors.ts';
import { listTransactionsRequest, listTransactionsResponse } from '../wire/schema/list-transactions.ts';
import type { Handler } from './handler.ts';

export interface ListTransactionsServices {
  readonly transactions: Pick<TransactionCoordinator, 'listTransactions'>;
}

export function listTransactionsHandler(
  services: ListTransactionsServices,
): Handler<typeof listTransactionsRequest, typeof listTransactionsResponse> {
  return {
    request: listTransactionsRequest,
    response: listTransactionsResponse,

    handle(request) {
      const { error, unknownStates, transactions } = services.transactions.listTransactions({
        states: request.stateFilters,
        producerIds: request.producerIdFilters,
        durationMs: request.durationFilter,
        matches: matcherOf(request.transactionalIdPattern),
      });
      return {
        errorCode: errorCode(error),
        unknownStateFilters: unknownStates,
        transactionStates: transactions.map(({ transactionalId, producerId, state }) => ({
          transactionalId,
          producerId,
          transactionState: state,
        })),
      };
    },

    failed: (_request, error) => ({ errorCode: errorCode(error) }),
  };
}

/** The pattern must match the whole id. No pattern, or an empty one: every id. */
function matcherOf(pattern: string | null): ((transactionalId: string) => boolean) | null {
  if (pattern === null || pattern === '') return null;
  try {
    const compiled = re2().RE2JS.compile(pattern);
    return (transactionalId) => compiled.matches(transactionalId);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KafkaError('INVALID_REGULAR_EXPRESSION', `Transactional id pattern \`${pattern}\`: ${reason}`);
  }
}
