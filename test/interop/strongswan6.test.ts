/**
 * strongSwan 6 in the laboratory: what it is, ML-KEM as an additional key exchange (RFC 9370) in IKE_INTERMEDIATE
 * (RFC 9242), and a strongSwan 5.9.8 beside it. When this fails, results against it mean nothing.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithStrongSwan6 } from '#test/harness/describe-strongswan6.ts';
import type { Host } from '#test/harness/host.ts';
import { LAB, Lab, POOLS } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import { StrongSwan, type SwanctlConfig } from '#test/harness/strongswan.ts';
import type { StrongSwanVersion } from '#test/harness/strongswan-versions.ts';

const HYBRID = 'aes256gcm16-prfsha384-x25519-ke1_mlkem768';
const CLASSICAL = 'aes256gcm16-prfsha384-x25519';
const SECRETS = { 'ike-lab': { secret: 'lab secret' } };

const gatewayConfig: SwanctlConfig = {
  connections: {
    lab: {
      version: 2,
      proposals: [HYBRID, CLASSICAL],
      pools: ['p4'],
      local: { auth: 'psk', id: 'gw.lab' },
      remote: { auth: 'psk' },
      children: {
        net: {
          local_ts: [LAB.inner.net4],
          esp_proposals: ['aes256gcm16-x25519-ke1_mlkem768', 'aes256gcm16'],
        },
      },
    },
  },
  pools: POOLS,
  secrets: SECRETS,
};

/** A client with one proposal for IKE; its Child SA has the same key exchanges when it is rekeyed. */
function clientConfig(name: string, proposal: string): SwanctlConfig {
  return {
    connections: {
      lab: {
        version: 2,
        proposals: proposal,
        remote_addrs: LAB.gateway.ip4,
        vips: ['0.0.0.0'],
        local: { auth: 'psk', id: name },
        remote: { auth: 'psk', id: 'gw.lab' },
        children: {
          net: { remote_ts: [LAB.inner.net4], esp_proposals: proposal.replace('-prfsha384', '') },
        },
      },
    },
    secrets: SECRETS,
  };
}

describeWithStrongSwan6('in the laboratory', () => {
  let lab: Lab;
  let gateway: StrongSwan;
  beforeAll(async () => {
    lab = await Lab.create();
    gateway = await StrongSwan.start(lab.world, lab.gateway, { version: 6, swanctl: gatewayConfig });
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  const startClient = (host: Host, version: StrongSwanVersion, proposal: string) =>
    StrongSwan.start(lab.world, host, { version, swanctl: clientConfig(`${host.name}.lab`, proposal) });

  const atGateway = async (client: StrongSwan) => {
    const sa = (await gateway.sas()).find(({ remoteId }) => remoteId === `${client.host.name}.lab`);
    if (sa === undefined) throw new Error(`the gateway has no SA with ${client.host.name}`);
    return sa;
  };

  /** Three echoes through the newest Child SA, which the gateway must count. */
  async function expectPings(client: StrongSwan): Promise<void> {
    const before = (await atGateway(client)).children.at(-1);
    await client.host.run(['ping', '-c', '3', '-i', '0.1', '-W', '2', LAB.inner.ip4]);
    const after = (await atGateway(client)).children.at(-1);
    expect(after?.spiIn).toBe(before?.spiIn);
    expect(after?.packetsIn).toBe((before?.packetsIn ?? 0) + 3);
  }

  it('is strongSwan 6', async () => {
    expect(await gateway.version()).toMatch(/^6\.\d+\.\d+$/);
  });

  it('agrees with another on X25519 and ML-KEM-768: for the IKE SA, for its successor, for a new Child SA', async () => {
    await using client = await startClient(lab.client, 6, HYBRID);
    expect(await client.version()).toBe(await gateway.version());
    await client.initiate('net');
    for (const sa of [await client.sa('lab'), await atGateway(client)]) {
      expect(sa.suite).toBe('AES_GCM_16_256/PRF_HMAC_SHA2_384/CURVE_25519/ML_KEM_768');
      expect(sa.children.map((child) => child.suite)).toEqual(['AES_GCM_16_256']);
    }
    // I -> R: HDR, SK {KEi(1)}; in fragments (RFC 7383), since the key alone has 1184 octets
    expect(await gateway.log()).toMatch(/parsed IKE_INTERMEDIATE request 1 \[ EF\(2\/2\) \]/);
    expect(await client.log()).toMatch(/parsed IKE_INTERMEDIATE response 1 \[ KE \]/);
    await expectPings(client);

    // The additional key of a rekeying goes in IKE_FOLLOWUP_KE (RFC 9370 §2.2.4).
    await client.rekey({ child: 'net' });
    await until('the Child SA has a successor', async () => {
      const { state, suite } = (await atGateway(client)).children.at(-1) ?? {};
      return state === 'INSTALLED' && suite === 'AES_GCM_16_256/CURVE_25519/ML_KEM_768';
    });
    await expectPings(client);

    const { spiI, suite } = await atGateway(client);
    await client.rekey({ ike: 'lab' });
    await until('the IKE SA has a successor', async () => {
      const sas = await gateway.sas();
      return sas.length === 1 && sas[0]?.spiI !== spiI && sas[0]?.state === 'ESTABLISHED';
    });
    expect((await atGateway(client)).suite).toBe(suite);
    expect(
      (await gateway.log()).match(/parsed IKE_FOLLOWUP_KE request \d+ \[ KE N\(ADD_KE\) \]/g),
    ).toHaveLength(2);
    await expectPings(client);

    await client.terminate({ ike: 'lab' });
    expect(await gateway.sas()).toEqual([]);
  });

  it('and a 5.9.8, which knows one key exchange only, find X25519 while another has ML-KEM', async () => {
    await using six = await startClient(lab.client, 6, HYBRID);
    await using five = await startClient(lab.router, 5, CLASSICAL);
    expect(await five.version()).toBe('5.9.8');
    await six.initiate('net');
    await five.initiate('net');
    expect((await atGateway(six)).suite).toMatch(/\/CURVE_25519\/ML_KEM_768$/);
    expect((await atGateway(five)).suite).toBe('AES_GCM_16_256/PRF_HMAC_SHA2_384/CURVE_25519');
    await expectPings(six);
    await expectPings(five);
  });
});
