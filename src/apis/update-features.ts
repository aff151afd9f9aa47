/**
 * UpdateFeatures, key 57, versions 0-2 (KIP-584).
 *
 * v1 kinds of upgrade, validate only (KIP-778); v2 one error for all, no results per feature (KIP-1022).
 * Error: INVALID_UPDATE_VERSION.
 */
import type { UpgradeType } from '../controller/feature-control.ts';
import { errorCode } from '../wire/errors.ts';
import { updateFeaturesRequest, updateFeaturesResponse } from '../wire/schema/update-features.ts';
import type { ClusterController } from './cluster-controller.ts';
import type { Handler } from './handler.ts';

/** By number. */
const upgradeTypes: readonly UpgradeType[] = ['unknown', 'upgrade', 'safe downgrade', 'unsafe downgrade'];
const LAST_VERSION_WITH_RESULTS = 1;

export function updateFeaturesHandler(services: {
  readonly clusterController: ClusterController;
}): Handler<typeof updateFeaturesRequest, typeof updateFeaturesResponse> {
  return {
    request: updateFeaturesRequest,
    response: updateFeaturesResponse,
    async handle({ featureUpdates, validateOnly }, { apiVersion }) {
      // Of two updates of one feature the last counts.
      const updates = new Map(
        featureUpdates.map(({ feature, maxVersionLevel, upgradeType }) => [
          feature,
          { name: feature, level: maxVersionLevel, upgradeType: upgradeTypes[upgradeType] ?? 'unknown' },
        ]),
      );
      const { error, message } = await services.clusterController.updateFeatures({
        updates: [...updates.values()],
        validateOnly,
      });
      if (error !== 'NONE') {
        const errorMessage = `The update failed for all features since the following feature had an error: ${message}`;
        return { errorCode: errorCode(error), errorMessage };
      }
      // The results of the old versions say NONE where everything else says null.
      return {
        errorMessage: null,
        ...(apiVersion > LAST_VERSION_WITH_RESULTS
          ? {}
          : { results: featureUpdates.map(({ feature }) => ({ feature, errorMessage: 'NONE' })) }),
      };
    },
    failed: ({ featureUpdates }, error, message, { apiVersion }) => ({
      errorCode: errorCode(error),
      errorMessage: message,
      ...(apiVersion > LAST_VERSION_WITH_RESULTS
        ? {}
        : {
            results: featureUpdates.map(({ feature }) => ({
              feature,
              errorCode: errorCode(error),
              errorMessage: message,
            })),
          }),
    }),
  };
}
