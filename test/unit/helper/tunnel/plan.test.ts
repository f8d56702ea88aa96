/** What a connection asks the system for: addresses, routes, name servers, MTU. */
import { describe, expect, it } from 'vitest';
import { espSuiteOf } from '#core/crypto/suite.ts';
import { formatIp, formatPrefix, parsePrefix } from '#core/net/address.ts';
import type { Prefix } from '#core/net/address.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { planOf } from '#helper/tunnel/plan.ts';
import type { PlanInput } from '#helper/tunnel/plan.ts';
import { profileNamed } from '#test/fakes/profiles.ts';
import { esp, ip, ts } from '#test/harness/ikev2-pair.ts';

const prefix = (text: string): Prefix => parsePrefix(text) as Prefix;

const EVERYTHING = ['0.0.0.0/0', '::/0'];
const SOME = ['10.0.0.0/8'];

function plan(change: {
  readonly profile?: Partial<ProfileInput>;
  readonly config?: Partial<PlanInput['config']>;
  readonly remoteTs?: readonly string[];
  readonly slot?: number;
}) {
  const suite = espSuiteOf(esp('aes256gcm16')[0]?.transforms ?? []);
  if (!suite) throw new Error('no suite');
  return planOf({
    tun: 'adit3',
    slot: change.slot ?? 0,
    profile: profileNamed('work', change.profile),
    config: { addresses: [], dns: [], subnets: [], domains: [], ...change.config },
    children: [
      {
        spiIn: 1,
        spiOut: 2,
        mode: 'tunnel',
        suite,
        keysIn: { encryption: new Uint8Array(36), integrity: new Uint8Array(0) },
        keysOut: { encryption: new Uint8Array(36), integrity: new Uint8Array(0) },
        replayWindow: 64,
        localTs: ts('10.9.0.7/32'),
        remoteTs: ts(...(change.remoteTs ?? SOME)),
        encapsulation: 'udp',
        hardLimit: {},
      },
    ],
    path: { local: { address: '192.0.2.2', port: 1 }, remote: { address: '203.0.113.1', port: 4500 } },
    outerMtu: 1500,
  });
}

describe('the plan of a tunnel', () => {
  it('gives the adapter its addresses alone, whatever prefix the gateway said', () => {
    const addresses = [prefix('10.9.0.7/24'), prefix('fd00::7/64')];
    const { link, firewall, routes } = plan({ config: { addresses } });
    for (const part of [link, firewall, routes]) {
      expect(part.addresses.map(formatPrefix)).toEqual(['10.9.0.7/32', 'fd00::7/128']);
    }
  });

  it('has its own table, and rules of its own, whatever it carries', () => {
    const [first, second] = [plan({ slot: 0 }), plan({ slot: 1, remoteTs: EVERYTHING })];
    expect(first.routes.table).not.toBe(second.routes.table);
    expect(first.routes.priority).not.toBe(second.routes.priority);
    expect(first.routes.mark).toBe(first.firewall.mark);
  });

  const server = { dns: [ip('10.9.0.1')] };
  const named = { ...server, domains: ['corp.example'] };
  const own = { servers: ['192.0.2.53'], domains: ['mine.example'] };

  it.each([
    ['no server', {}, {}, SOME, undefined],
    ['no server but domains', {}, { domains: ['corp.example'] }, SOME, undefined],
    ['a server', {}, server, SOME, ['10.9.0.1', [], true]],
    ['a server and its domains', {}, named, SOME, ['10.9.0.1', ['corp.example'], false]],
    ['a tunnel for everything', {}, named, EVERYTHING, ['10.9.0.1', ['corp.example'], true]],
    ['domains of the profile', { domains: own.domains }, named, SOME, ['10.9.0.1', ['mine.example'], false]],
    [
      'the same for everything',
      { domains: own.domains },
      named,
      EVERYTHING,
      ['10.9.0.1', ['mine.example'], false],
    ],
    [
      'servers of the profile',
      { servers: own.servers },
      named,
      SOME,
      ['192.0.2.53', ['corp.example'], false],
    ],
    ['only the profile', own, {}, SOME, ['192.0.2.53', ['mine.example'], false]],
  ] as const)('asks name servers: %s', (_, dns, config, remoteTs, expected) => {
    const made = plan({ profile: { dns }, config, remoteTs }).dns;
    expect(made && [made.servers.map(formatIp).join(), made.domains, made.all]).toEqual(expected);
  });
});
