/**
 * What a real strongSwan gateway may want of our client beside the tunnel: authentication again (RFC 4478), another gateway (RFC
 * 5685), forward secrecy at rekeying, one Child SA for each network.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAB, Lab, POOLS } from '#test/harness/lab.ts';
import { type Daemon, until } from '#test/harness/process.ts';
import { StrongSwan } from '#test/harness/strongswan.ts';

const PSK = 'lab secret';
const SECOND = '10.77.0.0/16';
const FOREIGN = '10.78.0.0/16';
const REAUTHENTICATION_SEC = 3_600;

interface Told {
  readonly type: string;
  readonly name?: string;
  readonly spiIn?: number;
  readonly remote?: readonly string[];
  readonly group?: string;
  readonly reauthenticateAt?: number;
}

describe('a strongSwan gateway with wishes', () => {
  let lab: Lab;
  let gateway: StrongSwan;
  let client: Daemon;
  const told = (type: string): Told[] =>
    client.output
      .split('\n')
      .filter((line) => line.startsWith(`{"type":"${type}"`))
      .map((line) => JSON.parse(line) as Told);
  const say = (command: string) => client.child.stdin?.write(`${command}\n`);
  const heard = async (type: string, count = 1) =>
    until(`${count} ${type}`, () => told(type).length >= count, { context: () => client.output });

  beforeAll(async () => {
    lab = await Lab.create();
    // kernel-libipsec routes from an address inside of the selectors.
    await lab.gateway.ip('addr add 10.77.0.1/16 dev lo');
    const child = (local: string) => ({ local_ts: [local], esp_proposals: 'aes256gcm16-ecp256' });
    gateway = await StrongSwan.start(lab.world, lab.gateway, {
      swanctl: {
        connections: {
          lab: {
            version: 2,
            pools: ['p4'],
            reauth_time: `${REAUTHENTICATION_SEC}s`,
            local: { auth: 'psk', id: 'gw.lab' },
            remote: { auth: 'psk' },
            children: { net: child(LAB.inner.net4), second: child(SECOND) },
          },
        },
        pools: POOLS,
        secrets: { 'ike-lab': { secret: PSK } },
      },
    });
    const agent = fileURLToPath(new URL('../harness/ikev2-udp-agent.ts', import.meta.url));
    const networks = [LAB.inner.net4, SECOND, FOREIGN];
    client = lab.client.start([process.execPath, agent, LAB.client.ip4, LAB.gateway.ip4, PSK, ...networks], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    await heard('child-installed', 2);
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  it('gives each network a Child SA, refuses one, and keeps the tunnel', async () => {
    await heard('refused');
    expect(told('child-installed').map(({ name, remote }) => [name, remote])).toEqual([
      ['net', [LAB.inner.net4]],
      ['net 2', [SECOND]],
    ]);
    expect(told('refused').map(({ name }) => name)).toEqual(['net 3']);
    expect(told('closed')).toEqual([]);
    expect((await gateway.sa('lab')).children.map(({ name }) => name).toSorted()).toEqual(['net', 'second']);
  });

  it('says how long the authentication is good for', () => {
    expect(told('auth-lifetime')).toHaveLength(1);
    expect(told('auth-lifetime')[0]?.reauthenticateAt).toBeGreaterThan(0);
  });

  it('insists on forward secrecy at rekeying, and gets it', async () => {
    const [first] = told('child-installed');
    say(`rekey ${first?.spiIn}`);
    await heard('child-installed', 3);
    expect(told('child-installed')[2]).toMatchObject({ name: 'net', group: 'ecp256' });
    expect(told('refused')).toHaveLength(1);
  });

  it('sends us elsewhere while the tunnel stands', async () => {
    await gateway.redirect('lab', '192.0.2.99');
    await heard('redirect');
    expect(told('redirect')).toEqual([
      { type: 'redirect', to: { kind: 'ipv4', value: '192.0.2.99' }, during: 'established' },
    ]);
    expect(told('closed')).toEqual([]);
  });
});
