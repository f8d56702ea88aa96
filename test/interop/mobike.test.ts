/** MOBIKE with a real strongSwan at the other end, as client and as gateway (RFC 4555). */
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedGateway } from '#test/harness/embedded-gateway.ts';
import { gatewayAddress, LAB, Lab, POOLS } from '#test/harness/lab.ts';
import { type Daemon, until } from '#test/harness/process.ts';
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
    await using _nat = await lab.world.masquerade(lab.router, 'wan');
    await moveTo(ELSEWHERE, LAB.client.ip4);
    await until('the gateway knows', async () => (await clients())[0] === '192.0.2.254');
    await user.download(`${url}/1000`);
    expect(await gateway.counters()).toMatchObject({ connections: 1, children: 1 });
  });
});

describe('our client at a strongSwan gateway', () => {
  let lab: Lab;
  let gateway: StrongSwan;
  let client: Daemon;
  beforeAll(async () => {
    lab = await Lab.create({ gatewayAddresses: 1 });
    gateway = await StrongSwan.start(lab.world, lab.gateway, {
      swanctl: {
        connections: {
          lab: {
            version: 2,
            pools: ['p4'],
            local: { auth: 'psk', id: 'gw.lab' },
            remote: { auth: 'psk' },
            children: { net: { local_ts: [LAB.inner.net4] } },
          },
        },
        pools: POOLS,
        secrets: { 'ike-lab': { secret: PSK } },
      },
    });
    const agent = fileURLToPath(new URL('../harness/ikev2-udp-agent.ts', import.meta.url));
    client = lab.client.start([process.execPath, agent, LAB.client.ip4, LAB.gateway.ip4, PSK], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    await until('connected', () => client.output.includes('child-installed'), {
      context: () => client.output,
    });
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  const say = (command: string) => client.child.stdin?.write(`${command}\n`);
  /** The last path that the driver was told. */
  const told = () =>
    client.output
      .split('\n')
      .filter((line) => line.startsWith('{"type":"path"'))
      .at(-1);
  /** Both ends have settled on a path to this address of the gateway; where the gateway sees us. */
  const settled = async (remote: string, seenAs: string) => {
    await until(
      `at ${seenAs}`,
      async () => {
        const path = told();
        const here =
          path?.includes(`"remote":{"address":"${remote}","port":4500}`) && !path.includes('pending');
        return here === true && (await gateway.sa('lab')).remoteHost === seenAs;
      },
      { context: () => client.output },
    );
    // charon with ESP in user space cannot move a Child SA and rekeys it instead; those that it replaced stay listed for a while.
    await until('one Child SA stands', async () => {
      const { state, children } = await gateway.sa('lab');
      return state === 'ESTABLISHED' && children.filter((child) => child.state === 'INSTALLED').length === 1;
    });
  };

  it('hears of the gateway’s other addresses', () => {
    expect(client.output).toContain('"type":"peer-addresses"');
  });

  it('moves to another address of its own', async () => {
    await lab.client.ip(`addr add ${ELSEWHERE}/24 dev eth0`);
    await lab.client.ip(`route replace default via 10.1.0.1 src ${ELSEWHERE}`);
    say(`roam ${ELSEWHERE} ${LAB.gateway.ip4}`);
    await settled(LAB.gateway.ip4, ELSEWHERE);
    expect(await gateway.log()).toContain('UPD_SA_ADDR');
  });

  it('moves to IPv6, and to another address of the gateway, and through a rekeying', async () => {
    say(`roam ${LAB.client.ip6} ${LAB.gateway.ip6}`);
    await settled(LAB.gateway.ip6, LAB.client.ip6);
    say('rekey');
    say(`roam ${ELSEWHERE} ${gatewayAddress(0)}`);
    await settled(gatewayAddress(0), ELSEWHERE);
    expect(client.output).toContain('ike-rekeyed');
  });

  it('finds itself behind a NAT, and the NAT’s mapping changed', async () => {
    {
      await using _nat = await lab.world.masquerade(lab.router, 'wan');
      for (const name of ['nf_conntrack_udp_timeout', 'nf_conntrack_udp_timeout_stream']) {
        await lab.router.run(['sh', '-c', `echo 1 > /proc/sys/net/netfilter/${name}`]);
      }
      await lab.client.ip('route replace default via 10.1.0.1 src 10.1.0.2');
      say(`roam ${LAB.client.ip4} ${LAB.gateway.ip4}`);
      await settled(LAB.gateway.ip4, '192.0.2.254');
      expect(told()).toContain('"nat":{"local":true');
      const before = (await gateway.sa('lab')).remotePort;
      // The router forgets a flow that is silent for a second, and takes another port for the next.
      await setTimeout(2_500);
      say('life');
      await until('the gateway follows', async () => (await gateway.sa('lab')).remotePort !== before);
    }
    expect(client.output).not.toContain('roam-failed');
  });
});
