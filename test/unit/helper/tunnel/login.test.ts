/** Logins that need a person: what is asked before the first datagram and during the exchange, and what becomes of it. */
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { Secret } from '#helper/secret.ts';
import type { Given } from '#helper/tunnel/credentials.ts';
import { CANARY, profileNamed } from '#test/fakes/profiles.ts';
import { TunnelWorld } from '#test/fakes/tunnel-world.ts';
import { id } from '#test/harness/ikev2-pair.ts';

const GATEWAY = '203.0.113.1';
const PASSWORD = 'clientPass';

/** The gateway proves itself by key, the user by MSCHAPv2: no certificates, no TLS. */
async function login(given: Given = {}, more: { readonly user?: string } = {}) {
  const world = new TunnelWorld();
  world.gateway(GATEWAY, {
    localId: id('gw.example'),
    authentication: { method: 'psk', psk: utf8(CANARY) },
    remoteAuthentication: {
      method: 'eap',
      eap: {
        users: { find: (name) => (name === 'alice' ? { password: PASSWORD } : undefined) },
        methods: [{ type: 'MSCHAPv2' }],
      },
    },
  });
  const profile = profileNamed('work', {
    gateway: { addresses: [GATEWAY], id: 'gw.example', authentication: { method: 'psk' } },
    authentication: { method: 'eap', localId: 'alice@example.org', ...more },
  });
  world.tunnels.up(world.profile('work', { profile }), given);
  await world.clock.advance(200);
  const question = () => world.status('work')?.question;
  const type = async (text?: string): Promise<void> => {
    expect(world.tunnels.answer('work', question()?.id ?? -1, text)).toBe(true);
    await world.clock.advance(300);
  };
  return { world, question, type, status: () => world.status('work') };
}

const password = (text: string): Secret => new Secret(utf8(text));

describe('a login', () => {
  it('asks for name and password before the first datagram', async () => {
    const { world, question, type, status } = await login();
    expect(question()).toMatchObject({ kind: 'user', retry: false });
    expect(world.tunnels.answer('work', (question()?.id ?? 0) + 1, 'mallory')).toBe(false);
    await type('alice');
    expect(question()).toMatchObject({ kind: 'password', user: 'alice', retry: false });
    expect(world.opened).toEqual([]);
    await type(PASSWORD);
    expect(status()).toMatchObject({ state: 'connected', question: null });
  });

  it('asks nothing that was given', async () => {
    const { status } = await login({ user: 'alice', password: password(PASSWORD) });
    expect(status()).toMatchObject({ state: 'connected', question: null });
  });

  it('prefers the name that was given to that of the profile', async () => {
    const { status } = await login({ user: 'alice', password: password(PASSWORD) }, { user: 'bob' });
    expect(status()?.state).toBe('connected');
  });

  it('asks again after a wrong password', async () => {
    const { question, type, status } = await login({ user: 'alice', password: password('wrong') });
    expect(question()).toMatchObject({ kind: 'password', user: 'alice', retry: true });
    await type(PASSWORD);
    expect(status()).toMatchObject({ state: 'connected', question: null });
  });

  it('says that the password was wrong to whom has no other', async () => {
    const { type, status } = await login({ user: 'alice', password: password('wrong') });
    await type();
    expect(status()).toMatchObject({
      state: 'failed',
      question: null,
      failure: { cause: 'wrong-password', user: 'alice' },
    });
  });

  it('fails where the person declines, and where nobody answers', async () => {
    const declined = await login();
    await declined.type();
    expect(declined.status()?.failure).toEqual({ cause: 'secret-missing', what: 'user' });
    const alone = await login({ user: 'alice' });
    await alone.world.clock.advance(180_000);
    expect(alone.status()).toMatchObject({ failure: { cause: 'secret-missing', what: 'password' } });
  });

  it('stops asking when it is taken down', async () => {
    const { world, question, status } = await login();
    const asked = question()?.id ?? -1;
    world.tunnels.down({ uid: 0, admin: true });
    await world.clock.advance(100);
    expect(status()).toMatchObject({ state: 'disconnected', question: null, failure: null });
    expect(world.tunnels.answer('work', asked, 'alice')).toBe(false);
  });

  it('shows no password in status or log', async () => {
    const { world, status } = await login({ user: 'alice', password: password(PASSWORD) });
    expect(JSON.stringify([status(), world.log.recent()])).not.toContain(PASSWORD);
  });
});
