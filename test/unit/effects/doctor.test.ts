/** Each check both ways: what is found on a good system, and cause and remedy where one thing is missing. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { doctor, type DoctorInput } from '#helper/effects/doctor.ts';
import { SimulatedLinux } from '#test/fakes/simulated-linux.ts';
import { routesEntry } from '#test/fakes/tunnel-settings.ts';

/** A system on which all is well. */
function healthy(): { linux: SimulatedLinux; input: DoctorInput } {
  const linux = new SimulatedLinux();
  linux.write(linux.paths.tunDevice, '');
  linux.write(linux.paths.selfStatus, 'Name:\tnode\nCapEff:\t000001fffeffffff\n');
  const addon = join(linux.root, 'addon.cjs');
  linux.write(addon, 'module.exports = {};');
  const watch = { rtnetlink: true, clock: true, logind: true };
  const lockdown = { on: false, fault: null };
  const input = { system: linux.system, addon, journal: [], running: [], watch, access: [], lockdown };
  return { linux, input };
}

const failed = async (input: DoctorInput) => (await doctor(input)).filter(({ ok }) => !ok);

describe('doctor', () => {
  it('finds nothing wrong with a good system', async () => {
    const { linux, input } = healthy();
    using _cleanup = linux;
    const checks = await doctor(input);
    expect(checks.every(({ ok }) => ok)).toBe(true);
    expect(checks.map(({ check }) => check)).toEqual([
      'data plane',
      'TUN device',
      'privileges',
      'ip',
      'nft',
      'DNS',
      'IPv6',
      'reverse path filter',
      'network watch',
      'leftovers',
      'lockdown',
      'access.json',
    ]);
  });

  it.each<[string, (linux: SimulatedLinux, input: DoctorInput) => Partial<DoctorInput> | undefined, RegExp]>([
    ['data plane', () => ({ addon: '/nonexistent/adit.node' }), /build:native/],
    [
      'TUN device',
      (linux) => {
        rmSync(linux.paths.tunDevice);
        return undefined;
      },
      /modprobe tun/,
    ],
    [
      'privileges',
      (linux) => {
        linux.write(linux.paths.selfStatus, 'CapEff:\t0000000000000400\n');
        return undefined;
      },
      /root/,
    ],
    [
      'ip',
      (linux) => {
        linux.runner.programs.delete('ip');
        return undefined;
      },
      /./,
    ],
    [
      'nft',
      (linux) => {
        linux.runner.programs.delete('nft');
        return undefined;
      },
      /apt-get install nftables/,
    ],
    [
      'nft',
      (linux) => {
        linux.refusals.push({
          pattern: /list tables/,
          stderr: 'netlink: Error: cache initialization failed',
        });
        return undefined;
      },
      /modprobe nf_tables/,
    ],
    [
      'IPv6',
      (linux) => {
        linux.sysctl('net.ipv6.conf.default.disable_ipv6', 1);
        return undefined;
      },
      /disable_ipv6=0/,
    ],
    [
      'IPv6',
      (linux) => {
        rmSync(join(linux.paths.procSys, 'net/ipv6'), { recursive: true });
        return undefined;
      },
      /ipv6\.disable=1/,
    ],
    ['network watch', () => ({ watch: { rtnetlink: false, clock: true } }), /AF_NETLINK/],
    ['leftovers', () => ({ journal: [routesEntry] }), /Restart aditd/],
    [
      'access.json',
      () => ({ access: [{ found: 'user: the key is unknown', remedy: 'the keys are uids and anyUser' }] }),
      /the keys are/,
    ],
    ['lockdown', () => ({ lockdown: { on: true, fault: null } }), /Restart aditd/],
    [
      'lockdown',
      (linux) => {
        linux.tables.add('inet adit_lockdown');
        return { lockdown: { on: true, fault: 'nft refuses' } };
      },
      /Restart aditd/,
    ],
    [
      'lockdown',
      (linux) => {
        linux.tables.add('inet adit_lockdown');
        return undefined;
      },
      /adit lockdown off/,
    ],
    [
      'leftovers',
      (linux) => {
        linux.tables.add('ip adit_adit7');
        return undefined;
      },
      /Restart aditd/,
    ],
  ])('%s', async (check, spoil, remedy) => {
    const { linux, input } = healthy();
    using _cleanup = linux;
    const changed = spoil(linux, input);
    const found = await failed({ ...input, ...changed });
    expect(found).toEqual([
      { check, ok: false, found: expect.any(String), remedy: expect.stringMatching(remedy) },
    ]);
  });

  it('does not call the tunnels that run leftovers', async () => {
    const { linux, input } = healthy();
    using _cleanup = linux;
    linux.tables.add('ip adit_adit0');
    expect(await failed({ ...input, journal: [routesEntry], running: ['adit0'] })).toEqual([]);
  });

  it.each<[string, { on: boolean; fault: string | null }, string[], string]>([
    ['off', { on: false, fault: null }, [], 'off'],
    ['on', { on: true, fault: null }, ['inet adit_lockdown'], 'on, and in force'],
    ['on and refused', { on: true, fault: 'nft is missing' }, [], 'on, but not in force: nft is missing'],
    [
      'on, with rules of before',
      { on: true, fault: 'nft refuses' },
      ['inet adit_lockdown'],
      'on, but not in force as it should be: nft refuses',
    ],
    ['taken away', { on: true, fault: null }, ['inet other'], 'on, but not in force: its rules are gone'],
    [
      'left',
      { on: false, fault: null },
      ['inet adit_lockdown'],
      'off, but its rules hold packets back all the same',
    ],
  ])('says of lockdown what stands: %s', async (_, lockdown, tables, found) => {
    const { linux, input } = healthy();
    using _cleanup = linux;
    for (const table of tables) linux.tables.add(table);
    const checks = await doctor({ ...input, lockdown });
    expect(checks.find(({ check }) => check === 'lockdown')?.found).toBe(found);
  });

  it('does not miss logind', async () => {
    const { linux, input } = healthy();
    using _cleanup = linux;
    const watch = { rtnetlink: true, clock: true, logind: false };
    expect(await doctor({ ...input, watch })).toContainEqual({
      check: 'network watch',
      ok: true,
      found: 'without logind',
    });
  });

  it('wants nft where the reverse path filter is strict', async () => {
    const { linux, input } = healthy();
    using _cleanup = linux;
    linux.sysctl('net.ipv4.conf.all.rp_filter', 1);
    expect(await failed(input)).toEqual([]);
    linux.runner.programs.delete('nft');
    expect((await failed(input)).map(({ check }) => check)).toEqual(['nft', 'reverse path filter']);
  });

  it('tells a device that may not be opened from one that is missing', async () => {
    const { linux, input } = healthy();
    using _cleanup = linux;
    rmSync(linux.paths.tunDevice);
    mkdirSync(linux.paths.tunDevice);
    const [found] = await failed(input);
    expect(found).toMatchObject({ check: 'TUN device', found: expect.stringContaining('EISDIR') });
  });
});
