/** Lockdown's switch: what is in force, on disk and told, after whatever stops it between two steps. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '#helper/clock-fake.ts';
import { SystemFailure } from '#helper/effects/effects.ts';
import { systemFiles, type Files } from '#helper/effects/files.ts';
import { FakeLockdown } from '#helper/effects/lockdown/fake.ts';
import { FakeNetworkWatch } from '#helper/effects/network-watch/network-watch-fake.ts';
import { Lockdown, wishPath } from '#helper/lockdown.ts';
import { Log } from '#helper/log/log.ts';
import { MARK } from '#helper/tunnel/numbers.ts';
import { failingAt, killedAt } from '#test/fakes/failing-files.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';

const OFF = { on: false, lan: false, byAdmin: false, fault: null };
const ON = { on: true, lan: false, byAdmin: false, fault: null };
const GATEWAY = { address: '203.0.113.1', port: 500 };
const FLOATED = { address: '203.0.113.1', port: 4500 };
const SECOND = { address: '2001:db8::2', port: 4500 };
const refusal = new SystemFailure('Lockdown cannot be put in force', 'because', 'Do this');

function machine() {
  const stateDir = temporaryDirectory();
  const effect = new FakeLockdown();
  const log = new Log(new FakeClock(), []);
  /** A helper that starts on this machine. */
  const helper = (files: Partial<Files> = {}): Lockdown =>
    new Lockdown({ stateDir, effect, log: log.logger('lockdown'), files: { ...systemFiles, ...files } });
  const said = (): string[] => log.recent().map(({ message }) => message);
  return { stateDir, effect, helper, said, path: wishPath(stateDir) };
}

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
    expect(effect.inForce).toEqual({ lan: true, mark: MARK, gateways: [] });
    // The machine starts anew.
    effect.inForce = undefined;
    const next = helper();
    await next.start();
    expect(next.status()).toEqual({ on: true, lan: true, byAdmin: true, fault: null });
    expect(effect.inForce).toEqual({ lan: true, mark: MARK, gateways: [] });
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

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('stays where it is when step %i on the disk fails', async (step) => {
    const { effect, helper } = machine();
    const { calls, taken } = failingAt(step, 'ENOSPC');
    const first = helper(calls);
    const outcome = await first.set({ on: true, lan: false }, false).catch((error: unknown) => error);
    const hasFailed = taken() > step;
    const { on } = first.status();
    expect([outcome instanceof SystemFailure, on]).toEqual([hasFailed, !hasFailed]);
    expect([effect.inForce !== undefined, effect.start !== undefined]).toEqual([on, on]);
  });

  it('keeps what was on before when another wish cannot be written', async () => {
    const { effect, helper } = machine();
    await helper().set({ on: true, lan: false }, false);
    const lockdown = helper(failingAt(1, 'ENOSPC').calls);
    await expect(lockdown.set({ on: true, lan: true }, false)).rejects.toThrow(/ENOSPC/);
    expect([lockdown.status(), effect.inForce?.lan]).toEqual([ON, false]);
    effect.failures.set('atStart', new Error('ENOSPC'));
    await expect(lockdown.set({ on: false, lan: false }, false)).rejects.toThrow(/ENOSPC/);
    expect([lockdown.status().on, effect.inForce?.lan]).toEqual([true, false]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7].flatMap((step) => [[step, 'on'] as const, [step, 'off'] as const]))(
    'is one or the other after a kill before step %i of switching it %s',
    async (step, to) => {
      const { effect, helper } = machine();
      if (to === 'off') await helper().set({ on: true, lan: false }, false);
      const killed = helper(killedAt(step));
      await killed.set({ on: to === 'on', lan: false }, false).catch(() => undefined);
      const next = helper();
      await next.start();
      const { on, fault } = next.status();
      expect(fault).toBeNull();
      expect([effect.inForce !== undefined, effect.start !== undefined]).toEqual([on, on]);
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
    await lockdown.passage().open(GATEWAY);
    expect(told).toEqual([]);
    effect.failures.clear();
    await lockdown.passage().open(GATEWAY);
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
  it('is open to everywhere without lockdown, and known when that is switched on', async () => {
    const { effect, helper } = machine();
    const lockdown = helper();
    const passage = lockdown.passage();
    expect(passage.open(GATEWAY)).toBeUndefined();
    expect(passage.open(FLOATED)).toBeUndefined();
    await lockdown.set({ on: true, lan: false }, false);
    expect(effect.inForce?.gateways).toEqual([GATEWAY, FLOATED]);
    expect(passage.open(GATEWAY)).toBeUndefined();
    expect(effect.applied).toBe(1);
  });

  it('is opened for each new end, once, and closed after it', async () => {
    const { effect, helper } = machine();
    const lockdown = helper();
    await lockdown.set({ on: true, lan: false }, false);
    const [one, other] = [lockdown.passage(), lockdown.passage()];
    await one.open(GATEWAY);
    expect(effect.inForce?.gateways).toEqual([GATEWAY]);
    expect(one.open(GATEWAY)).toBeUndefined();
    await Promise.all([other.open(GATEWAY), other.open(SECOND), one.open(FLOATED)]);
    expect(effect.inForce?.gateways).toEqual([GATEWAY, FLOATED, SECOND]);
    // What was asked for at once was opened at once.
    expect(effect.applied).toBe(3);
    one.close();
    await other.open(FLOATED);
    expect(effect.inForce?.gateways).toEqual([GATEWAY, SECOND, FLOATED]);
    other.close();
    void lockdown.passage().open(SECOND);
    await new Promise(setImmediate);
    expect(effect.inForce?.gateways).toEqual([SECOND]);
  });

  it('waits for the rules that are being set, and not for ever for those that are refused', async () => {
    const { effect, helper } = machine();
    const lockdown = helper();
    await lockdown.set({ on: true, lan: false }, false);
    const passage = lockdown.passage();
    effect.failures.set('apply', refusal);
    await passage.open(GATEWAY);
    expect(effect.inForce?.gateways).toEqual([]);
    effect.failures.clear();
    // The next datagram tries again.
    await passage.open(GATEWAY);
    expect(effect.inForce?.gateways).toEqual([GATEWAY]);
  });

  it('leads to 64 ends at most, the last ones', async () => {
    const { effect, helper } = machine();
    const lockdown = helper();
    await lockdown.set({ on: true, lan: false }, false);
    const passage = lockdown.passage();
    for (let port = 1; port <= 70; port++) await passage.open({ ...GATEWAY, port });
    const open = effect.inForce?.gateways.map(({ port }) => port) ?? [];
    expect([open.length, open[0], open.at(-1)]).toEqual([64, 7, 70]);
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
    return { effect, lockdown, network, path, said, settled: () => lockdown.passage().open(GATEWAY) };
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
    expect(lockdown.passage().open(GATEWAY)).toBeUndefined();
  });
});

it('the wish is a file that somebody can read and remove by hand', async () => {
  const { helper, path, stateDir } = machine();
  await helper().set({ on: true, lan: true }, false);
  expect(path).toBe(join(stateDir, 'lockdown.json'));
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ lan: true, byAdmin: false });
});
