/** Lockdown's switch: what is in force, on disk and told, after whatever stops it between two steps. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '#helper/clock-fake.ts';
import { SystemFailure } from '#helper/effects/effects.ts';
import { linuxPaths, systemFiles, type Files } from '#helper/effects/files.ts';
import { FakeLockdown } from '#helper/effects/lockdown/fake.ts';
import { LinuxLockdown } from '#helper/effects/lockdown/linux.ts';
import { FakeNetworkWatch } from '#helper/effects/network-watch/network-watch-fake.ts';
import { FakeRunner } from '#helper/effects/run-fake.ts';
import { wishPath } from '#helper/lockdown/kept-wish.ts';
import { Lockdown } from '#helper/lockdown/lockdown.ts';
import { Log } from '#helper/log/log.ts';
import type { SocketAddress } from '#core/net/address.ts';
import { MARK } from '#helper/tunnel/numbers.ts';
import type { Passage } from '#helper/tunnel/passage.ts';
import { failingAt, killedAt } from '#test/fakes/failing-files.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';

const OFF = { on: false, lan: false, byAdmin: false, fault: null };
const ON = { on: true, lan: false, byAdmin: false, fault: null };
const GATEWAY = { address: '203.0.113.1', port: 500 };
const FLOATED = { address: '203.0.113.1', port: 4500 };
const SECOND = { address: '2001:db8::2', port: 4500 };
const ALONE = { lan: false, mark: MARK, gateways: [], adapters: [] };
const refusal = new SystemFailure('Lockdown cannot be put in force', 'because', 'Do this');

/** As many as there are, and some more. */
const STEPS = Array.from({ length: 20 }, (_, step) => step);

/** The next rules take their time. */
function slowed(effect: FakeLockdown) {
  const begun = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const apply = effect.apply.bind(effect);
  effect.apply = async (settings) => {
    effect.apply = apply;
    begun.resolve();
    await done.promise;
    await apply(settings);
  };
  return { started: begun.promise, finish: () => done.resolve() };
}

function machine() {
  const stateDir = temporaryDirectory();
  const effect = new FakeLockdown();
  const clock = new FakeClock();
  const log = new Log(clock, []);
  /** What the machine starts with lies on the same disk. */
  const starting = join(stateDir, 'lockdown.nft');
  /** A helper that starts on this machine. */
  const helper = (files: Partial<Files> = {}): Lockdown =>
    new Lockdown({
      stateDir,
      effect,
      clock,
      log: log.logger('lockdown'),
      files: { ...systemFiles, ...files },
    });
  const said = (): string[] => log.recent().map(({ message }) => message);
  const path = wishPath(stateDir);
  /** One that keeps on the disk what the machine starts with, too. */
  const onDisk = (files: Partial<Files> = {}): Lockdown => {
    const linux = new LinuxLockdown(new FakeRunner([]), { ...systemFiles, ...files }, linuxPaths(stateDir));
    effect.atStart = (settings) => linux.atStart(settings);
    return helper(files);
  };
  /** Whether the wish is on the disk, and what the machine starts with. */
  const there = (): boolean[] => [path, starting].map((file) => existsSync(file));
  return { stateDir, effect, clock, helper, onDisk, there, said, path };
}

/** Sends to `remote`, as far as lockdown lets it. */
async function go(passage: Passage, remote: SocketAddress): Promise<'open' | 'closed' | 'opened'> {
  passage.lead(remote);
  const way = passage.way(remote);
  if (typeof way === 'string') return way;
  await way;
  return 'opened';
}
/** Where marked packets may go now. */
const open = ({ inForce }: FakeLockdown): string[] =>
  (inForce?.gateways ?? []).map(({ address, port }) => `${address} ${port}`).toSorted();
const both = (address: string): string[] => [`${address} 4500`, `${address} 500`];
const later = (): Promise<void> => new Promise(setImmediate);

describe('the switch', () => {
  it('is off, and nothing of it is there', async () => {
    const { effect, helper, path } = machine();
    const lockdown = helper();
    await lockdown.start();
    expect(lockdown.status()).toEqual(OFF);
    expect([effect.applied, effect.inForce, effect.start, existsSync(path)]).toEqual([
      0,
      undefined,
      undefined,
      false,
    ]);
  });

  it('is on until it is switched off, whatever becomes of the helper', async () => {
    const { effect, helper, said } = machine();
    await helper().set({ on: true, lan: true }, true);
    expect(effect.inForce).toEqual({ lan: true, mark: MARK, gateways: [], adapters: [] });
    // The machine starts anew.
    effect.inForce = undefined;
    const next = helper();
    await next.start();
    expect(next.status()).toEqual({ on: true, lan: true, byAdmin: true, fault: null });
    expect(effect.inForce).toEqual({ lan: true, mark: MARK, gateways: [], adapters: [] });
    expect(effect.start).toMatchObject({ lan: true });
    expect(said()).toContain('lockdown is on, the local network is within reach');
    await next.set({ on: false, lan: false }, true);
    expect([next.status(), effect.inForce, effect.start]).toEqual([OFF, undefined, undefined]);
    const last = helper();
    await last.start();
    expect(last.status()).toEqual(OFF);
  });

  it('tells whoever listens, until they do not', async () => {
    const { helper } = machine();
    const lockdown = helper();
    const told: boolean[] = [];
    const end = lockdown.subscribe(() => told.push(lockdown.status().on));
    await lockdown.set({ on: true, lan: false }, false);
    await lockdown.set({ on: false, lan: false }, false);
    end();
    await lockdown.set({ on: true, lan: false }, false);
    expect(told).toEqual([true, false]);
  });

  it('stays where it is when the system refuses', async () => {
    const { effect, helper, path } = machine();
    const lockdown = helper();
    effect.failures.set('apply', refusal);
    await expect(lockdown.set({ on: true, lan: false }, false)).rejects.toBe(refusal);
    expect([lockdown.status(), existsSync(path)]).toEqual([OFF, false]);
    effect.failures.clear();
    await lockdown.set({ on: true, lan: false }, false);
    effect.failures.set('undo', refusal);
    await expect(lockdown.set({ on: false, lan: false }, false)).rejects.toBe(refusal);
    expect([lockdown.status(), existsSync(path)]).toEqual([ON, true]);
  });

  it.each(STEPS)('stays where it is when step %i on the disk fails', async (step) => {
    const { effect, onDisk, there } = machine();
    const { calls, taken } = failingAt(step, 'ENOSPC');
    const lockdown = onDisk(calls);
    const outcome = await lockdown.set({ on: true, lan: false }, false).catch((error: unknown) => error);
    const { on, fault } = lockdown.status();
    expect([outcome instanceof SystemFailure, on, fault]).toEqual([taken() > step, taken() <= step, null]);
    expect([effect.inForce !== undefined, ...there()]).toEqual([on, on, on]);
  });

  it.each(STEPS)('ends whatever step %i on the disk refuses, and comes back or not', async (step) => {
    const { effect, onDisk, there } = machine();
    await onDisk().set({ on: true, lan: false }, false);
    const lockdown = onDisk(failingAt(step, 'EROFS').calls);
    await lockdown.set({ on: false, lan: false }, false).catch(() => undefined);
    expect([lockdown.status(), effect.inForce]).toEqual([OFF, undefined]);
    const next = onDisk();
    await next.start();
    const { on } = next.status();
    expect([effect.inForce !== undefined, ...there()]).toEqual([on, on, on]);
  });

  it('keeps what was on before when another wish cannot be written', async () => {
    const { effect, helper } = machine();
    await helper().set({ on: true, lan: false }, false);
    const lockdown = helper(failingAt(1, 'ENOSPC').calls);
    await expect(lockdown.set({ on: true, lan: true }, false)).rejects.toThrow(/ENOSPC/);
    expect([lockdown.status(), effect.inForce?.lan]).toEqual([ON, false]);
  });

  it('ends though the disk refuses to forget it, and says that it comes back', async () => {
    const { effect, helper } = machine();
    await helper().set({ on: true, lan: false }, false);
    const lockdown = helper(failingAt(0, 'EROFS').calls);
    await expect(lockdown.set({ on: false, lan: false }, false)).rejects.toMatchObject({
      what: 'Lockdown is off, but comes back with the next start',
      detail: expect.stringContaining('EROFS') as string,
    });
    expect([lockdown.status(), effect.inForce]).toEqual([OFF, undefined]);
    expect(helper().status()).toEqual(ON);
  });

  it('never lets anything out before it is off', async () => {
    const { effect, helper } = machine();
    const lockdown = helper();
    await lockdown.set({ on: true, lan: false }, false);
    effect.failures.set('undo', refusal);
    await expect(lockdown.set({ on: false, lan: false }, false)).rejects.toBe(refusal);
    // It is still what the next start finds.
    expect([helper().status(), effect.start !== undefined, effect.inForce !== undefined]).toEqual([
      ON,
      true,
      true,
    ]);
  });

  it('says so where neither the disk takes it nor the rules go away again', async () => {
    const { effect, clock, helper } = machine();
    const lockdown = helper(failingAt(1, 'ENOSPC').calls);
    effect.failures.set('undo', refusal);
    await expect(lockdown.set({ on: true, lan: false }, false)).rejects.toThrow(/ENOSPC/);
    const fault = expect.stringContaining('because') as string;
    expect(lockdown.status()).toMatchObject({ on: true, fault });
    // It is looked after until there is nothing more to look after.
    expect(clock.pending).toBe(1);
    effect.failures.clear();
    await lockdown.set({ on: false, lan: false }, false);
    expect([lockdown.status(), clock.pending]).toEqual([OFF, 0]);
  });

  it('is tried again after a fault until there is none, also what the machine starts with', async () => {
    const { effect, clock, helper } = machine();
    await helper().set({ on: true, lan: false }, false);
    effect.inForce = undefined;
    effect.failures.set('apply', refusal);
    effect.failures.set('atStart', new Error('EROFS'));
    const lockdown = helper();
    await lockdown.start();
    expect(lockdown.status().fault).toMatch(/because/);
    effect.failures.delete('apply');
    await clock.advance(5000);
    expect([effect.inForce !== undefined, lockdown.status().fault]).toEqual([
      true,
      'It will not be in force when the machine starts: EROFS',
    ]);
    effect.failures.clear();
    await clock.advance(5000);
    expect([lockdown.status().fault, clock.pending]).toEqual([null, 0]);
  });

  it('is the same wish once more: nothing is done', async () => {
    const { effect, helper } = machine();
    const lockdown = helper();
    for (let times = 0; times < 5; times++) await lockdown.set({ on: true, lan: true }, false);
    expect(effect.applied).toBe(1);
    await lockdown.set({ on: true, lan: false }, false);
    await lockdown.set({ on: true, lan: false }, true);
    expect([effect.applied, lockdown.status().byAdmin]).toEqual([3, true]);
  });

  it('is an administrator’s from when it is switched on, whoever asked before and is answered after', async () => {
    const { effect, helper } = machine();
    const lockdown = helper();
    const asked = [
      lockdown.set({ on: true, lan: false }, true),
      lockdown.set({ on: false, lan: false }, false),
      lockdown.set({ on: true, lan: true }, false),
    ];
    const told = await Promise.allSettled(asked);
    expect(told.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(told[0]).toMatchObject({ value: { on: true, byAdmin: true } });
    expect([lockdown.status(), effect.inForce?.lan]).toEqual([{ ...ON, byAdmin: true }, false]);
  });

  it.each(STEPS.flatMap((step) => [[step, 'on'] as const, [step, 'off'] as const]))(
    'is one or the other after a kill before step %i of switching it %s',
    async (step, to) => {
      const { effect, onDisk, there } = machine();
      if (to === 'off') await onDisk().set({ on: true, lan: false }, false);
      await onDisk(killedAt(step))
        .set({ on: to === 'on', lan: false }, false)
        .catch(() => undefined);
      // After a power cut there is a network before there is a helper.
      const [isWished, isThereAtStart] = there();
      expect([isWished, isThereAtStart]).not.toEqual([true, false]);
      const next = onDisk();
      await next.start();
      const { on, fault } = next.status();
      expect([on, fault]).toEqual([isWished, null]);
      expect([effect.inForce !== undefined, ...there()]).toEqual([on, on, on]);
    },
  );

  it('is on where nobody can read what was wished: nothing leaks by a damaged file', async () => {
    const { effect, helper, path, said } = machine();
    writeFileSync(path, '{ "lan": tr');
    const lockdown = helper();
    await lockdown.start();
    expect(lockdown.status()).toEqual({ on: true, lan: false, byAdmin: true, fault: null });
    expect(effect.inForce).toBeDefined();
    expect(said().join('\n')).toMatch(/lockdown\.json cannot be read, so lockdown is on/);
    await lockdown.set({ on: false, lan: false }, true);
    expect([lockdown.status(), existsSync(path)]).toEqual([OFF, false]);
  });

  it('says why it is not in force, and when it is again', async () => {
    const { effect, helper, said } = machine();
    await helper().set({ on: true, lan: false }, false);
    effect.failures.set('apply', refusal);
    const lockdown = helper();
    await lockdown.start();
    const why = 'Lockdown cannot be put in force: because. Do this';
    expect(lockdown.status()).toEqual({ ...ON, fault: why });
    const told: (string | null)[] = [];
    lockdown.subscribe(() => told.push(lockdown.status().fault));
    await go(lockdown.passage('adit0'), GATEWAY);
    expect(told).toEqual([]);
    effect.failures.clear();
    await go(lockdown.passage('adit0'), GATEWAY);
    expect([told, lockdown.status()]).toEqual([[null], ON]);
    expect(said().slice(-2)).toEqual([
      `lockdown is not in force as it should be: ${why}`,
      'lockdown is in force again',
    ]);
  });

  it('says what could not be taken away at the start', async () => {
    const { effect, helper, said } = machine();
    effect.failures.set('undo', refusal);
    await helper().start();
    expect(said().at(-1)).toMatch(/cannot be taken away: .*because\. Do this/);
  });
});

describe('a tunnel’s way out', () => {
  async function locked() {
    const { effect, helper, clock } = machine();
    const lockdown = helper();
    await lockdown.set({ on: true, lan: false }, false);
    return { effect, lockdown, clock };
  }

  it('is open to everywhere without lockdown, and known when that is switched on', async () => {
    const { effect, helper } = machine();
    const lockdown = helper();
    const passage = lockdown.passage('adit0');
    expect(await go(passage, GATEWAY)).toBe('open');
    expect(passage.way(SECOND)).toBe('open');
    await lockdown.set({ on: true, lan: false }, false);
    expect([open(effect), effect.inForce?.adapters]).toEqual([both(GATEWAY.address), ['adit0']]);
    expect(passage.way(FLOATED)).toBe('open');
    expect(effect.applied).toBe(1);
  });

  it('is opened for each new gateway, with the ports of IKE and of NATs, and closed after it', async () => {
    const { effect, lockdown } = await locked();
    const [one, other] = [lockdown.passage('adit0'), lockdown.passage('adit1')];
    expect(await go(one, GATEWAY)).toBe('opened');
    expect(open(effect)).toEqual(both(GATEWAY.address));
    expect(await go(one, FLOATED)).toBe('open');
    expect(await Promise.all([go(other, { ...SECOND, port: 999 }), go(other, FLOATED)])).toEqual([
      'opened',
      'open',
    ]);
    expect(open(effect)).toEqual(
      [...both(SECOND.address), `${SECOND.address} 999`, ...both(GATEWAY.address)].toSorted(),
    );
    expect(effect.inForce?.adapters).toEqual(['adit0', 'adit1']);
    one.close();
    await later();
    expect(effect.inForce?.adapters).toEqual(['adit1']);
    expect(open(effect)).toContain('203.0.113.1 500');
    other.close();
    await later();
    expect([open(effect), effect.inForce?.adapters]).toEqual([[], []]);
  });

  it('is led by us alone: an answer to where somebody came from opens nothing', async () => {
    const { effect, lockdown } = await locked();
    const passage = lockdown.passage('adit0');
    await go(passage, GATEWAY);
    const { applied } = effect;
    for (let port = 20_000; port < 20_100; port++) {
      expect(passage.way({ address: '10.1.0.1', port })).toBe('closed');
    }
    await later();
    expect([effect.applied, open(effect)]).toEqual([applied, both(GATEWAY.address)]);
  });

  it.each([
    ['port 0', { ...SECOND, port: 0 }],
    ['a port beyond all', { ...SECOND, port: 70_000 }],
  ])('%s is never a way, and spoils no other', async (_, end) => {
    const { effect, lockdown } = await locked();
    const passage = lockdown.passage('adit0');
    expect(await go(passage, end)).toBe('closed');
    await go(passage, GATEWAY);
    expect(open(effect)).toEqual([...both(SECOND.address), ...both(GATEWAY.address)].toSorted());
    expect(await go(passage, { address: 'vpn.example', port: 500 })).toBe('closed');
  });

  it('opens at once what is asked for at once', async () => {
    const { effect, lockdown } = await locked();
    const passage = lockdown.passage('adit0');
    const { applied } = effect;
    await Promise.all([GATEWAY, SECOND, FLOATED].map((end) => go(passage, end)));
    expect(effect.applied - applied).toBe(1);
  });

  it('waits for the rules that are being set, and not for ever for those that are refused', async () => {
    const { effect, lockdown } = await locked();
    const passage = lockdown.passage('adit0');
    effect.failures.set('apply', refusal);
    expect(await go(passage, GATEWAY)).toBe('opened');
    expect(open(effect)).toEqual([]);
    effect.failures.clear();
    // The next datagram tries again.
    await passage.way(GATEWAY);
    expect(open(effect)).toEqual(both(GATEWAY.address));
  });

  it('is not taken for open while rules without it are on their way', async () => {
    const { effect, lockdown } = await locked();
    const [one, other] = [lockdown.passage('adit0'), lockdown.passage('adit1')];
    await go(one, GATEWAY);
    const { started, finish } = slowed(effect);
    one.close();
    await started;
    // The rules that are being set have no gateway at all.
    const going = go(other, GATEWAY);
    finish();
    expect(await going).toBe('opened');
    expect(open(effect)).toEqual(both(GATEWAY.address));
  });

  it('that is wanted while lockdown is switched on is part of it, and one that ends then is not', async () => {
    const { effect, helper } = machine();
    const lockdown = helper();
    const [ending, beginning] = [lockdown.passage('adit0'), lockdown.passage('adit1')];
    ending.lead(SECOND);
    const { started, finish } = slowed(effect);
    const switching = lockdown.set({ on: true, lan: false }, false);
    await started;
    ending.close();
    const going = go(beginning, GATEWAY);
    finish();
    await switching;
    expect(await going).toBe('opened');
    await later();
    expect([open(effect), effect.inForce?.adapters]).toEqual([both(GATEWAY.address), ['adit1']]);
  });

  it('that ends while lockdown is switched on is not left open', async () => {
    const { effect, helper } = machine();
    const lockdown = helper();
    const passage = lockdown.passage('adit0');
    passage.lead(GATEWAY);
    const { started, finish } = slowed(effect);
    const switching = lockdown.set({ on: true, lan: false }, false);
    await started;
    passage.close();
    finish();
    await switching;
    await later();
    expect([open(effect), effect.inForce?.adapters]).toEqual([[], []]);
  });

  it('is opened anew where it is doubted', async () => {
    const { effect, lockdown } = await locked();
    const passage = lockdown.passage('adit0');
    await go(passage, GATEWAY);
    effect.inForce = { ...ALONE };
    expect(passage.way(GATEWAY)).toBe('open');
    passage.doubt();
    await passage.way(GATEWAY);
    expect(open(effect)).toEqual(both(GATEWAY.address));
    expect(passage.way(GATEWAY)).toBe('open');
    passage.doubt();
    await lockdown.set({ on: false, lan: false }, false);
    expect(passage.way({ address: '10.1.0.1', port: 1 })).toBe('open');
  });

  it('leads to 64 ends at most, the last ones', async () => {
    const { effect, lockdown } = await locked();
    const passage = lockdown.passage('adit0');
    for (let host = 1; host <= 40; host++) await go(passage, { address: `203.0.113.${host}`, port: 500 });
    const ends = open(effect);
    expect([ends.length, ends.includes('203.0.113.8 500'), ends.includes('203.0.113.9 500')]).toEqual([
      64,
      false,
      true,
    ]);
  });
});

describe('what another program takes away', () => {
  async function watched() {
    const { effect, helper, path, said } = machine();
    const lockdown = helper();
    const network = new FakeNetworkWatch();
    lockdown.watch(network);
    await lockdown.set({ on: true, lan: false }, false);
    effect.inForce = undefined;
    return { effect, lockdown, network, path, said };
  }

  it.each([
    ['its table', { part: 'lockdown' }],
    ['any table', { part: 'firewall' }],
  ] as const)('%s: is put back', async (_, part) => {
    const { effect, network } = await watched();
    network.tell({ what: 'taken', taken: [{ part: 'dns' }, part] });
    await new Promise(setImmediate);
    expect(effect.inForce).toMatchObject({ lan: false });
  });

  it('that is a tunnel’s alone: is the tunnel’s', async () => {
    const { effect, network } = await watched();
    network.tell({ what: 'taken', taken: [{ part: 'firewall', tun: 'adit0' }, { part: 'dns' }] });
    network.tell({ what: 'network' });
    await new Promise(setImmediate);
    expect(effect.inForce).toBeUndefined();
  });

  it('together with the wish (aditd --rescue): is off', async () => {
    const { effect, lockdown, network, path, said } = await watched();
    const told: boolean[] = [];
    lockdown.subscribe(() => told.push(lockdown.status().on));
    rmSync(path);
    network.tell({ what: 'taken', taken: [{ part: 'lockdown' }] });
    await new Promise(setImmediate);
    expect([effect.inForce, lockdown.status(), told]).toEqual([undefined, OFF, [false]]);
    expect(said().at(-1)).toBe('lockdown was ended by hand');
    expect(await go(lockdown.passage('adit0'), GATEWAY)).toBe('open');
  });
});

it('the wish is a file that somebody can read and remove by hand', async () => {
  const { helper, path, stateDir } = machine();
  await helper().set({ on: true, lan: true }, false);
  expect(path).toBe(join(stateDir, 'lockdown.json'));
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ lan: true, byAdmin: false });
});
