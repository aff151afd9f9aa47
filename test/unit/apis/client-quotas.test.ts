import { describe, expect, test } from 'vitest';
import { ClientQuotas } from '../../../src/apis/client-quotas.ts';
import type { RequestContext } from '../../../src/apis/handler.ts';
import { RequestUsage } from '../../../src/apis/request-usage.ts';
import type { ClientQuotaImage } from '../../../src/metadata/metadata-image.ts';
import { contextOf } from './api-fakes.ts';

class Fixture {
  nowMs = 1000;
  readonly clock = { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs };
  readonly quotas = new ClientQuotas({
    clock: this.clock,
    window: { sampleCount: 11, sampleMs: 1000 },
    controllerWindow: { sampleCount: 11, sampleMs: 1000 },
  });

  set(...quotas: readonly ClientQuotaImage[]): void {
    this.quotas.update(quotas);
  }

  context(user: string, clientId: string | null): RequestContext {
    return {
      ...contextOf(0, { principal: `User:${user}` }),
      clientId,
      usage: new RequestUsage(100, this.clock),
    };
  }
}

/** `undefined` is a type that the entity does not have. */
function quota(user: string | null | undefined, clientId: string | null | undefined, value: number, key: string) {
  const entity: { entityType: string; entityName: string | null }[] = [];
  if (user !== undefined) entity.push({ entityType: 'user', entityName: user });
  if (clientId !== undefined) entity.push({ entityType: 'client-id', entityName: clientId });
  return { entity, values: new Map([[key, value]]) };
}

const fetched = (user: string | null | undefined, clientId: string | null | undefined, value: number) =>
  quota(user, clientId, value, 'consumer_byte_rate');

describe('the quota of a client', () => {
  test('is that of the first of the eight levels that has one', () => {
    const levels = [
      fetched('u', 'c', 1),
      fetched('u', null, 2),
      fetched('u', undefined, 3),
      fetched(null, 'c', 4),
      fetched(null, null, 5),
      fetched(null, undefined, 6),
      fetched(undefined, 'c', 7),
      fetched(undefined, null, 8),
    ];
    for (let first = 0; first < levels.length; first++) {
      const fixture = new Fixture();
      fixture.set(...levels.slice(first).reverse());
      expect(fixture.quotas.fetchBytesMax(fixture.context('u', 'c'))).toBe((first + 1) * 10);
    }
    const fixture = new Fixture();
    fixture.set(fetched('other', 'c', 1), fetched('u', 'other', 1), fetched(undefined, 'other', 1));
    expect(fixture.quotas.fetchBytesMax(fixture.context('u', 'c'))).toBe(Number.POSITIVE_INFINITY);
  });

  test('without a client id is that of its user', () => {
    const fixture = new Fixture();
    fixture.set(fetched('u', null, 1), fetched('u', undefined, 2), fetched(undefined, null, 3));
    expect(fixture.quotas.fetchBytesMax(fixture.context('u', null))).toBe(20);
    expect(fixture.quotas.fetchBytesMax(fixture.context('nobody', ''))).toBe(Number.POSITIVE_INFINITY);
  });

  test('of a user is shared by its clients, a default one by nobody', () => {
    const fixture = new Fixture();
    fixture.set(fetched('shared', undefined, 1000), fetched(null, null, 1000));
    expect(fixture.quotas.chargeFetched(fixture.context('shared', 'a'), 10_000)).toBe(0);
    expect(fixture.quotas.chargeFetched(fixture.context('shared', 'b'), 5000)).toBe(5000);
    expect(fixture.quotas.chargeFetched(fixture.context('own', 'a'), 10_000)).toBe(0);
    expect(fixture.quotas.chargeFetched(fixture.context('own', 'b'), 10_000)).toBe(0);
    expect(fixture.quotas.chargeFetched(fixture.context('own', 'a'), 5000)).toBe(5000);
  });

  test('counts what was used before it was changed', () => {
    const fixture = new Fixture();
    fixture.set(fetched('u', undefined, 1e9));
    expect(fixture.quotas.chargeFetched(fixture.context('u', 'c'), 15_000)).toBe(0);
    fixture.set(fetched('u', undefined, 1000));
    expect(fixture.quotas.chargeFetched(fixture.context('u', 'c'), 0)).toBe(5000);
    fixture.set();
    expect(fixture.quotas.chargeFetched(fixture.context('u', 'c'), 15_000)).toBe(0);
  });

  test('does not count what is taken back', () => {
    const fixture = new Fixture();
    fixture.set(fetched('u', undefined, 1000));
    const context = fixture.context('u', 'c');
    expect(fixture.quotas.chargeFetched(context, 15_000)).toBe(5000);
    fixture.quotas.refundFetched(context, 15_000);
    expect(fixture.quotas.chargeFetched(context, 10_000)).toBe(0);
  });
});

test('time is charged once, as a share of a second, and waited off for one window at most', () => {
  const fixture = new Fixture();
  fixture.set(quota('u', undefined, 1, 'request_percentage'));
  const context = fixture.context('u', 'c');
  fixture.nowMs += 150;
  // 15 per cent of a second, over 10 seconds: 1.5 per cent, of which 1 is allowed.
  expect(fixture.quotas.chargeTime(context)).toBe(1000);
  expect(fixture.quotas.chargeTime(context)).toBe(0);
  const waits = fixture.context('u', 'c');
  waits.usage.pause();
  fixture.nowMs += 60_000;
  waits.usage.resume();
  expect(fixture.quotas.chargeTime(waits)).toBe(0);
});

describe('changes of the metadata (KIP-599)', () => {
  const mutations = quota('u', undefined, 1, 'controller_mutation_rate');

  test('are allowed until there is a debt, and then refused', () => {
    const fixture = new Fixture();
    fixture.set(mutations);
    const first = fixture.quotas.mutations(fixture.context('u', 'c'), true);
    expect([first.take(11), first.take(5), first.throttleTimeMs()]).toEqual([true, true, 0]);
    expect([first.take(1), first.throttleTimeMs()]).toEqual([false, 5000]);
    fixture.nowMs += 1000;
    expect(first.throttleTimeMs()).toBe(4000);
    fixture.nowMs += 4000;
    expect(fixture.quotas.mutations(fixture.context('u', 'c'), true).take(100)).toBe(true);
    expect(fixture.quotas.mutations(fixture.context('other', 'c'), true).take(100)).toBe(true);
  });

  test('of clients that know no such error are done, and waited off', () => {
    const fixture = new Fixture();
    fixture.set(mutations);
    const quotaOfRequest = fixture.quotas.mutations(fixture.context('u', 'c'), false);
    expect([quotaOfRequest.take(16), quotaOfRequest.throttleTimeMs()]).toEqual([true, 5000]);
    expect([quotaOfRequest.take(2), quotaOfRequest.throttleTimeMs()]).toEqual([true, 7000]);
  });
});
