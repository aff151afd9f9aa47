import { ClientQuotas } from '../apis/client-quotas.ts';
import type { Clock } from '../base/clock.ts';
import type { BrokerSettings } from '../config/broker-settings.ts';

const MS_PER_SECOND = 1000;

/** Client quotas with the windows that the settings give them. */
export function newClientQuotas(settings: BrokerSettings, clock: Clock): ClientQuotas {
  return new ClientQuotas({
    clock,
    window: {
      sampleCount: settings.number('quota.window.num'),
      sampleMs: settings.number('quota.window.size.seconds') * MS_PER_SECOND,
    },
    controllerWindow: {
      sampleCount: settings.number('controller.quota.window.num'),
      sampleMs: settings.number('controller.quota.window.size.seconds') * MS_PER_SECOND,
    },
  });
}
