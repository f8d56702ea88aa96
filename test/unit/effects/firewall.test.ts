/** The rules as text, and the sysctl that goes with their mark: set only under a strict filter, put back by the last. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linuxEffects } from '#helper/effects/linux.ts';
import { SimulatedLinux } from '#test/fakes/simulated-linux.ts';
import { firewall, prefix } from '#test/fakes/tunnel-settings.ts';

const validMark = (linux: SimulatedLinux) => (linux.snapshot() as { validMark: string }).validMark;
const loads = (linux: SimulatedLinux) => linux.runner.runs.filter(({ args }) => args[0] === '-f');

describe('firewall', () => {
  it('loads all tables in one transaction', async () => {
    using linux = new SimulatedLinux();
    expect(await linuxEffects(linux.system).firewall.apply(firewall)).toEqual([]);
    expect(loads(linux)).toEqual([
      {
        program: 'nft',
        args: ['-f', '-'],
        stdin: `table ip adit_adit0
delete table ip adit_adit0
table ip adit_adit0 {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    ip daddr 10.9.0.2 iifname != { "lo", "adit0" } drop
    ip saddr 203.0.113.9 udp sport 4500 meta mark set 44311 accept
    ip saddr 203.0.113.9 udp sport { 500, 4500 } meta mark set 44311 accept
    ip saddr 203.0.113.9 meta l4proto esp meta mark set 44311 accept
    icmp type { destination-unreachable, time-exceeded } iifname != "lo" iifname != "adit*" fib daddr type local meta mark set 44311 accept
    udp sport 67 udp dport 68 iifname != "lo" iifname != "adit*" meta mark set 44311 accept
  }
  chain forward {
    type filter hook forward priority mangle; policy accept;
    iifname "adit0" tcp flags & (syn | rst) == syn tcp option maxseg size set 1360
    oifname "adit0" tcp flags & (syn | rst) == syn tcp option maxseg size set 1360
  }
}
table ip6 adit_adit0
delete table ip6 adit_adit0
table ip6 adit_adit0 {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    ip6 daddr 2001:db8:9::2 iifname != { "lo", "adit0" } drop
  }
  chain forward {
    type filter hook forward priority mangle; policy accept;
    iifname "adit0" tcp flags & (syn | rst) == syn tcp option maxseg size set 1340
    oifname "adit0" tcp flags & (syn | rst) == syn tcp option maxseg size set 1340
  }
}
table arp adit_adit0
delete table arp adit_adit0
table arp adit_adit0 {
  chain input {
    type filter hook input priority filter; policy accept;
    arp daddr ip 10.9.0.2 drop
    meta mark set 44311
  }
}
`,
      },
    ]);
  });

  it('knows a gateway by IPv6 and on a port of its own', async () => {
    using linux = new SimulatedLinux();
    const gateway = { address: '2001:db8::9', port: 14500 };
    await linuxEffects(linux.system).firewall.apply({ ...firewall, gateway, addresses: [] });
    const [run] = loads(linux);
    expect(run?.stdin).toContain('ip6 saddr 2001:db8::9 udp sport 14500 meta mark');
    expect(run?.stdin).toContain('ip6 saddr 2001:db8::9 udp sport { 500, 4500, 14500 } meta mark');
    expect(run?.stdin).toContain(
      'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded } iif',
    );
    expect(run?.stdin).not.toContain('icmp type');
    expect(run?.stdin).not.toContain('drop');
    expect(run?.stdin).toContain('table arp');
  });

  it('lists several addresses of a family in one set', async () => {
    using linux = new SimulatedLinux();
    const addresses = [prefix('10.9.0.2/32'), prefix('10.9.0.3/32')];
    await linuxEffects(linux.system).firewall.apply({ ...firewall, addresses });
    expect(loads(linux)[0]?.stdin).toContain('ip daddr { 10.9.0.2, 10.9.0.3 } iifname');
  });

  it('has nothing of IPv6 where the tunnel has not', async () => {
    using linux = new SimulatedLinux();
    await linuxEffects(linux.system).firewall.apply({ ...firewall, addresses: [prefix('10.9.0.2/32')] });
    expect([...linux.tables].sort()).toEqual(['arp adit_adit0', 'ip adit_adit0']);
  });

  it('lets go of the table of IPv6 when the tunnel has nothing of it any more, and asks for it no more', async () => {
    using linux = new SimulatedLinux();
    const effect = linuxEffects(linux.system).firewall;
    await effect.apply(firewall);
    const ipv4 = { ...firewall, addresses: [prefix('10.9.0.2/32')] };
    linux.refusals.push({ pattern: /maxseg size set 1234/, stderr: 'Error: No buffer space' });
    await expect(effect.apply({ ...ipv4, mtu: 1274 })).rejects.toThrow(/No buffer space/);
    expect(linux.tables).toContain('ip6 adit_adit0');
    await effect.apply(ipv4);
    expect([...linux.tables].sort()).toEqual(['arp adit_adit0', 'ip adit_adit0']);
    await effect.apply(ipv4);
    await effect.undo(firewall);
    await effect.apply(ipv4);
    // Whole, refused twice (with and without ARP), let go of; and nothing of it from then on.
    const named = loads(linux).map(({ stdin }) => /ip6 adit/.test(stdin));
    expect(named).toEqual([true, true, true, true, false, false, false]);
  });

  it('goes on without ARP where the kernel cannot filter it', async () => {
    using linux = new SimulatedLinux();
    linux.refusals.push({
      pattern: /table arp/,
      stderr: 'Error: Could not process rule: Operation not supported',
    });
    const effect = linuxEffects(linux.system).firewall;
    expect(await effect.apply(firewall)).toEqual([expect.stringMatching(/ARP/)]);
    linux.sysctl('net.ipv4.conf.all.rp_filter', 1);
    expect(await effect.apply(firewall)).toEqual([
      expect.stringMatching(/ARP/),
      expect.stringMatching(/strict/),
    ]);
    expect([...linux.tables].sort()).toEqual(['ip adit_adit0', 'ip6 adit_adit0']);
  });

  it('fails with the words of nft, and leaves nothing', async () => {
    using linux = new SimulatedLinux();
    linux.refusals.push({
      pattern: /table ip /,
      stderr: 'Error: Could not process rule: Operation not permitted',
    });
    await expect(linuxEffects(linux.system).firewall.apply(firewall)).rejects.toMatchObject({
      what: 'The firewall table of adit0 cannot be set',
      remedy: 'Start aditd as root or with CAP_NET_ADMIN',
    });
    expect(linux.tables.size).toBe(0);
  });

  it('that is refused when it is applied again leaves the tables that were there', async () => {
    using linux = new SimulatedLinux();
    const effect = linuxEffects(linux.system).firewall;
    await effect.apply(firewall);
    linux.refusals.push({
      pattern: /type filter hook/,
      stderr: 'Error: Could not process rule: No buffer space',
    });
    await expect(effect.apply({ ...firewall, mtu: 1300 })).rejects.toThrow(/No buffer space/);
    expect([...linux.tables].sort()).toEqual(['arp adit_adit0', 'ip adit_adit0', 'ip6 adit_adit0']);
    expect(linux.runner.runs.filter(({ stdin }) => stdin.startsWith('delete'))).toEqual([]);
    await effect.undo(firewall);
    expect(linux.tables.size).toBe(0);
  });

  it('removes the tables of its tunnel alone, any number of times', async () => {
    using linux = new SimulatedLinux();
    linux.tables.add('inet filter');
    const effect = linuxEffects(linux.system).firewall;
    await effect.apply(firewall);
    await effect.apply({ ...firewall, tun: 'adit1' });
    await effect.undo({ tun: 'adit0' });
    await effect.undo({ tun: 'adit0' });
    expect([...linux.tables].sort()).toEqual([
      'arp adit_adit1',
      'inet filter',
      'ip adit_adit1',
      'ip6 adit_adit1',
    ]);
  });

  it('warns where nft is missing, and names the package', async () => {
    using linux = new SimulatedLinux(['ip']);
    const effect = linuxEffects(linux.system).firewall;
    expect(await effect.apply(firewall)).toEqual([expect.stringContaining('apt-get install nftables')]);
    linux.sysctl('net.ipv4.conf.eth0.rp_filter', 1);
    expect(await effect.apply(firewall)).toEqual([
      expect.stringContaining('guard'),
      expect.stringMatching(/strict on eth0.*rp_filter=2/),
    ]);
    expect(await effect.undo({ tun: 'adit0' })).toEqual([]);
  });
});

describe('reverse path filter', () => {
  it.each([
    ['off', { all: 0, eth0: 0 }, '0'],
    ['loose everywhere', { all: 2, eth0: 1 }, '0'],
    ['loose on the adapter', { all: 1, default: 2, eth0: 2, adit0: 2, adit1: 2 }, '0'],
    ['strict by the adapter', { all: 0, eth0: 1 }, '1'],
    ['strict by all', { all: 1, eth0: 0 }, '1'],
    ['strict for adapters to come', { default: 1 }, '1'],
  ])('%s: %o', async (_, filters, expected) => {
    using linux = new SimulatedLinux();
    for (const [name, value] of Object.entries(filters))
      linux.sysctl(`net.ipv4.conf.${name}.rp_filter`, value);
    const effect = linuxEffects(linux.system).firewall;
    await effect.apply(firewall);
    expect(validMark(linux)).toBe(expected);
    await effect.undo(firewall);
    expect(validMark(linux)).toBe('0');
    expect(existsSync(join(linux.paths.stateDir, 'sysctl.json'))).toBe(false);
  });

  it('is put back by the last of two tunnels, whichever that is', async () => {
    using linux = new SimulatedLinux();
    linux.sysctl('net.ipv4.conf.all.rp_filter', 1);
    const effect = linuxEffects(linux.system).firewall;
    await effect.apply(firewall);
    await effect.apply({ ...firewall, tun: 'adit1' });
    await effect.undo({ tun: 'adit0' });
    expect(validMark(linux)).toBe('1');
    await effect.undo({ tun: 'adit1' });
    expect(validMark(linux)).toBe('0');
  });

  it('is left alone where the administrator has set it', async () => {
    using linux = new SimulatedLinux();
    linux.sysctl('net.ipv4.conf.all.rp_filter', 1);
    linux.sysctl('net.ipv4.conf.all.src_valid_mark', 1);
    const effect = linuxEffects(linux.system).firewall;
    await effect.apply(firewall);
    await effect.undo(firewall);
    expect(validMark(linux)).toBe('1');
  });

  it('writes nothing but the one value, whatever stands in the saved file', async () => {
    using linux = new SimulatedLinux();
    linux.write(join(linux.paths.stateDir, 'sysctl.json'), '{"kernel.core_pattern":"|/tmp/x"}');
    await linuxEffects(linux.system).firewall.undo({ tun: 'adit0' });
    expect(validMark(linux)).toBe('0');
    expect(existsSync(join(linux.paths.stateDir, 'sysctl.json'))).toBe(false);
  });
});
