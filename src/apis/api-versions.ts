/**
 * ApiVersions, key 18, versions 0-4.
 *
 * v1 throttle time; v3 flexible, client software name and version (KIP-511), features (KIP-584); v4 lists supported
 * features whose minimum is 0, which older clients cannot read (KAFKA-17492). Response header 0 in every version.
 * Errors: INVALID_REQUEST (client software name or version), UNSUPPORTED_VERSION (written by dispatch, in version 0).
 */
import { errorCode } from '../wire/errors.ts';
import { apiVersionsRequest, apiVersionsResponse } from '../wire/schema/api-versions.ts';
import type { InputOf } from '../wire/schema.ts';
import type { VersionRange } from '../wire/versions.ts';
import type { Handler } from './handler.ts';

export interface AdvertisedApi {
  readonly apiKey: number;
  readonly advertised: VersionRange;
}

export interface FeatureView {
  /** What this broker's code can do, by feature name. */
  readonly supported: ReadonlyMap<string, VersionRange>;
  /** What the cluster has agreed on; level 0 stands for "off". */
  readonly finalized: ReadonlyMap<string, number>;
  /** Offset of the metadata image that says so; -1 before there is one. */
  readonly finalizedEpoch: number;
}

export interface ApiVersionsServices {
  /** Every API of the table, ascending by key. */
  readonly apis: () => readonly AdvertisedApi[];
  readonly features: () => FeatureView;
}

const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

export function apiVersionsHandler(
  services: ApiVersionsServices,
): Handler<typeof apiVersionsRequest, typeof apiVersionsResponse> {
  return {
    request: apiVersionsRequest,
    response: apiVersionsResponse,
    handle(request, context) {
      if (context.apiVersion >= 3) {
        const { clientSoftwareName, clientSoftwareVersion } = request;
        if (!SOFTWARE_NAME.test(clientSoftwareName) || !SOFTWARE_NAME.test(clientSoftwareVersion)) {
          return { errorCode: errorCode('INVALID_REQUEST') };
        }
        context.connection.clientSoftwareName = clientSoftwareName;
        context.connection.clientSoftwareVersion = clientSoftwareVersion;
      }
      const features = services.features();
      const supported = [...features.supported].filter(([, levels]) => context.apiVersion >= 4 || levels.min > 0);
      const finalized = [...features.finalized].filter(([, level]) => level > 0);
      return {
        apiKeys: services.apis().map(versionsOf),
        supportedFeatures: supported.map(([name, levels]) => ({
          name,
          minVersion: levels.min,
          maxVersion: levels.max,
        })),
        finalizedFeaturesEpoch: features.finalizedEpoch,
        finalizedFeatures: finalized.map(([name, level]) => ({ name, minVersionLevel: level, maxVersionLevel: level })),
      };
    },
    failed: (_request, error) => ({ errorCode: errorCode(error) }),
  };
}

/** Always sent in version 0: the versions of ApiVersions itself, so that the client asks again with one of them. */
export function unsupportedApiVersionsResponse(versions: VersionRange): InputOf<typeof apiVersionsResponse> {
  return {
    errorCode: errorCode('UNSUPPORTED_VERSION'),
    apiKeys: [versionsOf({ apiKey: apiVersionsRequest.apiKey ?? 0, advertised: versions })],
  };
}

function versionsOf(api: AdvertisedApi): { apiKey: number; minVersion: number; maxVersion: number } {
  return { apiKey: api.apiKey, minVersion: api.advertised.min, maxVersion: api.advertised.max };
}
