/** The rules of lockdown as text, and what the machine starts with. What they do to packets: test/system/lockdown.test.ts. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linuxLockdown } from '#helper/effects/linux.ts';
import type { LockdownSettings } from '#helper/effects/lockdown/lockdown-effect.ts';
import { lockdownTable, WITHOUT_LOCKDOWN } from '#helper/effects/lockdown/ruleset.ts';
import { SimulatedLinux } from '#test/fakes/simulated-linux.ts';

const settings: LockdownSettings = {
  lan: false,
  mark: 44311,
  gateways: [
    { address: '203.0.113.9', port: 500 },
    { address: '203.0.113.9', port: 4500 },
    { address: '2001:DB8:77:0::9', port: 4500 },
  ],
  adapters: ['adit0', 'adit12'],
};

describe('the table', () => {
  it('is replaced as a whole, and lets out what tunnels send', () => {
    expect(lockdownTable(settings)).toBe(`table inet adit_lockdown
delete table inet adit_lockdown
table inet adit_lockdown {
  chain own {
    meta mark 44311 ip daddr . udp dport { 203.0.113.9 . 500, 203.0.113.9 . 4500 } accept
    meta mark 44311 meta l4proto esp ip daddr { 203.0.113.9 } accept
    meta mark 44311 ip6 daddr . udp dport { 2001:db8:77::9 . 4500 } accept
    meta mark 44311 meta l4proto esp ip6 daddr { 2001:db8:77::9 } accept
    oifname { "lo", "adit0", "adit12" } accept
    meta nfproto ipv4 udp sport 68 udp dport 67 accept
    ip6 saddr fe80::/10 udp sport 546 udp dport 547 accept
    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-report, mld-listener-done, mld2-listener-report } accept
  }
  chain output {
    type filter hook output priority filter; policy drop;
    jump own
    reject with icmpx admin-prohibited
  }
  chain through {
    oifname { "adit0", "adit12" } accept
    iifname { "adit0", "adit12" } ip daddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } accept
    iifname { "adit0", "adit12" } ip6 daddr fc00::/7 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    jump through
    reject with icmpx admin-prohibited
  }
  chain last {
    type filter hook postrouting priority 300; policy drop;
    jump own
    jump through
  }
}
`);
  });

  it('has nothing of a mark or an adapter where there is no tunnel', () => {
    expect(lockdownTable({ ...settings, gateways: [], adapters: [] })).not.toMatch(/mark|adit\d|iifname/);
  });

  it.each([
    ['no address', { address: 'vpn.example; flush ruleset', port: 4500 }],
    ['no port', { address: '203.0.113.9', port: 0 }],
    ['a port beyond all', { address: '203.0.113.9', port: 65_536 }],
    ['a fraction', { address: '203.0.113.9', port: 4500.5 }],
  ])('takes no text from outside: %s', (_, gateway) => {
    expect(() => lockdownTable({ ...settings, gateways: [gateway] })).toThrow(/no address with a port/);
  });

  it.each(['eth0', 'adit', 'adit0"; flush ruleset; "', 'adit*'])('nor any adapter: %s', (adapter) => {
    expect(() => lockdownTable({ ...settings, adapters: [adapter] })).toThrow(/no adapter of a tunnel/);
  });
});

describe('on Linux', () => {
  it('is one transaction, and its end another', async () => {
    using linux = new SimulatedLinux();
    const lockdown = linuxLockdown(linux.system);
    await lockdown.apply(settings);
    await lockdown.undo(true);
    expect(linux.runner.runs.map(({ stdin }) => stdin)).toEqual([lockdownTable(settings), WITHOUT_LOCKDOWN]);
  });

  it('starts with the machine, when no tunnel has a gateway', () => {
    using linux = new SimulatedLinux();
    const lockdown = linuxLockdown(linux.system);
    const path = join(linux.paths.stateDir, 'lockdown.nft');
    lockdown.atStart(settings);
    expect(readFileSync(path, 'utf8')).toBe(lockdownTable({ ...settings, gateways: [], adapters: [] }));
    lockdown.atStart({ ...settings, lan: true });
    expect(readFileSync(path, 'utf8')).toBe(
      lockdownTable({ ...settings, gateways: [], adapters: [], lan: true }),
    );
    for (const _ of ['there', 'gone']) lockdown.atStart(undefined);
    expect(existsSync(path)).toBe(false);
  });

  it('is refused where there is no nft, or where it says no', async () => {
    using without = new SimulatedLinux(['ip']);
    const refused = { what: 'Lockdown cannot be put in force', remedy: 'apt-get install nftables' };
    await expect(linuxLockdown(without.system).apply(settings)).rejects.toMatchObject(refused);
    await linuxLockdown(without.system).undo(false);
    await expect(linuxLockdown(without.system).undo(true)).rejects.toMatchObject({
      remedy: expect.stringMatching(/Restart this computer/) as string,
    });
    using linux = new SimulatedLinux();
    linux.refusals.push({ pattern: /nft/, stderr: 'Operation not permitted' });
    await expect(linuxLockdown(linux.system).apply(settings)).rejects.toMatchObject({
      what: refused.what,
      detail: expect.stringContaining('Operation not permitted') as string,
    });
    await expect(linuxLockdown(linux.system).undo(true)).rejects.toMatchObject({
      what: 'Lockdown cannot be ended',
    });
  });
});
