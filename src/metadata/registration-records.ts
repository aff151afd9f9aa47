/** Records that register brokers and controllers: what they do, for the image and for the controller alike. */
import type { BrokerRegistrationChangeRecord } from '../wire/schema/broker-registration-change-record.ts';
import type { RegisterBrokerRecord } from '../wire/schema/register-broker-record.ts';
import type { RegisterControllerRecord } from '../wire/schema/register-controller-record.ts';
import type { BrokerImage, ControllerImage, ListenerImage, SupportedVersions } from './metadata-image.ts';

/** The three-valued flags of BrokerRegistrationChangeRecord. */
export const fencingChange = { fence: 1, none: 0, unfence: -1 } as const;
export const controlledShutdownChange = { none: 0, inControlledShutdown: 1 } as const;

export function newBrokerImage(record: RegisterBrokerRecord): BrokerImage {
  return {
    brokerId: record.brokerId,
    brokerEpoch: record.brokerEpoch,
    incarnationId: record.incarnationId,
    listeners: newListeners(record.endPoints),
    supportedFeatures: newSupportedFeatures(record.features),
    rack: record.rack,
    fenced: record.fenced,
    inControlledShutdown: record.inControlledShutdown,
    isMigratingZkBroker: record.isMigratingZkBroker,
    logDirs: record.logDirs,
    cordonedLogDirs: record.cordonedLogDirs,
  };
}

export function changedBroker(broker: BrokerImage, record: BrokerRegistrationChangeRecord): BrokerImage {
  return {
    ...broker,
    fenced: record.fenced === fencingChange.none ? broker.fenced : record.fenced === fencingChange.fence,
    inControlledShutdown:
      broker.inControlledShutdown || record.inControlledShutdown === controlledShutdownChange.inControlledShutdown,
    logDirs: record.logDirs.length > 0 ? record.logDirs : broker.logDirs,
    cordonedLogDirs: record.cordonedLogDirs ?? broker.cordonedLogDirs,
  };
}

export function newControllerImage(record: RegisterControllerRecord): ControllerImage {
  return {
    controllerId: record.controllerId,
    incarnationId: record.incarnationId,
    zkMigrationReady: record.zkMigrationReady,
    listeners: newListeners(record.endPoints),
    supportedFeatures: newSupportedFeatures(record.features),
  };
}

function newListeners(endPoints: RegisterBrokerRecord['endPoints']): ListenerImage[] {
  return endPoints.map(({ name, host, port, securityProtocol }) => ({ name, host, port, securityProtocol }));
}

function newSupportedFeatures(features: RegisterBrokerRecord['features']): ReadonlyMap<string, SupportedVersions> {
  return new Map(
    features.map(({ name, minSupportedVersion, maxSupportedVersion }) => [
      name,
      { min: minSupportedVersion, max: maxSupportedVersion },
    ]),
  );
}
