/** The plain file: kept to the byte, written whole, put back only where it is still ours. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemFiles, type Files } from '#helper/effects/files.ts';
import { linuxEffects } from '#helper/effects/linux.ts';
import { SimulatedLinux } from '#test/fakes/simulated-linux.ts';
import { dns, ip } from '#test/fakes/tunnel-settings.ts';

const backend = 'resolv.conf';
const entry = { tun: 'adit0', backend } as const;
const other = { ...dns, tun: 'adit1', servers: [ip('10.8.0.53')], domains: ['other.example'] };
const content = (linux: SimulatedLinux) => readFileSync(linux.paths.resolvConf, 'utf8');
const lines = (linux: SimulatedLinux) =>
  content(linux)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
const ORIGINAL = 'nameserver 192.0.2.53\nsearch lan.example\noptions edns0 trust-ad\n';

/** Files on which a call fails with a code, as long as `when` agrees. */
function failing(name: keyof Files, code: string, when: (...args: unknown[]) => boolean = () => true): Files {
  return new Proxy(systemFiles, {
    get(target, key) {
      const call = Reflect.get(target, key) as (...args: unknown[]) => unknown;
      if (key !== name) return call;
      return (...args: unknown[]) => {
        if (when(...args)) throw Object.assign(new Error(`${code}: ${name} refused`), { code });
        return call.apply(target, args);
      };
    },
  });
}

/** A mount point of its own cannot be renamed over; the state directory can. */
const busy = (linux: SimulatedLinux) =>
  failing('renameSync', 'EBUSY', (_, to) => to === linux.paths.resolvConf);

describe('apply', () => {
  it("writes the tunnel's servers alone where they take every name, and keeps options but for trust", async () => {
    using linux = new SimulatedLinux();
    expect(await linuxEffects(linux.system).dns.apply(dns, backend)).toEqual([]);
    expect(lines(linux)).toEqual([
      'nameserver 10.9.0.53',
      'nameserver 2001:db8:9::53',
      'search corp.example',
      'options edns0',
    ]);
    expect(content(linux)).toMatch(/^# Written by Adit for adit0\./);
    expect(statSync(linux.paths.resolvConf).mode & 0o777).toBe(0o644);
    expect(readdirSync(dirname(linux.paths.resolvConf)).sort()).toEqual(['nsswitch.conf', 'resolv.conf']);
  });

  it('asks them first, and the old ones after, where only some domains go there; and says so', async () => {
    using linux = new SimulatedLinux();
    const settings = { ...dns, all: false };
    expect(await linuxEffects(linux.system).dns.apply(settings, backend)).toEqual([
      expect.stringContaining('only some domains'),
    ]);
    expect(lines(linux)).toEqual([
      'nameserver 10.9.0.53',
      'nameserver 2001:db8:9::53',
      'nameserver 192.0.2.53',
      'search corp.example lan.example',
      'options edns0',
    ]);
  });

  it('holds the first three servers: the C library reads no more', async () => {
    using linux = new SimulatedLinux();
    const servers = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map(ip);
    await linuxEffects(linux.system).dns.apply({ ...dns, servers }, backend);
    expect(lines(linux).filter((line) => line.startsWith('nameserver'))).toHaveLength(3);
  });
});

describe('undo', () => {
  it('puts back the very octets and the mode, twice', async () => {
    using linux = new SimulatedLinux();
    chmodSync(linux.paths.resolvConf, 0o640);
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply(dns, backend);
    expect(statSync(linux.paths.resolvConf).mode & 0o777).toBe(0o640);
    expect(await effect.undo(entry)).toEqual([]);
    expect(await effect.undo(entry)).toEqual([]);
    expect(content(linux)).toBe(ORIGINAL);
    expect(statSync(linux.paths.resolvConf).mode & 0o777).toBe(0o640);
    expect(readdirSync(linux.paths.stateDir)).toEqual([]);
  });

  it('puts back a link as a link', async () => {
    using linux = new SimulatedLinux();
    rmSync(linux.paths.resolvConf);
    linux.write(join(linux.root, 'run/resolv.conf'), 'nameserver 198.51.100.1\n');
    symlinkSync('../run/resolv.conf', linux.paths.resolvConf);
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply({ ...dns, all: false }, backend);
    expect(lstatSync(linux.paths.resolvConf).isFile()).toBe(true);
    expect(lines(linux)).toContain('nameserver 198.51.100.1');
    await effect.undo(entry);
    expect(readlinkSync(linux.paths.resolvConf)).toBe('../run/resolv.conf');
    expect(content(linux)).toBe('nameserver 198.51.100.1\n');
  });

  it('leaves no file where there was none', async () => {
    using linux = new SimulatedLinux();
    rmSync(linux.paths.resolvConf);
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply(dns, backend);
    expect(lines(linux)).toContain('nameserver 10.9.0.53');
    await effect.undo(entry);
    expect(existsSync(linux.paths.resolvConf)).toBe(false);
  });

  it("leaves somebody else's change, and says so", async () => {
    using linux = new SimulatedLinux();
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply(dns, backend);
    linux.write(linux.paths.resolvConf, 'nameserver 198.51.100.7\n');
    expect(await effect.undo(entry)).toEqual([expect.stringContaining('changed by something else')]);
    expect(content(linux)).toBe('nameserver 198.51.100.7\n');
    expect(await effect.undo(entry)).toEqual([]);
  });

  it('says nothing where somebody has put back the original already', async () => {
    using linux = new SimulatedLinux();
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply(dns, backend);
    linux.write(linux.paths.resolvConf, ORIGINAL);
    expect(await effect.undo(entry)).toEqual([]);
  });

  it('does not touch the file where what stood there cannot be read any more', async () => {
    using linux = new SimulatedLinux();
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply(dns, backend);
    linux.write(join(linux.paths.stateDir, 'resolv.conf.json'), '{"original":{"kind":"link","target":7}}');
    const before = content(linux);
    await expect(effect.undo(entry)).rejects.toMatchObject({ detail: expect.stringContaining('damaged') });
    expect(content(linux)).toBe(before);
  });
});

describe('two tunnels', () => {
  it.each([
    ['first', 'adit0', 'adit1'],
    ['second', 'adit1', 'adit0'],
  ])(
    'share the file, and the original comes back with the last; the %s ends first',
    async (_, first, last) => {
      using linux = new SimulatedLinux();
      const { dns: effect } = linuxEffects(linux.system);
      await effect.apply(dns, backend);
      await effect.apply(other, backend);
      expect(lines(linux)).toEqual([
        'nameserver 10.8.0.53',
        'nameserver 10.9.0.53',
        'nameserver 2001:db8:9::53',
        'search other.example corp.example',
        'options edns0',
      ]);
      await effect.undo({ tun: first, backend });
      expect(content(linux)).toContain(`for ${last}.`);
      expect(content(linux)).not.toContain(first === 'adit0' ? '10.9.0.53' : '10.8.0.53');
      await effect.undo({ tun: last, backend });
      expect(content(linux)).toBe(ORIGINAL);
    },
  );

  it("take somebody else's change in between as the new original", async () => {
    using linux = new SimulatedLinux();
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply(dns, backend);
    linux.write(linux.paths.resolvConf, 'nameserver 198.51.100.7\n');
    await effect.apply(other, backend);
    await effect.undo({ tun: 'adit1', backend });
    await effect.undo(entry);
    expect(content(linux)).toBe('nameserver 198.51.100.7\n');
  });

  it('a tunnel applied again replaces its own', async () => {
    using linux = new SimulatedLinux();
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply(dns, backend);
    await effect.apply({ ...dns, servers: [ip('10.9.0.99')] }, backend);
    expect(lines(linux)[0]).toBe('nameserver 10.9.0.99');
    expect(content(linux)).not.toContain('10.9.0.53');
    await effect.undo(entry);
    expect(content(linux)).toBe(ORIGINAL);
  });
});

describe('a file that cannot be renamed over', () => {
  it('is written in place, longer and shorter', async () => {
    using linux = new SimulatedLinux();
    const { dns: effect } = linuxEffects({ ...linux.system, files: busy(linux) });
    const inode = statSync(linux.paths.resolvConf).ino;
    await effect.apply(dns, backend);
    expect(lines(linux)[0]).toBe('nameserver 10.9.0.53');
    await effect.undo(entry);
    expect(content(linux)).toBe(ORIGINAL);
    expect(statSync(linux.paths.resolvConf).ino).toBe(inode);
    expect(readdirSync(dirname(linux.paths.resolvConf)).sort()).toEqual(['nsswitch.conf', 'resolv.conf']);
  });

  it.each([
    ['EROFS', 'read-only'],
    ['EPERM', 'chattr -i'],
  ])(
    'and not in place either (%s) is a failure that says what to do, with nothing changed',
    async (code, remedy) => {
      using linux = new SimulatedLinux();
      const files = failing('openSync', code, (path) =>
        String(path).startsWith(dirname(linux.paths.resolvConf)),
      );
      const { dns: effect } = linuxEffects({ ...linux.system, files });
      await expect(effect.apply(dns, backend)).rejects.toMatchObject({
        what: `${linux.paths.resolvConf} cannot be changed`,
        detail: expect.stringContaining(code),
        remedy: expect.stringContaining(remedy),
      });
      expect(content(linux)).toBe(ORIGINAL);
      expect(readdirSync(linux.paths.stateDir)).toEqual([]);
    },
  );

  it.each([0, 1])('a disk that is full after %i writes leaves what stood there', async (limit) => {
    using linux = new SimulatedLinux();
    let writes = 0;
    const files = failing('writeSync', 'ENOSPC', () => ++writes > limit);
    await expect(linuxEffects({ ...linux.system, files }).dns.apply(dns, backend)).rejects.toMatchObject({
      remedy: expect.stringContaining('disk is full'),
    });
    expect(content(linux)).toBe(ORIGINAL);
    expect(readdirSync(linux.paths.stateDir)).toEqual([]);
    expect(readdirSync(dirname(linux.paths.resolvConf)).sort()).toEqual(['nsswitch.conf', 'resolv.conf']);
  });

  it('a disk that is full in the middle of writing in place: what stood there comes back', async () => {
    using linux = new SimulatedLinux();
    const mounted = busy(linux);
    let inPlace = false;
    let full = false;
    const files = new Proxy(mounted, {
      get(target, key) {
        const call = Reflect.get(target, key) as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          if (key === 'renameSync') inPlace = args[1] === linux.paths.resolvConf;
          if (key !== 'writeSync' || !inPlace || full) return call.apply(target, args);
          // Half of it, once; then the disk is full.
          full = true;
          const [file, octets] = args as [number, Buffer];
          target.writeSync(file, octets, 0, 20, 0);
          throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        };
      },
    });
    await expect(linuxEffects({ ...linux.system, files }).dns.apply(dns, backend)).rejects.toMatchObject({
      remedy: expect.stringContaining('disk is full'),
    });
    expect(content(linux)).toBe(ORIGINAL);
    expect(readdirSync(linux.paths.stateDir)).toEqual([]);
  });
});

describe('restore', () => {
  const LEASE = 'nameserver 198.51.100.7\nsearch hotel.example\n';

  it('touches nothing where ours stands, or where the tunnel has nothing there', async () => {
    using linux = new SimulatedLinux();
    const { dns: effect } = linuxEffects(linux.system);
    expect(await effect.restore(entry)).toEqual([]);
    expect(content(linux)).toBe(ORIGINAL);
    await effect.apply(dns, backend);
    const { ino } = statSync(linux.paths.resolvConf);
    expect(await effect.restore(entry)).toEqual([]);
    linux.write(linux.paths.resolvConf, LEASE);
    expect(await effect.restore({ ...entry, tun: 'adit1' })).toEqual([]);
    expect([content(linux), statSync(linux.paths.resolvConf).ino]).toEqual([LEASE, ino]);
  });

  it('puts the servers of all tunnels back in their order, with what is new in what was written over them', async () => {
    using linux = new SimulatedLinux();
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply({ ...dns, all: false }, backend);
    await effect.apply({ ...other, all: false }, backend);
    linux.write(linux.paths.resolvConf, LEASE);
    expect(await effect.restore(entry)).toEqual([expect.stringContaining('was changed by something else')]);
    expect(lines(linux)).toEqual([
      'nameserver 10.8.0.53',
      'nameserver 10.9.0.53',
      'nameserver 2001:db8:9::53',
      'search other.example corp.example hotel.example',
    ]);
    expect(await effect.restore({ ...entry, tun: 'adit1' })).toEqual([]);
    await effect.undo(entry);
    await effect.undo({ ...entry, tun: 'adit1' });
    expect(content(linux)).toBe(LEASE);
    expect(readdirSync(linux.paths.stateDir)).toEqual([]);
  });

  it('brings back the servers of all tunnels, too, where somebody puts back what stood there with one of them', async () => {
    using linux = new SimulatedLinux();
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply({ ...dns, all: false }, backend);
    const earlier = content(linux);
    await effect.apply({ ...other, all: false }, backend);
    const whole = content(linux);
    linux.write(linux.paths.resolvConf, earlier);
    await effect.restore(entry);
    expect(content(linux)).toBe(whole);
    await effect.undo(entry);
    await effect.undo({ ...entry, tun: 'adit1' });
    expect(content(linux)).toBe(ORIGINAL);
  });

  it('fills what somebody has emptied, where there was nothing before', async () => {
    using linux = new SimulatedLinux();
    rmSync(linux.paths.resolvConf);
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply(dns, backend);
    linux.write(linux.paths.resolvConf, '');
    await effect.restore(entry);
    expect(lines(linux)).toContain('nameserver 10.9.0.53');
  });

  it("leaves none of the tunnel's servers behind where somebody wrote a line more", async () => {
    using linux = new SimulatedLinux();
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply(dns, backend);
    linux.write(linux.paths.resolvConf, `${content(linux)}nameserver 198.51.100.7\n`);
    await effect.restore(entry);
    expect(lines(linux)).not.toContain('nameserver 198.51.100.7');
    await effect.undo(entry);
    expect(content(linux)).toBe(`${ORIGINAL}nameserver 198.51.100.7\n`);
  });

  it.each([true, false])(
    'knows what another program saved of ours and puts back: nothing of either stays (seen: %s)',
    async (seen) => {
      using linux = new SimulatedLinux();
      const { dns: effect } = linuxEffects(linux.system);
      await effect.apply(dns, backend);
      const saved = content(linux);
      for (let round = 0; round < 3; round++) {
        linux.write(linux.paths.resolvConf, LEASE);
        await effect.restore(entry);
        linux.write(linux.paths.resolvConf, saved);
        if (seen) await effect.restore(entry);
      }
      await effect.undo(entry);
      expect(content(linux)).toBe(ORIGINAL);
    },
  );

  it('takes nothing of ours for what is to come back, whatever somebody has changed in it', async () => {
    using linux = new SimulatedLinux();
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply(dns, backend);
    linux.write(linux.paths.resolvConf, content(linux).replace('10.9.0.53', '10.9.0.54'));
    await effect.restore(entry);
    expect(lines(linux)).toContain('nameserver 10.9.0.53');
    await effect.undo(entry);
    expect(content(linux)).toBe(ORIGINAL);
  });

  it('takes the place of a link or of nothing, which undo brings back', async () => {
    using linux = new SimulatedLinux();
    const { dns: effect } = linuxEffects(linux.system);
    await effect.apply(dns, backend);
    rmSync(linux.paths.resolvConf);
    symlinkSync('/run/stub-resolv.conf', linux.paths.resolvConf);
    await effect.restore(entry);
    expect(lines(linux)).toContain('nameserver 10.9.0.53');
    rmSync(linux.paths.resolvConf);
    await effect.restore(entry);
    expect(lines(linux)).toContain('nameserver 10.9.0.53');
    await effect.undo(entry);
    expect(existsSync(linux.paths.resolvConf)).toBe(false);
  });

  it('that fails leaves what was written, and undo leaves it, too', async () => {
    using linux = new SimulatedLinux();
    await linuxEffects(linux.system).dns.apply(dns, backend);
    linux.write(linux.paths.resolvConf, LEASE);
    const files = failing('renameSync', 'ENOSPC', (_, to) => to === linux.paths.resolvConf);
    await expect(linuxEffects({ ...linux.system, files }).dns.restore(entry)).rejects.toThrow(/ENOSPC/);
    const { dns: effect } = linuxEffects(linux.system);
    expect(await effect.undo(entry)).toEqual([]);
    expect(content(linux)).toBe(LEASE);
  });
});
