/** The adapter's addresses: one batch, exact words; a system without IPv6 still gets its IPv4 tunnel. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linuxEffects } from '#helper/effects/linux.ts';
import { SimulatedLinux } from '#test/fakes/simulated-linux.ts';
import { link, prefix } from '#test/fakes/tunnel-settings.ts';

const BATCH = 'ip -json -batch -';

describe('link', () => {
  it('sets MTU, addresses as a host has them, and state in one process', async () => {
    using linux = new SimulatedLinux();
    const given = { ...link, addresses: [prefix('10.9.0.2/24'), prefix('2001:db8:9::2/64')] };
    expect(await linuxEffects(linux.system).link.apply(given)).toEqual([]);
    expect(linux.runner.lines).toEqual([
      [
        BATCH,
        'address show dev adit0',
        'link set dev adit0 addrgenmode none',
        'link set dev adit0 mtu 1400',
        'address replace 10.9.0.2/32 dev adit0 noprefixroute',
        'address replace 2001:db8:9::2/128 dev adit0 nodad noprefixroute',
        'link set dev adit0 up',
      ].join('\n  '),
    ]);
  });

  it('removes the addresses of an earlier call that are not assigned any more', async () => {
    using linux = new SimulatedLinux();
    const effects = linuxEffects(linux.system);
    linux.addresses.set('adit0', new Set(['fe80::1/64']));
    await effects.link.apply(link);
    await effects.link.apply({ ...link, addresses: [prefix('10.9.0.7/32')] });
    expect([...(linux.addresses.get('adit0') ?? [])]).toEqual(['fe80::1/64', '10.9.0.7/32']);
    expect(linux.runner.lines.at(-1)).toBe(
      [BATCH, 'address del 10.9.0.2/32 dev adit0', 'address del 2001:db8:9::2/128 dev adit0'].join('\n  '),
    );
  });

  it('takes all of them away in one process where none is wanted', async () => {
    using linux = new SimulatedLinux();
    const effects = linuxEffects(linux.system);
    linux.addresses.set('adit0', new Set(['fe80::1/64']));
    await effects.link.apply(link);
    const before = linux.runner.runs.length;
    await effects.link.apply({ ...link, addresses: [] });
    expect([...(linux.addresses.get('adit0') ?? [])]).toEqual(['fe80::1/64']);
    expect(linux.runner.runs.length - before).toBe(1);
  });

  it.each([
    ['switched off', (linux: SimulatedLinux) => linux.sysctl('net.ipv6.conf.adit0.disable_ipv6', 1)],
    ['absent', (linux: SimulatedLinux) => rmSync(join(linux.paths.procSys, 'net/ipv6'), { recursive: true })],
  ])('leaves out IPv6 where it is %s, and says so', async (_, take) => {
    using linux = new SimulatedLinux();
    take(linux);
    const warnings = await linuxEffects(linux.system).link.apply(link);
    expect(warnings).toEqual([expect.stringMatching(/^IPv6 is .*2001:db8:9::2 is not used$/)]);
    expect([...(linux.addresses.get('adit0') ?? [])]).toEqual(['10.9.0.2/32']);
  });

  it('refuses a tunnel of IPv6 alone on a system without it, naming the switch', async () => {
    using linux = new SimulatedLinux();
    linux.sysctl('net.ipv6.conf.adit0.disable_ipv6', 1);
    await expect(
      linuxEffects(linux.system).link.apply({ ...link, addresses: [prefix('2001:db8:9::2/128')] }),
    ).rejects.toMatchObject({
      what: expect.stringContaining('IPv6'),
      remedy: expect.stringContaining('disable_ipv6=0'),
    });
    expect(linux.runner.runs).toEqual([]);
  });

  it('leaves out IPv6 where the MTU is too small for it', async () => {
    using linux = new SimulatedLinux();
    expect(await linuxEffects(linux.system).link.apply({ ...link, mtu: 1000 })).toEqual([
      expect.stringContaining('MTU below 1280'),
    ]);
  });

  it.each([
    '0.0.0.0/32',
    '127.0.0.1/32',
    '224.0.0.1/32',
    '255.255.255.255/32',
    '::/128',
    '::1/128',
    'ff02::1/128',
  ])('refuses %s as an address of ours', async (text) => {
    using linux = new SimulatedLinux();
    const settings = { ...link, addresses: [prefix(text)] };
    await expect(linuxEffects(linux.system).link.apply(settings)).rejects.toThrow(/no host may have/);
  });

  it('says what the system said', async () => {
    using linux = new SimulatedLinux();
    linux.refusals.push({ pattern: /mtu/, stderr: 'RTNETLINK answers: Operation not permitted\n' });
    await expect(linuxEffects(linux.system).link.apply(link)).rejects.toMatchObject({
      what: 'The adapter adit0 cannot be set up',
      detail: 'ip: RTNETLINK answers: Operation not permitted',
      remedy: 'Start aditd as root or with CAP_NET_ADMIN',
    });
  });
});
