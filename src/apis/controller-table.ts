/**
 * The table of the APIs that controllers answer on their own listener; `index.ts` has that of brokers. A new API of the
 * controller is a handler file and a line here.
 */
import { type ApiVersionsServices, apiVersionsHandler } from './api-versions.ts';
import { controllerRegistrationHandler } from './controller-registration.ts';
import { describeControllersHandler } from './describe-controllers.ts';
import { type Api, type ApiTable, apiOf, apiTableOf } from './dispatch.ts';

type ServicesOf<Factory extends (services: never) => unknown> = Parameters<Factory>[0];

export type ControllerApiServices = Pick<ApiVersionsServices, 'features'> &
  ServicesOf<typeof describeControllersHandler> &
  ServicesOf<typeof controllerRegistrationHandler>;

export function createControllerApiTable(services: ControllerApiServices): ApiTable {
  const table: ApiTable = apiTableOf([
    apiOf(apiVersionsHandler({ apis: (): readonly Api[] => [...table.values()], features: services.features })),
    apiOf(describeControllersHandler(services)),
    apiOf(controllerRegistrationHandler(services)),
  ]);
  return table;
}
