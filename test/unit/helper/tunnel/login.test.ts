/** Logins that need a person: what is asked before the first datagram and during the exchange, and what becomes of it. */
import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '#core/bytes/bytes.ts';
import { ProfileStore } from '#helper/profile-store.ts';
import { Secret } from '#helper/secret.ts';
import type { TunnelDeps } from '#helper/tunnel/tunnel-deps.ts';
import type { Given } from '#helper/tunnel/credentials.ts';
import { entryNamed } from '#test/fakes/profiles.ts';
import { quietLog, temporaryDirectory } from '#test/fakes/temporary.ts';
import { loginPeer, loginProfile, PASSWORD } from '#test/fakes/tunnel-login.ts';
import { GATEWAY } from '#test/fakes/tunnel-stage.ts';
import { TunnelWorld } from '#test/fakes/tunnel-world.ts';

/** A tunnel that logs in by MSCHAPv2 with what is given, as far as it comes without a person. */
async function login(given: Given = {}, more: { readonly user?: string } = {}) {
  const world = new TunnelWorld();
  world.gateway(GATEWAY, loginPeer());
  const profile = loginProfile(more);
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

describe('a password that has expired', () => {
  const NEW = 'longer one';

  /** With a real store below a folder that goes away; the gateway lets alice in with the new password only. */
  async function expired(given: Given, stored?: string, keep?: TunnelDeps['keepPassword']) {
    let current = PASSWORD;
    const store = new ProfileStore(temporaryDirectory(), quietLog().logger('store'));
    const world = new TunnelWorld(
      { keepPassword: keep ?? ((name, secret) => store.renewPassword(name, secret)) },
      store,
    );
    world.gateway(
      GATEWAY,
      loginPeer({
        find: () => ({ password: current, expired: current === PASSWORD }),
        changePassword: (_, newPassword) => {
          if (newPassword.length < 8) return false;
          current = newPassword;
          return true;
        },
      }),
    );
    const profile = loginProfile({ user: 'alice' });
    const kept = store.add(
      entryNamed('work', {
        profile,
        ...(stored === undefined ? {} : { otherSecrets: { password: password(stored) } }),
      }),
    );
    world.tunnels.up(kept, given);
    await world.clock.advance(300);
    const question = () => world.status('work')?.question;
    const type = async (text?: string): Promise<void> => {
      expect(world.tunnels.answer('work', question()?.id ?? -1, text)).toBe(true);
      await world.clock.advance(300);
    };
    const inStore = (): string | undefined => {
      const secret = store.get('work', { uid: 0, admin: true })?.otherSecrets?.password;
      return secret && fromUtf8(secret.reveal());
    };
    return { world, question, type, inStore };
  }

  it('is changed, and the new one takes the place of the one that was stored', async () => {
    const { world, question, type, inStore } = await expired({}, PASSWORD);
    expect(question()).toMatchObject({ kind: 'new-password', user: 'alice', retry: false });
    expect(inStore()).toBe(PASSWORD);
    await type(NEW);
    expect(world.status('work')).toMatchObject({ state: 'connected', question: null });
    expect(inStore()).toBe(NEW);
    const seen = JSON.stringify([world.status('work'), world.log.recent()]);
    expect(seen).not.toContain(NEW);
    expect(seen).not.toContain(PASSWORD);
  });

  it('is changed, and stored nowhere where it was not', async () => {
    const { world, type, inStore } = await expired({ password: password(PASSWORD) });
    await type(NEW);
    expect(world.status('work')?.state).toBe('connected');
    expect(inStore()).toBeUndefined();
  });

  it('stays where the server refuses the new one', async () => {
    const { world, type, inStore } = await expired({}, PASSWORD);
    await type('short');
    expect(world.status('work')).toMatchObject({
      state: 'failed',
      failure: { cause: 'password-not-changed', user: 'alice' },
    });
    expect(inStore()).toBe(PASSWORD);
  });

  it('stays where nobody gives a new one, and the failure says what it was', async () => {
    const { world, type, inStore } = await expired({}, PASSWORD);
    await type();
    expect(world.status('work')).toMatchObject({
      state: 'failed',
      failure: { cause: 'password-expired', user: 'alice' },
    });
    expect(inStore()).toBe(PASSWORD);
  });

  it('is changed although the new one cannot be stored', async () => {
    const refusing = (): never => {
      throw new Error('the disk is full');
    };
    const { world, type } = await expired({}, PASSWORD, refusing);
    await type(NEW);
    expect(world.status('work')?.state).toBe('connected');
    expect(JSON.stringify(world.log.recent())).toContain('could not be stored: the disk is full');
  });
});
