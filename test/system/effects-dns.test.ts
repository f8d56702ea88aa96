/**
 * The name servers of a tunnel with each of the programs that keep them, asked through the C library as any program
 * asks. Outside 192.168.7.53 says 192.0.2.1 to every name, inside 10.9.0.53 says 10.9.0.80.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SystemFailure, type DnsBackend } from '#helper/effects/effects.ts';
import { EffectsOnHost } from '#test/harness/effects-client.ts';
import type { Host } from '#test/harness/host.ts';
import {
  lookUp,
  startDnsServer,
  startResolved,
  useDebianResolvconf,
  useOpenresolv,
  writeResolvConf,
} from '#test/harness/name-service.ts';
import { World } from '#test/harness/world.ts';
import * as tunnel from '#test/fakes/tunnel-settings.ts';

const OUTSIDE = '192.168.7.53';
const INSIDE = '10.9.0.53';
const dns = { ...tunnel.dns, servers: [tunnel.ip(INSIDE)] };
const some = { ...dns, all: false };
const plain = `# from DHCP\nnameserver ${OUTSIDE}\nsearch lan.example\noptions timeout:1 attempts:1\n`;

/** A host with both servers within reach, over eth0 and adit0. */
async function world() {
  const created = await World.create();
  const [client, lan, inside] = await created.hosts('client', 'lan', 'inside');
  await created.link(
    { host: client, device: 'eth0', addresses: ['192.168.7.2/24'] },
    { host: lan, device: 'eth0', addresses: [`${OUTSIDE}/24`] },
  );
  await created.link(
    { host: client, device: 'adit0', addresses: ['10.9.0.2/24'] },
    { host: inside, device: 'adit0', addresses: [`${INSIDE}/24`] },
  );
  const [server] = await Promise.all([
    startDnsServer(lan, OUTSIDE, '192.0.2.1'),
    startDnsServer(inside, INSIDE, '10.9.0.80'),
  ]);
  const stateDir = join(created.directory, 'state');
  await mkdir(stateDir, { mode: 0o700 });
  const own = new EffectsOnHost(client, stateDir);
  const ask = async () => ({
    corp: await lookUp(client, 'wiki.corp.example'),
    other: await lookUp(client, 'www.example.org'),
  });
  /** How many questions the server outside has heard. */
  const heard = () => server.output.split('asked').length - 1;
  return { world: created, client, own, ask, heard, stateDir };
}

const outside = { corp: '192.0.2.1', other: '192.0.2.1' };
const inside = { corp: '10.9.0.80', other: '10.9.0.80' };
const split = { corp: '10.9.0.80', other: '192.0.2.1' };

const undo = (own: EffectsOnHost, backend: DnsBackend) =>
  own.ask({ do: 'undo', entry: { effect: 'dns', tun: 'adit0', backend } });

const settings = async (client: Host) => ({
  dns: await client.run(['resolvectl', 'dns']),
  domain: await client.run(['resolvectl', 'domain']),
  defaultRoute: await client.run(['resolvectl', 'default-route']),
  file: await client.run(['readlink', '/etc/resolv.conf']),
});

describe('systemd-resolved', () => {
  it('asks inside for all names, or for some, and as before afterwards', async () => {
    const { world: created, client, own, ask, heard } = await world();
    await using _world = created;
    await startResolved(client);
    await client.run(['resolvectl', 'dns', 'eth0', OUTSIDE]);
    await client.run(['resolvectl', 'default-route', 'eth0', 'yes']);
    const before = await settings(client);
    expect(await own.ask({ do: 'detect' })).toBe('resolved');
    expect(await ask()).toEqual(outside);

    expect(await own.ask({ do: 'dns', settings: dns })).toEqual([]);
    const told = heard();
    expect(await ask()).toEqual(inside);
    expect(heard()).toBe(told);
    expect(await own.ask({ do: 'dns', settings: some })).toEqual([]);
    expect(await ask()).toEqual(split);
    const hostile = { ...some, domains: ['-x', '~.', 'a\nb', 'corp.example'] };
    expect(await own.ask({ do: 'dns', settings: hostile })).toHaveLength(3);
    expect(await ask()).toEqual(split);

    expect(await undo(own, 'resolved')).toEqual([]);
    expect(await undo(own, 'resolved')).toEqual([]);
    expect(await settings(client)).toEqual(before);
    expect(await ask()).toEqual(outside);
  });

  it('forgets them with the adapter, and says so when resolved is gone', async () => {
    const { world: created, client, own } = await world();
    await using _world = created;
    const resolved = await startResolved(client);
    await own.ask({ do: 'dns', settings: dns });
    await client.ip('link del adit0');
    expect(await undo(own, 'resolved')).toEqual([]);
    expect(await client.run(['resolvectl', 'dns'])).not.toContain(INSIDE);
    await resolved.stop('SIGKILL');
    const failure = await own
      .ask({ do: 'dns', settings: dns, backend: 'resolved' })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SystemFailure);
    expect(failure).toMatchObject({ what: 'systemd-resolved did not take the DNS servers' });
    expect(await undo(own, 'resolved')).toEqual([]);
  });
});

describe.each([
  ['openresolv', useOpenresolv, 0],
  ["Debian's resolvconf", useDebianResolvconf, 1],
] as const)('%s', (_, use, warnings) => {
  it('asks inside first, and as before afterwards', async () => {
    const { world: created, client, own, ask, heard } = await world();
    await using _world = created;
    await use(client, OUTSIDE);
    const before = await client.run(['cat', '/etc/resolv.conf']);
    expect(await own.ask({ do: 'detect' })).toBe('resolvconf');
    expect(await ask()).toEqual(outside);
    expect(await own.ask({ do: 'dns', settings: dns })).toHaveLength(warnings);
    const told = heard();
    expect(await ask()).toEqual(inside);
    expect(heard()).toBe(told);
    expect(await own.ask({ do: 'dns', settings: some })).toEqual([
      expect.stringContaining('only some domains'),
    ]);
    expect(await ask()).toEqual(inside);
    expect(await undo(own, 'resolvconf')).toEqual([]);
    expect(await undo(own, 'resolvconf')).toEqual([]);
    expect(await client.run(['cat', '/etc/resolv.conf'])).toBe(before);
    expect(await ask()).toEqual(outside);
  });
});

const stand = async (client: Host) => ({
  content: await client.run(['cat', '/etc/resolv.conf']),
  status: await client.run(['stat', '-c', '%F %a %u %g', '/etc/resolv.conf']),
  beside: await client.run(['sh', '-c', 'ls -a /etc | grep resolv']),
});

describe('a plain resolv.conf', () => {
  it.each([
    ['of its own', () => Promise.resolve('')],
    [
      'that is a mount point, as in a container',
      (client: Host) => client.run(['mount', '--bind', '/etc/resolv.conf', '/etc/resolv.conf']),
    ],
    [
      'that leads elsewhere',
      (client: Host) =>
        client.run(['sh', '-c', 'mv /etc/resolv.conf /run/rc && ln -s ../run/rc /etc/resolv.conf']),
    ],
  ])('%s', async (_, prepare) => {
    const { world: created, client, own, ask, heard, stateDir } = await world();
    await using _world = created;
    await writeResolvConf(client, plain);
    await prepare(client);
    const before = await stand(client);
    expect(await own.ask({ do: 'detect' })).toBe('resolv.conf');
    expect(await ask()).toEqual(outside);
    expect(await own.ask({ do: 'dns', settings: dns })).toEqual([]);
    const told = heard();
    expect(await ask()).toEqual(inside);
    expect(heard()).toBe(told);
    // Readable for every user, whatever the umask of the helper.
    const asNobody = ['setpriv', '--reuid=65534', '--clear-groups', 'cat', '/etc/resolv.conf'];
    expect(await client.run(asNobody)).toContain(INSIDE);
    expect(await own.ask({ do: 'dns', settings: some })).toHaveLength(1);
    expect(await client.run(['cat', '/etc/resolv.conf'])).toContain(`nameserver ${OUTSIDE}`);
    expect(await undo(own, 'resolv.conf')).toEqual([]);
    expect(await stand(client)).toEqual(before);
    expect(await ask()).toEqual(outside);
    expect(await readdir(stateDir)).toEqual([]);
  });

  it.each([
    ['immutable', ['chattr', '+i', '/etc/resolv.conf'], ['chattr', '-i', '/etc/resolv.conf'], 'chattr -i'],
    [
      'on a read-only mount',
      [
        'sh',
        '-c',
        'mount --bind /etc/resolv.conf /etc/resolv.conf; mount -o remount,bind,ro /etc/resolv.conf',
      ],
      ['true'],
      'read-only',
    ],
  ])('%s: a failure that says what to do, and nothing changed', async (_, lock, unlock, remedy) => {
    const { world: created, client, own, stateDir } = await world();
    await using _world = created;
    await writeResolvConf(client, plain);
    await client.run(lock);
    const before = await stand(client);
    await expect(own.ask({ do: 'dns', settings: dns })).rejects.toMatchObject({
      what: '/etc/resolv.conf cannot be changed',
      remedy: expect.stringContaining(remedy),
    });
    expect(await stand(client)).toEqual(before);
    expect(await readdir(stateDir)).toEqual([]);
    await client.run(unlock);
  });

  it("somebody else's change stays", async () => {
    const { world: created, client, own } = await world();
    await using _world = created;
    await writeResolvConf(client, plain);
    await own.ask({ do: 'dns', settings: dns });
    await writeResolvConf(client, 'nameserver 198.51.100.1\n');
    expect(await undo(own, 'resolv.conf')).toEqual([expect.stringContaining('changed by something else')]);
    expect(await client.run(['cat', '/etc/resolv.conf'])).toBe('nameserver 198.51.100.1\n');
  });
});
