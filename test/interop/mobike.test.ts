/** MOBIKE with a real strongSwan as the client, our engine as the gateway: it moves, and the tunnel carries on (RFC 4555). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedGateway } from '#test/harness/embedded-gateway.ts';
import { LAB, Lab } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { StrongSwan } from '#test/harness/strongswan.ts';
import { Traffic } from '#test/harness/traffic.ts';

const PSK = 'lab secret';
const ELSEWHERE = '10.1.0.77';

describe('a strongSwan client that moves', () => {
  let lab: Lab;
  let gateway: EmbeddedGateway;
  let client: StrongSwan;
  let user: Traffic;
  let url: string;
  beforeAll(async () => {
    lab = await Lab.create();
    gateway = await EmbeddedGateway.start(lab.gateway, {
      localId: 'gw.lab',
      keys: { 'client.lab': PSK },
      pools: { ip4: LAB.pool.ip4, ip6: LAB.pool.ip6 },
      dns: [],
      localTs: [LAB.inner.net4],
    });
    client = await StrongSwan.start(lab.world, lab.client, {
      swanctl: {
        connections: {
          lab: {
            version: 2,
            mobike: 'yes',
            remote_addrs: LAB.gateway.ip4,
            vips: ['0.0.0.0'],
            local: { auth: 'psk', id: 'client.lab' },
            remote: { auth: 'psk', id: 'gw.lab' },
            children: { net: { remote_ts: [LAB.inner.net4], esp_proposals: 'aes256gcm16' } },
          },
        },
        secrets: { 'ike-lab': { secret: PSK } },
      },
    });
    user = Traffic.on(lab.client);
    const { port } = await Traffic.on(lab.gateway).serve(LAB.inner.ip4);
    url = `http://${LAB.inner.ip4}:${port}`;
    await client.initiate('net');
    await user.download(`${url}/1000`);
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  const clients = async () => (await gateway.counters()).clients;
  const saysAbout = async (word: string) =>
    (await client.log()).split('\n').filter((line) => line.includes(word));

  const moveTo = async (from: string, to: string) => {
    await lab.client.ip(`addr del ${from}/24 dev eth0`);
    await lab.client.ip(`addr add ${to}/24 dev eth0`);
    await lab.client.ip('route replace default via 10.1.0.1');
  };

  it('to another address', async () => {
    expect(await clients()).toEqual([LAB.client.ip4]);
    await moveTo(LAB.client.ip4, ELSEWHERE);
    await until('the gateway knows', async () => (await clients())[0] === ELSEWHERE);
    const moved = await user.download(`${url}/100000`);
    expect(moved).toMatchObject({ bytes: 100_000, sha256: moved.expected });
    expect(await saysAbout('UPD_SA_ADDR')).not.toEqual([]);
    expect(await saysAbout('COOKIE2')).not.toEqual([]);
    expect(await gateway.counters()).toMatchObject({ connections: 1, children: 1 });
  });

  it('behind a NAT', async () => {
    await using nat = await lab.world.masquerade(lab.router, 'wan');
    expect(nat).toBeDefined();
    await moveTo(ELSEWHERE, LAB.client.ip4);
    await until('the gateway knows', async () => (await clients())[0] === '192.0.2.254');
    await user.download(`${url}/1000`);
    expect(await gateway.counters()).toMatchObject({ connections: 1, children: 1 });
  });
});
