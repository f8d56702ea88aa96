/** The table and its rule: exact words, in the order that leaves no gap; applied and undone any number of times. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prefixToRange, type Prefix } from '#core/net/address.ts';
import { NetworkUnreachable } from '#helper/effects/effects.ts';
import { linuxEffects } from '#helper/effects/linux.ts';
import { destinations, routePriority, tableRules } from '#helper/effects/routes/plan.ts';
import type { Netlink } from '#helper/effects/routes/way-lookup.ts';
import { SimulatedLinux } from '#test/fakes/simulated-linux.ts';
import { ip, prefix, routes, selector } from '#test/fakes/tunnel-settings.ts';

const ruleAt = (priority: number, suppress?: number): string =>
  `not fwmark 44311 lookup 44311 priority ${priority}${suppress === undefined ? '' : ` suppress_prefixlength ${suppress}`}`;
const batches = (linux: SimulatedLinux) => linux.runner.lines.filter((line) => !line.includes('rule show'));

describe('routes', () => {
  it('fills an own table before the rule that leads there, default as one route', async () => {
    using linux = new SimulatedLinux();
    expect(await linuxEffects(linux.system).routes.apply(routes)).toEqual([]);
    expect(batches(linux).sort()).toEqual([
      `ip -4 -N -json -batch -\n  route replace default dev adit0 table 44311 src 10.9.0.2\n  rule add ${ruleAt(11_600)}`,
      `ip -6 -N -json -batch -\n  route replace default dev adit0 table 44311 src 2001:db8:9::2\n  rule add ${ruleAt(30_800)}`,
    ]);
  });

  it('asks and changes in one process each, a family', async () => {
    using linux = new SimulatedLinux();
    const { routes: effect } = linuxEffects(linux.system);
    await effect.apply(routes);
    await effect.undo(routes);
    const asked = (family: number) =>
      `ip -${family} -N -json -batch -\n  rule show\n  route show table 44311`;
    const { lines } = linux.runner;
    expect(lines).toHaveLength(8);
    for (const family of [4, 6]) expect(lines.filter((line) => line === asked(family))).toHaveLength(2);
  });

  it('makes the fewest prefixes of ranges, each once, and no rule for a family without any', async () => {
    using linux = new SimulatedLinux();
    const remoteTs = ['10.0.0.3-10.0.0.9', '10.0.0.8/31', '192.0.2.1/32'].map(selector);
    await linuxEffects(linux.system).routes.apply({ ...routes, remoteTs, addresses: [] });
    expect(batches(linux)).toEqual([
      [
        'ip -4 -N -json -batch -',
        'route replace 10.0.0.3 dev adit0 table 44311',
        'route replace 10.0.0.4/30 dev adit0 table 44311',
        'route replace 10.0.0.8/31 dev adit0 table 44311',
        'route replace 192.0.2.1 dev adit0 table 44311',
        // One for each length, the longest first: /32, /31, /30.
        `rule add ${ruleAt(5200, 31)}`,
        `rule add ${ruleAt(5400, 30)}`,
        `rule add ${ruleAt(5600)}`,
      ].join('\n  '),
    ]);
  });

  it('changes only what differs when it is applied again', async () => {
    using linux = new SimulatedLinux();
    const { routes: effect } = linuxEffects(linux.system);
    await effect.apply(routes);
    const before = linux.snapshot();
    await effect.apply(routes);
    expect(linux.snapshot()).toEqual(before);
    await effect.apply({ ...routes, remoteTs: [selector('10.0.0.0/8')] });
    expect([...linux.rules[4]]).toEqual([ruleAt(10_000)]);
    expect([...linux.rules[6]]).toEqual([]);
    expect([...(linux.routes[4].get('44311') ?? [])]).toEqual(['10.0.0.0/8']);
    expect([...(linux.routes[6].get('44311') ?? [])]).toEqual([]);
  });

  it('undoes its own twice, and nothing of another tunnel or of the system', async () => {
    using linux = new SimulatedLinux();
    linux.rules[4].add('not fwmark 51820 lookup 51820 priority 32764');
    const { routes: effect } = linuxEffects(linux.system);
    const other = { ...routes, tun: 'adit1', table: 44312, priority: 5201 };
    await effect.apply(other);
    const before = linux.snapshot();
    await effect.apply(routes);
    await effect.undo(routes);
    expect(linux.snapshot()).toEqual(before);
    await effect.undo(routes);
    expect(linux.snapshot()).toEqual(before);
  });

  it('blocks IPv6 networks that the adapter cannot carry, instead of letting them pass beside', async () => {
    using linux = new SimulatedLinux();
    linux.sysctl('net.ipv6.conf.adit0.disable_ipv6', 1);
    expect(await linuxEffects(linux.system).routes.apply(routes)).toEqual([
      expect.stringContaining('blocked'),
    ]);
    expect([...(linux.routes[6].get('44311') ?? [])]).toEqual(['unreachable default']);
    expect(linux.rules[6].size).toBe(1);
  });

  it('works on a kernel without IPv6', async () => {
    using linux = new SimulatedLinux();
    rmSync(join(linux.paths.procSys, 'net/ipv6'), { recursive: true });
    const { routes: effect } = linuxEffects(linux.system);
    expect(await effect.apply(routes)).toEqual([expect.stringContaining('IPv6 is not available')]);
    await effect.undo(routes);
    expect(linux.runner.lines.filter((line) => line.startsWith('ip -6'))).toEqual([]);
  });

  it('takes back what it has done when a part fails', async () => {
    using linux = new SimulatedLinux();
    const before = linux.snapshot();
    linux.refusals.push({
      pattern: /^ip -6.*batch(.|\n)*rule add/,
      stderr: 'RTNETLINK answers: No buffer space',
    });
    await expect(linuxEffects(linux.system).routes.apply(routes)).rejects.toMatchObject({
      what: 'The routes of adit0 cannot be set',
      detail: expect.stringContaining('No buffer space'),
    });
    expect(linux.snapshot()).toEqual(before);
  });

  it('knows a destination in whatever spelling the system prints it', async () => {
    using linux = new SimulatedLinux();
    linux.routes[6].set('44311', new Set(['::203.0.113.0/120']));
    await linuxEffects(linux.system).routes.apply({ ...routes, remoteTs: [selector('::cb00:7100/120')] });
    expect(linux.runner.lines.join('\n')).not.toContain('route del');
  });
});

/** Answers of a kernel in their order; of links what follows the MTU is cut off. */
const answering = (...answers: readonly string[]) => {
  const requests: string[] = [];
  const waiting = answers.map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
  const netlink: Netlink = {
    openNetlink: () => ({
      port: 1,
      send: (request) => void requests.push(Buffer.from(request).toString('hex')),
      take: () => ({ datagrams: waiting.splice(0, 1), lost: false }),
      close: () => void requests.push('close'),
    }),
  };
  using linux = new SimulatedLinux();
  return { requests, effects: linuxEffects({ ...linux.system, netlink }) };
};

describe('sourceFor', () => {
  const ROUTE =
    '7800000018000000000000008d08000002200000fe0000010002000008000f00fe00000008000100cb0071090800040003000000' +
    '080007000a010002080005000a0100010800100017ad0000080019000000000024000c0002000000' +
    '00'.repeat(28);
  const LINK =
    '3c00000010000000000000008d0800000000010003000000431001000000000009000300657468300000000008000d00e8030000' +
    '08000400dc050000';
  const ROUTE6 =
    'bc00000018000000000000008d0800000a808000fe0300010000000008000f00fe0000001400010020010db80000000000000000' +
    '0000000914000200000000000000000000000000000000001400070020010db80001000000000000000000020c00080008000200' +
    '6405000008000600000400001400050020010db8000100000000000000000001080004000300000024000c0002000000' +
    '00'.repeat(28) +
    '0500140000000000';
  const REFUSED =
    '000000002c0000001a000100000000000000000002200000000000000000000008000100c00002010800100017ad0000';

  it('asks past our own rules and reads address, adapter and MTU', async () => {
    const { requests, effects } = answering(ROUTE, LINK);
    expect(await effects.routes.sourceFor(ip('203.0.113.9'), 0xad17)).toEqual({
      address: ip('10.1.0.2'),
      mtu: 1500,
      dev: 'eth0',
    });
    expect(requests).toEqual([
      '2c0000001a000100000000000000000002200000000000000000000008000100cb0071090800100017ad0000',
      '2000000012000100000000000000000000000000030000000000000000000000',
      'close',
    ]);
  });

  it('takes the smaller MTU of a route or a path that is known', async () => {
    const { effects } = answering(ROUTE6, LINK);
    expect(await effects.routes.sourceFor(ip('2001:db8::9'), 1)).toEqual({
      address: ip('2001:db8:1::2'),
      mtu: 1380,
      dev: 'eth0',
    });
  });

  it.each([
    ['ENETUNREACH', '9bffffff', 'network is unreachable'],
    ['EACCES', 'f3ffffff', 'permission denied'],
  ])('says that there is no way: %s', async (_name, errno, said) => {
    const { requests, effects } = answering(`40000000020000000000000000000000${errno}${REFUSED.slice(8)}`);
    const error = await effects.routes.sourceFor(ip('203.0.113.9'), 1).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NetworkUnreachable);
    expect(error).toMatchObject({ what: 'There is no route to 203.0.113.9', detail: said });
    expect(requests.at(-1)).toBe('close');
  });

  it('says so where the adapter has no address of the family', async () => {
    const bare = ROUTE.replace('080007000a010002', '080017000a010002');
    const { effects } = answering(bare, LINK);
    await expect(effects.routes.sourceFor(ip('203.0.113.9'), 1)).rejects.toMatchObject({
      detail: 'the adapter eth0 has no address of its family',
    });
  });

  it('fails where the kernel answers something else', async () => {
    for (const answers of [[LINK], [ROUTE, ROUTE], [ROUTE], []]) {
      const { requests, effects } = answering(...answers);
      await expect(effects.routes.sourceFor(ip('203.0.113.9'), 1)).rejects.toThrow(/no answer to a request/);
      expect(requests.at(-1)).toBe('close');
    }
  });
});

interface Tunnel {
  readonly index: number;
  readonly texts: readonly string[];
}

/** Which tunnel takes a packet: what the kernel does with rules in the order of their priorities and with tables. */
function takerOf(tunnels: readonly Tunnel[], family: 4 | 6, address: Uint8Array) {
  const rules = tunnels.flatMap(({ index, texts }) => {
    const wanted = destinations(texts.map(selector), family);
    const routed = wanted.map((text) => tunnelPrefix(text, family));
    return tableRules(wanted, family, routePriority(index)).map((rule) => ({ ...rule, index, routed }));
  });
  for (const { index, routed, suppress = -1 } of rules.toSorted((a, b) => a.priority - b.priority)) {
    const lengths = routed.filter((route) => covers(route, address)).map(({ length }) => length);
    const longest = Math.max(-1, ...lengths);
    if (longest > suppress) return { index, longest };
  }
  return undefined;
}

const tunnelPrefix = (text: string, family: 4 | 6): Prefix => {
  if (text === 'default') return prefix(family === 4 ? '0.0.0.0/0' : '::/0');
  return prefix(text.includes('/') ? text : `${text}/${family === 4 ? 32 : 128}`);
};

const covers = (network: Prefix, address: Uint8Array): boolean => {
  const { start, end } = prefixToRange(network);
  return address.every((octet, at) => octet >= (start[at] ?? 0) && octet <= (end[at] ?? 0));
};

describe('overlapping tunnels', () => {
  it.each([
    ['the narrow one is there first', ['10.0.0.5/32'], ['10.0.0.0/24'], 0],
    ['the narrow one comes later', ['10.0.0.0/24'], ['10.0.0.5/32'], 1],
    ['one for everything', ['0.0.0.0/0'], ['10.0.0.0/8'], 1],
    ['two halves of everything', ['0.0.0.0/1', '128.0.0.0/1'], ['10.0.0.0/8'], 1],
    ['each is narrow somewhere', ['10.0.0.0/24', '192.0.2.1/32'], ['10.0.0.5/32', '192.0.2.0/24'], 1],
    ['the other way round', ['10.0.0.5/32', '192.0.2.0/24'], ['10.0.0.0/24', '192.0.2.1/32'], 0],
  ])('%s: the longest prefix takes the packet', (_name, first, second, taker) => {
    const tunnels = [first, second].map((texts, index) => ({ index, texts }));
    expect(takerOf(tunnels, 4, ip('10.0.0.5'))?.index).toBe(taker);
  });

  it.each([4, 6] as const)('whatever IPv%i networks there are: the longest of all tunnels', (family) => {
    const network = fc
      .tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 32 }))
      .map(([last, length]) =>
        family === 4 ? `10.0.0.${last}/${length}` : `2001:db8::${last}/${length * 4}`,
      );
    const tunnels = fc.array(fc.array(network, { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(tunnels, fc.integer({ min: 0, max: 7 }), fc.nat(999), (all, last, offset) => {
        const address = ip(family === 4 ? `10.0.0.${last}` : `2001:db8::${last}`);
        const lengths = all
          .flat()
          .map((text) => prefix(text))
          .filter((each) => covers(each, address))
          .map(({ length }) => length);
        const taken = takerOf(
          all.map((texts, index) => ({ index: (index + offset) % 1000, texts })),
          family,
          address,
        );
        expect(taken?.longest).toBe(lengths.length === 0 ? undefined : Math.max(...lengths));
      }),
    );
  });

  it('come before the main table, all of them', () => {
    const all = tableRules(['default', '::1', '::/1'], 6, routePriority(999));
    expect(Math.max(...all.map(({ priority }) => priority))).toBeLessThan(32_766);
    expect(all.map(({ suppress }) => suppress)).toEqual([127, 0, undefined]);
  });
});
