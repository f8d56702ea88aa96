/**
 * The laboratory itself: strongSwan to strongSwan through a NAT router, a file both ways, counters on both sides.
 * When this fails, the other interop results mean nothing; what it measures is the baseline of bench/.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAB, Lab, POOLS } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { StrongSwan, type SwanctlConfig } from '#test/harness/strongswan.ts';
import { moveFiles, Traffic } from '#test/harness/traffic.ts';

const PSK = 'lab secret';
const SUITE = { proposals: 'aes256gcm16-prfsha384-ecp384' };
const SECRETS = { 'ike-lab': { secret: PSK } };

const gatewayConfig: SwanctlConfig = {
  connections: {
    lab: {
      version: 2,
      ...SUITE,
      pools: ['p4', 'p6'],
      local: { auth: 'psk', id: 'gw.lab' },
      remote: { auth: 'psk' },
      children: { net: { local_ts: [LAB.inner.net4, LAB.inner.net6], esp_proposals: 'aes256gcm16' } },
    },
  },
  pools: POOLS,
  secrets: SECRETS,
};

const clientConfig: SwanctlConfig = {
  connections: {
    lab: {
      version: 2,
      ...SUITE,
      remote_addrs: LAB.gateway.ip4,
      vips: ['0.0.0.0', '::'],
      local: { auth: 'psk', id: 'client.lab' },
      remote: { auth: 'psk', id: 'gw.lab' },
      children: { net: { remote_ts: [LAB.inner.net4, LAB.inner.net6], esp_proposals: 'aes256gcm16' } },
    },
  },
  secrets: SECRETS,
};

describe('the laboratory, strongSwan on both ends', () => {
  let lab: Lab;
  let gateway: StrongSwan;
  let client: StrongSwan;
  let server: Traffic;
  let user: Traffic;
  beforeAll(async () => {
    lab = await Lab.create();
    await lab.world.masquerade(lab.router, 'wan');
    gateway = await StrongSwan.start(lab.world, lab.gateway, { swanctl: gatewayConfig });
    client = await StrongSwan.start(lab.world, lab.client, { swanctl: clientConfig });
    server = Traffic.on(lab.gateway);
    user = Traffic.on(lab.client);
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  it('moves a file both ways through NAT, IPv4 and IPv6 inside, and both ends count it', async () => {
    await client.initiate('net');
    const before = (await gateway.sa('lab')).children[0];
    expect(before).toMatchObject({ state: 'INSTALLED', encapsulated: true, bytesIn: 0 });
    const { port } = await server.serve(LAB.inner.ip4);
    await user.download(`http://${LAB.inner.ip4}:${port}/1000`);
    // The last acknowledgement may still be on its way when the file is complete.
    await until('both ends count the same', async () => {
      const [there] = (await gateway.sa('lab')).children;
      const [here] = (await client.sa('lab')).children;
      return there?.bytesIn === here?.bytesOut && there?.bytesOut === here?.bytesIn;
    });
    for (const address of [LAB.inner.ip4, LAB.inner.ip6]) {
      const moved = await moveFiles(server, user, address, 1_000_000);
      expect(moved).toEqual({ down: 'equal', up: 'equal' });
    }
    const atGateway = await gateway.sa('lab');
    const atClient = await client.sa('lab');
    expect(atGateway.remoteHost).toBe('192.0.2.254');
    expect(atGateway.remoteVips).toEqual(atClient.localVips);
    expect(atGateway.children[0]?.bytesIn).toBeGreaterThan(2_000_000);
    expect(atClient.children[0]?.bytesIn).toBeGreaterThan(2_000_000);
    await client.terminate({ ike: 'lab' });
    expect(await gateway.sas()).toEqual([]);
  });

  it('cannot reach the inner network without a tunnel', async () => {
    const { port } = await server.serve(LAB.inner.ip4);
    await expect(user.download(`http://${LAB.inner.ip4}:${port}/1`, 500)).rejects.toThrow(/./);
  });
});
