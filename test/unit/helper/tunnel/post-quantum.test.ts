/** What protects the keys against quantum computers: from the suite and the shared key, kept through rekeying, new with a connection. */
import { describe, expect, it } from 'vitest';
import { ikeSuiteOf } from '#core/crypto/suite.ts';
import type { IkeSuite } from '#core/crypto/interfaces.ts';
import { tunnelStatusSchema } from '#core/ipc/contract.ts';
import { postQuantumOf } from '#helper/tunnel/post-quantum.ts';
import { ADMIN, connected, connecting } from '#test/fakes/tunnel-stage.ts';
import { ike } from '#test/harness/ikev2-pair.ts';

const PLAIN = 'aes256gcm16-prfsha256-curve25519';
const HYBRID = `${PLAIN}-ke1_mlkem768`;

function suite(text: string): IkeSuite {
  const found = ikeSuiteOf(ike(text)[0]?.transforms ?? []);
  if (!found) throw new Error(`no suite: ${text}`);
  return found;
}

describe('an IKE SA', () => {
  it.each([
    [PLAIN, []],
    [`${PLAIN}-ke1_ecp384`, []],
    [HYBRID, ['ml-kem']],
    [`${PLAIN}-ke1_ecp384-ke7_mlkem1024`, ['ml-kem']],
    [`${PLAIN}-ke1_mlkem512-ke2_mlkem1024`, ['ml-kem']],
    ['aes256gcm16-prfsha256-mlkem768', ['ml-kem']],
  ])('with %s has %j', (text, expected) => {
    expect(postQuantumOf({ suite: suite(text) })).toEqual(expected);
    expect(postQuantumOf({ suite: suite(text), ppk: true })).toEqual([...expected, 'ppk']);
  });
});

describe('a tunnel', () => {
  const hybrid = (accepted = ike(HYBRID, PLAIN)) =>
    connected({ ike: { proposals: [HYBRID, PLAIN] } }, { proposals: accepted });

  it('says so from the moment when its IKE SA stands, and no longer than that', async () => {
    const { world, stored, status } = await hybrid();
    expect(status()).toMatchObject({ ike: { suite: HYBRID }, postQuantum: ['ml-kem'] });
    world.tunnels.down(ADMIN, stored.id);
    await world.clock.advance(200);
    expect(status()).not.toHaveProperty('postQuantum');
  });

  it('says that there is nothing, where there is nothing', async () => {
    expect((await connected()).status().postQuantum).toEqual([]);
  });

  it('says nothing before', () => {
    expect(connecting().status()).not.toHaveProperty('postQuantum');
  });

  it('keeps it when a successor has other key exchanges, because its keys descend from the first ones', async () => {
    const accepted = ike(HYBRID, PLAIN);
    const { world, status } = await hybrid(accepted);
    const before = status().ike;
    accepted.shift();
    world.tunnels.rekey('work', 'ike');
    await world.clock.advance(500);
    expect(status().ike?.spiI).not.toBe(before?.spiI);
    expect(status()).toMatchObject({ ike: { suite: PLAIN }, postQuantum: ['ml-kem'] });
  });

  it('finds it out anew with each connection', async () => {
    const { world, gateway, status } = await hybrid();
    gateway.config = { ...gateway.config, proposals: ike(PLAIN) };
    world.tunnels.reconnect('work');
    await world.clock.advance(10_000);
    expect(tunnelStatusSchema.parse(world.status('work'))).toMatchObject({
      state: 'connected',
      ike: { suite: PLAIN },
      postQuantum: [],
    });
    gateway.config = { ...gateway.config, proposals: ike(HYBRID) };
    world.tunnels.reconnect('work');
    await world.clock.advance(10_000);
    expect(status().postQuantum).toEqual(['ml-kem']);
  });
});
