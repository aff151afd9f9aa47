/**
 * DescribeClientQuotas, key 48, versions 0-1.
 *
 * v1 flexible (KIP-546; entities of type ip by KIP-612).
 * Errors: INVALID_REQUEST (a filter that contradicts itself), UNSUPPORTED_VERSION (an unknown entity type).
 */
import type { ClientQuotaImage } from '../metadata/metadata-image.ts';
import { errorCode, KafkaError } from '../wire/errors.ts';
import {
  type DescribeClientQuotasRequest,
  describeClientQuotasRequest,
  describeClientQuotasResponse,
} from '../wire/schema/describe-client-quotas.ts';
import type { Handler } from './handler.ts';
import type { MetadataView } from './metadata-view.ts';

const matchType = { exact: 0, default: 1, any: 2 } as const;
const entityTypes: readonly string[] = ['user', 'client-id', 'ip'];

/** What of an entity type is looked for: one name, null for the default entity, or any of them. */
type Filter = ReadonlyMap<string, { readonly name: string | null } | 'any'>;

export function describeClientQuotasHandler(services: {
  readonly metadata: MetadataView;
}): Handler<typeof describeClientQuotasRequest, typeof describeClientQuotasResponse> {
  return {
    request: describeClientQuotasRequest,
    response: describeClientQuotasResponse,
    handle(request) {
      const filter = filterOf(request.components);
      const found = [...services.metadata.image.clientQuotas.values()].filter((quota) =>
        matches(quota, filter, request.strict),
      );
      return {
        entries: found.map(({ entity, values }) => ({
          entity,
          values: [...values].map(([key, value]) => ({ key, value })),
        })),
      };
    },
    failed: (_request, error, message) => ({ errorCode: errorCode(error), errorMessage: message, entries: null }),
  };
}

function filterOf(components: DescribeClientQuotasRequest['components']): Filter {
  const filter = new Map<string, { readonly name: string | null } | 'any'>();
  for (const { entityType, matchType: type, match } of components) {
    if (entityType === '') throw invalid('Invalid empty entity type.');
    if (filter.has(entityType)) throw invalid(`Entity type ${entityType} cannot appear more than once in the filter.`);
    if (!entityTypes.includes(entityType)) {
      throw new KafkaError('UNSUPPORTED_VERSION', `Unsupported entity type ${entityType}`);
    }
    switch (type) {
      case matchType.exact:
        if (match === null) throw invalid('Request specified MATCH_TYPE_EXACT, but set match string to null.');
        filter.set(entityType, { name: match });
        break;
      case matchType.default:
        if (match !== null) throw alsoMatch('MATCH_TYPE_DEFAULT');
        filter.set(entityType, { name: null });
        break;
      case matchType.any:
        if (match !== null) throw alsoMatch('MATCH_TYPE_SPECIFIED');
        filter.set(entityType, 'any');
        break;
      default:
        throw invalid(`Unknown match type ${type}`);
    }
  }
  if (filter.has('ip') && filter.size > 1) {
    throw invalid(
      'Invalid entity filter component combination. IP filter component should not be used with user or clientId ' +
        'filter component.',
    );
  }
  return filter;
}

/** `strict`: the entity has no other types than the filter. */
function matches({ entity }: ClientQuotaImage, filter: Filter, strict: boolean): boolean {
  if (strict && entity.length !== filter.size) return false;
  for (const [entityType, wanted] of filter) {
    const part = entity.find((each) => each.entityType === entityType);
    if (part === undefined || (wanted !== 'any' && part.entityName !== wanted.name)) return false;
  }
  return true;
}

function alsoMatch(name: string): KafkaError {
  return invalid(`Request specified ${name}, but also specified a match string.`);
}

function invalid(message: string): KafkaError {
  return new KafkaError('INVALID_REQUEST', message);
}
