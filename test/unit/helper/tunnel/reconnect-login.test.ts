/** Logins of a tunnel that reconnects: what is asked again, and what is not. */
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { Secret } from '#helper/secret.ts';
import { loginPeer, loginProfile, PASSWORD } from '#test/fakes/tunnel-login.ts';
import { GATEWAY } from '#test/fakes/tunnel-stage.ts';
import { reply, TunnelWorld } from '#test/fakes/tunnel-world.ts';

async function login(method: 'MSCHAPv2' | 'GTC', given?: string) {
  const world = new TunnelWorld();
  const gateway = world.gateway(GATEWAY, loginPeer(undefined, method));
  const profile = loginProfile({ user: 'alice', methods: [method === 'GTC' ? 'gtc' : 'mschapv2'] });
  const password = given === undefined ? {} : { password: new Secret(utf8(given)) };
  world.tunnels.up(world.profile('work', { profile }), password);
  await world.clock.advance(300);
  const status = () => world.status('work');
  const type = async (text?: string): Promise<void> => {
    expect(world.tunnels.answer('work', status()?.question?.id ?? -1, text)).toBe(true);
    await world.clock.advance(400);
  };
  const drop = async (): Promise<void> => {
    gateway.deleteAll();
    await world.clock.advance(400);
  };
  return { world, gateway, status, type, drop };
}

describe('a login that is made again', () => {
  it('has the password that was typed before the first datagram', async () => {
    const { status, type, drop } = await login('MSCHAPv2');
    await type(PASSWORD);
    expect(status()?.state).toBe('connected');
    await drop();
    expect(status()).toMatchObject({ state: 'connected', question: null, lastEnd: { failure: {} } });
  });

  it('has the password that was typed during the exchange, in place of the wrong one', async () => {
    const { status, type, drop } = await login('MSCHAPv2', 'wrong');
    await type(PASSWORD);
    expect(status()?.state).toBe('connected');
    await drop();
    expect(status()).toMatchObject({ state: 'connected', question: null });
  });

  it('asks for another one-time code, and stays reconnecting until it is there', async () => {
    const { world, status, type, drop } = await login('GTC');
    expect(status()?.question?.kind).toBe('one-time-code');
    await type(PASSWORD);
    expect(status()?.state).toBe('connected');
    await drop();
    expect(status()).toMatchObject({ state: 'reconnecting', question: { kind: 'one-time-code' } });
    world.watch.tell({ what: 'network' });
    await world.clock.advance(100);
    expect(status()?.question).not.toBeNull();
    await type(PASSWORD);
    expect(status()).toMatchObject({ state: 'connected', question: null });
  });

  it('begins anew over another network: what is answered from an address that is gone arrives nowhere', async () => {
    const { world, status, type, drop } = await login('GTC');
    await type(PASSWORD);
    await drop();
    const first = status()?.question?.id;
    world.ours = ['192.0.2.77', '2001:db8::77'];
    world.watch.tell({ what: 'network' });
    await world.clock.advance(200);
    expect(status()?.question?.id).not.toBe(first);
    expect(status()?.path?.local.address).toBe('192.0.2.77');
    await type(PASSWORD);
    expect(status()).toMatchObject({ state: 'connected', question: null });
  });

  it('asks nobody for a code any longer when the old connection speaks again', async () => {
    const { world, gateway, status, type } = await login('GTC');
    await type(PASSWORD);
    const before = status()?.ike?.spiI;
    world.send();
    reply(gateway);
    await world.clock.advance(2000);
    gateway.silent = true;
    for (let second = 0; second < 15; second++) {
      world.send();
      await world.clock.advance(1000);
    }
    expect(status()).toMatchObject({ state: 'reconnecting', question: null });
    gateway.silent = false;
    const asked: unknown[] = [];
    for (let tenth = 0; tenth < 80; tenth++) {
      await world.clock.advance(100);
      if (status()?.question) asked.push(status()?.question?.kind);
    }
    // The fresh connection was heard first, and the person was asked until the old one was heard.
    expect(asked.length).toBeGreaterThan(0);
    expect(status()).toMatchObject({
      state: 'connected',
      question: null,
      reconnect: null,
      ike: { spiI: before },
    });
  });

  it('asks once more where nobody was there to answer, and ends where the person declines', async () => {
    const { world, status, type, drop } = await login('GTC');
    await type(PASSWORD);
    await drop();
    const first = status()?.question?.id;
    await world.clock.advance(200_000);
    expect(status()).toMatchObject({ state: 'reconnecting', question: { kind: 'one-time-code' } });
    expect(status()?.question?.id).not.toBe(first);
    await type();
    expect(status()).toMatchObject({ state: 'failed', question: null });
    expect(world.journal.entries()).toEqual([]);
  });

  it('that is refused ends the tunnel at once, so that no account is locked', async () => {
    const { gateway, world, status, type, drop } = await login('MSCHAPv2', PASSWORD);
    gateway.config = loginPeer({ find: () => ({ password: 'changed' }) });
    await drop();
    expect(status()).toMatchObject({ state: 'reconnecting', question: { kind: 'password', retry: true } });
    await type();
    expect(status()).toMatchObject({ state: 'failed', failure: { cause: 'wrong-password' } });
    expect(world.journal.entries()).toEqual([]);
  });
});
