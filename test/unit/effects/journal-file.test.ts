/** The journal on disk: durable, exact, and never the reason why the helper does not start. */
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SystemFailure } from '#helper/effects/effects.ts';
import { FakeEffects } from '#helper/effects/fake.ts';
import { systemFiles, type Files } from '#helper/effects/files.ts';
import { JournalFile, undoAll } from '#helper/effects/journal-file.ts';
import type { JournalEntry } from '#helper/effects/journal.ts';
import { SimulatedLinux } from '#test/fakes/simulated-linux.ts';
import { firewallEntry, routesEntry } from '#test/fakes/tunnel-settings.ts';

const dnsEntry: JournalEntry = { effect: 'dns', tun: 'adit0', backend: 'resolved' };
const open = (linux: SimulatedLinux, files?: Files) => JournalFile.open(linux.paths.stateDir, files);
const path = (linux: SimulatedLinux) => join(linux.paths.stateDir, 'journal.json');

describe('JournalFile', () => {
  it('is empty where there is no file, and makes none', () => {
    using linux = new SimulatedLinux();
    const { journal, warnings } = open(linux);
    expect([journal.entries(), warnings]).toEqual([[], []]);
    expect(existsSync(path(linux))).toBe(false);
  });

  it('is on disk when add and remove return, for the helper alone', async () => {
    using linux = new SimulatedLinux();
    const { journal } = open(linux);
    await journal.add(routesEntry);
    await journal.add(dnsEntry);
    expect(statSync(path(linux)).mode & 0o777).toBe(0o600);
    expect(open(linux).journal.entries()).toEqual([routesEntry, dnsEntry]);
    await journal.remove(routesEntry);
    expect(open(linux).journal.entries()).toEqual([dnsEntry]);
    expect(readdirSync(linux.paths.stateDir)).toEqual(['journal.json']);
  });

  it('holds an entry once, whatever the order of its keys, and removes it so', async () => {
    using linux = new SimulatedLinux();
    const { journal } = open(linux);
    const turned = Object.fromEntries(Object.entries(routesEntry).reverse()) as JournalEntry;
    await journal.add(routesEntry);
    await journal.add(turned);
    expect(journal.entries()).toHaveLength(1);
    await journal.remove(turned);
    expect(journal.entries()).toEqual([]);
  });

  it('forces the file to disk before the rename, and the directory after', async () => {
    using linux = new SimulatedLinux();
    const calls: string[] = [];
    const files = new Proxy(systemFiles, {
      get(target, name) {
        const call = Reflect.get(target, name) as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          calls.push(String(name));
          return call.apply(target, args);
        };
      },
    });
    const { journal } = open(linux, files);
    calls.length = 0;
    await journal.add(dnsEntry);
    expect(calls).toEqual([
      'openSync',
      'writeSync',
      'fsyncSync',
      'closeSync',
      'renameSync',
      'openSync',
      'fsyncSync',
      'closeSync',
    ]);
  });

  it('refuses a change it cannot keep, and goes on with what it has', async () => {
    using linux = new SimulatedLinux();
    const { journal } = open(linux, {
      ...systemFiles,
      writeSync: () => {
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      },
    });
    await expect(journal.add(dnsEntry)).rejects.toMatchObject({
      what: expect.stringContaining('journal'),
      remedy: expect.stringContaining('disk is full'),
    });
    expect(journal.entries()).toEqual([]);
    expect(readdirSync(linux.paths.stateDir)).toEqual([]);
  });

  it.each([
    ['nothing', ''],
    ['half of it', '{"version":1,"entr'],
    ['binary', '\0\u0001\u0002'],
    ['another version', '{"version":9,"entries":[]}'],
    ['a list', '[]'],
    ['null', 'null'],
  ])('%s in the file: kept aside, reported, and started empty', async (_, text) => {
    using linux = new SimulatedLinux();
    writeFileSync(path(linux), text);
    const { journal, warnings } = open(linux);
    expect(warnings).toEqual([expect.stringContaining('damaged')]);
    expect(journal.entries()).toEqual([]);
    expect(readFileSync(`${path(linux)}.corrupt`, 'utf8')).toBe(text);
    await journal.add(dnsEntry);
    expect(open(linux)).toMatchObject({ warnings: [] });
  });

  it.each([
    ['a command', { effect: 'run', command: 'reboot' }],
    ['an adapter of others', { ...dnsEntry, tun: 'eth0' }],
    ['a hostile adapter', { ...dnsEntry, tun: 'adit0; reboot' }],
    ['a table of others', { ...firewallEntry, table: 'filter' }],
    ['one key too many', { ...dnsEntry, script: '/tmp/x' }],
  ])('%s among good entries is left out', (_, bad) => {
    using linux = new SimulatedLinux();
    writeFileSync(path(linux), JSON.stringify({ version: 1, entries: [routesEntry, bad, dnsEntry] }));
    const { journal, warnings } = open(linux);
    expect(journal.entries()).toEqual([routesEntry, dnsEntry]);
    expect(warnings).toEqual([expect.stringContaining('2 of its entries')]);
  });
});

const logged = () => {
  const said: string[] = [];
  const at = (level: string) => (message: string) => said.push(`${level}: ${message}`);
  return { said, log: { info: at('info'), warn: at('warn'), error: at('error') } };
};

describe('undoAll', () => {
  it('undoes the last first and empties the journal', async () => {
    using linux = new SimulatedLinux();
    const { journal } = open(linux);
    for (const entry of [firewallEntry, routesEntry, dnsEntry]) await journal.add(entry);
    const effects = new FakeEffects();
    const { said, log } = logged();
    expect(await undoAll(journal, effects, log)).toBe(0);
    expect(effects.calls).toEqual([
      { effect: 'dns', step: 'undo', with: dnsEntry },
      { effect: 'routes', step: 'undo', with: routesEntry },
      { effect: 'firewall', step: 'undo', with: firewallEntry },
    ]);
    expect(open(linux).journal.entries()).toEqual([]);
    expect(said).toHaveLength(3);
  });

  it('reports what fails with its remedy, keeps it, and goes on', async () => {
    using linux = new SimulatedLinux();
    const { journal } = open(linux);
    for (const entry of [firewallEntry, routesEntry, dnsEntry]) await journal.add(entry);
    const effects = new FakeEffects();
    effects.failures.set('routes undo', new SystemFailure('It stays', 'because', 'Do this'));
    const { said, log } = logged();
    expect(await undoAll(journal, effects, log)).toBe(1);
    expect(open(linux).journal.entries()).toEqual([routesEntry]);
    expect(said).toContain('error: Cannot undo routes of adit0: It stays: because. Do this');
    expect(await undoAll(journal, effects, log)).toBe(0);
  });
});
