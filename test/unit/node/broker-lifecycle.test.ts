import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/logger.ts';
import type { BrokerHeartbeatReply } from '../../../src/controller/commands.ts';
import { BrokerLifecycle, type BrokerLifecycleOptions } from '../../../src/node/broker-lifecycle.ts';
import { ControllerDuties } from '../../../src/node/controller-duties.ts';
import { registration } from '../controller/fixture.ts';
import { FakeTime, outcome, settle } from '../replication/fakes.ts';

type Heartbeat = Parameters<BrokerLifecycleOptions['channel']['brokerHeartbeat']>[0];
type Registered = Awaited<ReturnType<BrokerLifecycleOptions['channel']['registerBroker']>>;

class Fixture {
  readonly time = new FakeTime();
  readonly heartbeats: Heartbeat[] = [];
  registrations: (Registered | Error)[] = [{ brokerEpoch: 7 }];
  reply: BrokerHeartbeatReply | Error = { isCaughtUp: true, isFenced: false, shouldShutDown: false };
  readonly lifecycle = new BrokerLifecycle({
    channel: {
      registerBroker: async () => {
        const next = this.registrations.length > 1 ? this.registrations.shift()! : this.registrations[0]!;
        if (next instanceof Error) throw next;
        return next;
      },
      brokerHeartbeat: async (heartbeat) => {
        this.heartbeats.push(heartbeat);
        if (this.reply instanceof Error) throw this.reply;
        return this.reply;
      },
    },
    registration: registration(),
    metadataOffset: () => 42,
    heartbeatIntervalMs: 2000,
    registrationTime: { timeoutMs: 60_000, untilMs: this.time.monotonicMs() + 60_000 },
    clock: this.time,
    timer: this.time,
    logger: silentLogger,
  });

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      this.time.advance(100);
      await settle();
    }
  }
}

test('a broker registers again until the session of its last run is over', async () => {
  const fixture = new Fixture();
  const refused = { error: 'DUPLICATE_BROKER_REGISTRATION', message: null } as const;
  fixture.registrations = [refused, new Error('no controller'), refused, { brokerEpoch: 9 }];
  const registered = fixture.lifecycle.register();
  await fixture.pass(500);
  await registered;
  expect(fixture.lifecycle.brokerEpoch).toBe(9);
});

test('a refusal that waiting does not mend, and too long a wait, end the start with the reason', async () => {
  const wrong = new Fixture();
  wrong.registrations = [{ error: 'INCONSISTENT_CLUSTER_ID', message: 'another cluster' }];
  await expect(wrong.lifecycle.register()).rejects.toThrow(
    'INCONSISTENT_CLUSTER_ID: the controllers belong to another',
  );
  const late = new Fixture();
  late.registrations = [{ error: 'DUPLICATE_BROKER_REGISTRATION', message: null }];
  const registered = late.lifecycle.register();
  registered.catch(() => undefined);
  await late.pass(61_000);
  await expect(registered).rejects.toThrow(
    'could not be registered within 60000 ms: DUPLICATE_BROKER_REGISTRATION: another broker is registered with this node.id.',
  );
});

test('it is ready when a controller says so, and then keeps its session', async () => {
  const fixture = new Fixture();
  await fixture.lifecycle.register();
  fixture.reply = new Error('no controller');
  const ready = fixture.lifecycle.ready(['NF1rp7FnSuiNsb-8Sfrd1A']);
  await fixture.pass(300);
  expect(await outcome(ready)).toBe('waiting');
  fixture.reply = { isCaughtUp: true, isFenced: false, shouldShutDown: false };
  await fixture.pass(200);
  await ready;
  expect(fixture.heartbeats.at(-1)).toMatchObject({
    brokerEpoch: 7,
    currentMetadataOffset: 42,
    wantFence: false,
    cordonedLogDirs: ['NF1rp7FnSuiNsb-8Sfrd1A'],
  });
  const before = fixture.heartbeats.length;
  await fixture.pass(6000);
  expect(fixture.heartbeats.length).toBe(before + 3);
  expect(fixture.heartbeats.at(-1)).toMatchObject({ wantShutDown: false, cordonedLogDirs: null });
  fixture.lifecycle.close();
});

test('it stops when the controller lets it go, or when none does in time', async () => {
  const fixture = new Fixture();
  await fixture.lifecycle.register();
  const stopped = fixture.lifecycle.shutDown();
  await fixture.pass(200);
  expect(await outcome(stopped)).toBe('waiting');
  expect(fixture.heartbeats.at(-1)).toMatchObject({ wantShutDown: true });
  fixture.reply = { isCaughtUp: true, isFenced: true, shouldShutDown: true };
  await fixture.pass(200);
  await stopped;

  const alone = new Fixture();
  await alone.lifecycle.register();
  alone.reply = new Error('no controller');
  const given = alone.lifecycle.shutDown();
  await alone.pass(5200);
  await given;
});

class Duties {
  readonly time = new FakeTime();
  readonly done: string[] = [];
  moreToBalance = 2;
  readonly duties = new ControllerDuties({
    controller: {
      active: true,
      fenceStaleBrokers: async () => {
        this.done.push('fence');
      },
      restartSessions: () => {
        this.done.push('restart');
      },
      balanceLeaders: async () => {
        this.done.push('balance');
        return this.moreToBalance-- > 0;
      },
      electUncleanLeaders: async () => {
        this.done.push('unclean');
        return false;
      },
    },
    sessionTimeoutMs: 8000,
    balanceIntervalMs: 5000,
    uncleanIntervalMs: 300_000,
    clock: this.time,
    timer: this.time,
    logger: silentLogger,
  });
}

test('the active controller looks for silent brokers, and balances until there is nothing left to do', async () => {
  const fixture = new Duties();
  fixture.duties.start();
  for (let i = 0; i < 5; i++) {
    fixture.time.advance(1000);
    await settle();
  }
  expect(fixture.done.filter((duty) => duty === 'fence')).toHaveLength(5);
  expect(fixture.done.filter((duty) => duty === 'balance')).toHaveLength(3);
  fixture.duties.stop();
  expect(fixture.time.scheduled).toBe(0);
});
