/** What a controller answers on its own listener. */
import { noTimeQuota } from '../apis/client-quotas.ts';
import { createControllerApiTable, createDispatch, type DispatchOptions } from '../apis/index.ts';
import { supportedFeatureRanges } from '../metadata/features.ts';
import type { Dispatch } from '../net/connection.ts';
import type { MetadataQuorum } from './metadata-quorum.ts';

export function newControllerDispatch(
  options: Omit<DispatchOptions, 'table' | 'quotas'> & { readonly quorum: MetadataQuorum; readonly clusterId: string },
): Dispatch {
  const { quorum, clusterId } = options;
  const table = createControllerApiTable({
    features: () => ({
      supported: supportedFeatureRanges,
      finalized: quorum.image.features,
      finalizedEpoch: quorum.image.highestOffset,
    }),
    controllers: {
      clusterId,
      get image() {
        return quorum.image;
      },
      get leaderId() {
        return quorum.raft.leaderId;
      },
    },
    controller: quorum.controller,
  });
  return createDispatch({ ...options, table, quotas: noTimeQuota });
}
