/**
 * A helper that is killed before any of its calls (a program run, a file opened, written, synced, renamed …), while
 * it connects, while it disconnects, and while it cleans up after the first time: the next start finds everything in
 * the journal, and leaves the system as it was.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DnsBackend, Effects } from '#helper/effects/effects.ts';
import { systemFiles, type Files } from '#helper/effects/files.ts';
import { JournalFile, undoAll, undoEntry } from '#helper/effects/journal-file.ts';
import { linuxEffects, type LinuxSystem } from '#helper/effects/linux.ts';
import { SimulatedLinux } from '#test/fakes/simulated-linux.ts';
import * as tunnel from '#test/fakes/tunnel-settings.ts';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function connect(journal: JournalFile, effects: Effects, backend: DnsBackend): Promise<void> {
  await journal.add(tunnel.firewallEntry);
  await effects.firewall.apply(tunnel.firewall);
  await effects.link.apply(tunnel.link);
  await journal.add(tunnel.routesEntry);
  await effects.routes.apply(tunnel.routes);
  await journal.add({ effect: 'dns', tun: 'adit0', backend });
  await effects.dns.apply(tunnel.dns, backend);
}

/** A second tunnel beside the first. */
async function join(journal: JournalFile, effects: Effects, backend: DnsBackend): Promise<void> {
  const tun = 'adit1';
  await journal.add({ effect: 'firewall', tun, table: 'adit_adit1' });
  await effects.firewall.apply({ ...tunnel.firewall, tun });
  const routes = { tun, table: 44312, mark: tunnel.routes.mark, priority: 5201 };
  await journal.add({ effect: 'routes', ...routes });
  await effects.routes.apply({ ...tunnel.routes, ...routes });
  await journal.add({ effect: 'dns', tun, backend });
  await effects.dns.apply({ ...tunnel.dns, tun, servers: [tunnel.ip('10.8.0.53')] }, backend);
}

async function disconnect(journal: JournalFile, effects: Effects): Promise<void> {
  for (const entry of [...journal.entries()].reverse()) {
    await undoEntry(entry, effects);
    await journal.remove(entry);
  }
}

const start = ({ paths, files }: LinuxSystem) => JournalFile.open(paths.stateDir, files);

/** Runs `life` of a helper that is killed before its call number `limit`. True when it was, false when it came to its end. */
async function live(
  linux: SimulatedLinux,
  limit: number,
  wrap: (files: Files) => Files,
  life: (journal: JournalFile, effects: Effects) => Promise<unknown>,
): Promise<boolean> {
  const { system, killed } = linux.killedAfter(limit);
  const wrapped = { ...system, files: wrap(system.files) };
  try {
    await life(start(wrapped).journal, linuxEffects(wrapped));
  } catch (error) {
    if (!killed()) throw error;
  }
  return killed();
}

async function startAgain(linux: SimulatedLinux, wrap: (files: Files) => Files): Promise<void> {
  const system = { ...linux.system, files: wrap(systemFiles) };
  const { journal, warnings } = start(system);
  expect(warnings).toEqual([]);
  expect(await undoAll(journal, linuxEffects(system), silent)).toBe(0);
}

const renaming = () => (files: Files) => files;
/** The file is a mount point of its own, as in a container. */
const inPlace = (linux: SimulatedLinux) => (files: Files) =>
  new Proxy(files, {
    get(target, name) {
      const call = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (name === 'renameSync' && args[1] === linux.paths.resolvConf) {
          throw Object.assign(new Error('EBUSY: resource busy or locked, rename'), { code: 'EBUSY' });
        }
        return call(...args);
      };
    },
  });

/** What is left: the system, and files of ours beside it. */
const after = (linux: SimulatedLinux, where: string) => ({
  where,
  system: linux.snapshot(),
  state: readdirSync(linux.paths.stateDir).filter((name) => name !== 'journal.json'),
  etc: readdirSync(dirname(linux.paths.resolvConf)).sort(),
});

const clean = (before: unknown, where: string) => ({
  where,
  system: before,
  state: [],
  etc: ['nsswitch.conf', 'resolv.conf'],
});

describe.each<[string, DnsBackend, (linux: SimulatedLinux) => (files: Files) => Files]>([
  ['systemd-resolved', 'resolved', renaming],
  ['resolvconf', 'resolvconf', renaming],
  ['a plain resolv.conf', 'resolv.conf', renaming],
  ['a mounted resolv.conf', 'resolv.conf', inPlace],
])('with %s', (_, backend, wrapper) => {
  /** A world with a strict filter, so that the sysctl is part of it. */
  const world = () => {
    const linux = new SimulatedLinux();
    linux.sysctl('net.ipv4.conf.all.rp_filter', 1);
    return { linux, wrap: wrapper(linux), before: linux.snapshot() };
  };

  it('killed while it connects', async () => {
    let at = 0;
    for (let killed = true; killed; at++) {
      const { linux, wrap, before } = world();
      using _cleanup = linux;
      killed = await live(linux, at, wrap, (journal, effects) => connect(journal, effects, backend));
      await startAgain(linux, wrap);
      const where = `killed before call ${at}`;
      expect(after(linux, where)).toEqual(clean(before, where));
    }
    expect(at).toBeGreaterThan(30);
  });

  it('killed while it disconnects', async () => {
    let at = 0;
    for (let killed = true; killed; at++) {
      const { linux, wrap, before } = world();
      using _cleanup = linux;
      const whole = { ...linux.system, files: wrap(systemFiles) };
      await connect(start(whole).journal, linuxEffects(whole), backend);
      expect(linux.snapshot()).not.toEqual(before);
      killed = await live(linux, at, wrap, disconnect);
      await startAgain(linux, wrap);
      const where = `killed before call ${at}`;
      expect(after(linux, where)).toEqual(clean(before, where));
    }
    expect(at).toBeGreaterThan(30);
  });

  it('killed while a second tunnel joins the first', async () => {
    let at = 0;
    for (let killed = true; killed; at++) {
      const { linux, wrap, before } = world();
      using _cleanup = linux;
      const whole = { ...linux.system, files: wrap(systemFiles) };
      await connect(start(whole).journal, linuxEffects(whole), backend);
      killed = await live(linux, at, wrap, (journal, effects) => join(journal, effects, backend));
      await startAgain(linux, wrap);
      const where = `killed before call ${at}`;
      expect(after(linux, where)).toEqual(clean(before, where));
    }
    expect(at).toBeGreaterThan(30);
  });

  it('killed while it puts back what somebody wrote over', async () => {
    const lease = 'nameserver 198.51.100.7\n';
    let at = 0;
    for (let killed = true; killed; at++) {
      const { linux, wrap } = world();
      using _cleanup = linux;
      const original = readFileSync(linux.paths.resolvConf, 'utf8');
      linux.write(linux.paths.resolvConf, lease);
      const theirs = linux.snapshot();
      linux.write(linux.paths.resolvConf, original);
      const whole = { ...linux.system, files: wrap(systemFiles) };
      await connect(start(whole).journal, linuxEffects(whole), backend);
      linux.write(linux.paths.resolvConf, lease);
      const entry = { tun: 'adit0', backend };
      killed = await live(linux, at, wrap, (_journal, effects) => effects.dns.restore(entry));
      await startAgain(linux, wrap);
      const where = `killed before call ${at}`;
      expect(after(linux, where)).toEqual(clean(theirs, where));
    }
    expect(at).toBeGreaterThan(backend === 'resolv.conf' ? 15 : 0);
  });

  it('killed while it connects, and again while it cleans up', async () => {
    for (const first of [25, 40, 55, 70]) {
      let killed = true;
      for (let second = 0; killed; second += 3) {
        const { linux, wrap, before } = world();
        using _cleanup = linux;
        await live(linux, first, wrap, (journal, effects) => connect(journal, effects, backend));
        killed = await live(linux, second, wrap, (journal, effects) => undoAll(journal, effects, silent));
        await startAgain(linux, wrap);
        const where = `killed before calls ${first} and ${second}`;
        expect(after(linux, where)).toEqual(clean(before, where));
      }
    }
  });
});
