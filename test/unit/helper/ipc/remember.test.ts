/** tunnel.answer with `remember`: what a person types is stored once it was right, and only where it may be. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ProfileInput } from '#core/profile/profile.ts';
import { entryNamed } from '#test/fakes/profiles.ts';
import { base64, inhabited, refused, type HelperWorld, type Person } from '#test/fakes/helper-world.ts';
import { GATEWAY } from '#test/fakes/tunnel-stage.ts';
import { loginPeer, loginProfile, PASSWORD } from '#test/fakes/tunnel-login.ts';

let world: HelperWorld;
let alice: Person;
beforeEach(() => {
  ({ world, alice } = inhabited());
});

async function profileOf(person: Person, id: string): Promise<ProfileInput> {
  return (await person.call('profiles.get', { id })).profile as ProfileInput;
}

describe('tunnel.answer with remember', () => {
  async function login(owner: number, forAll: boolean) {
    world.tunnels.gateway(GATEWAY, loginPeer());
    const profile = loginProfile();
    const { id } = world.store.add(entryNamed('work', { profile, owner, forAll }));
    await alice.call('tunnel.up', { id });
    await world.tunnels.clock.advance(200);
    const type = async (text: string, remember: boolean) => {
      const [tunnel] = (await alice.call('status.get', {})).tunnels;
      const question = tunnel?.question?.id ?? -1;
      await alice.call('tunnel.answer', { id, question, answer: base64(text), remember });
      await world.tunnels.clock.advance(300);
    };
    const summary = async () => (await alice.call('profiles.get', { id })).summary;
    return { id, type, summary };
  }

  it('stores name and password once they were right', async () => {
    const { id, type, summary } = await login(1000, false);
    await type('alice', true);
    await type('wrong', true);
    expect((await summary()).storedSecrets).toEqual(['psk']);
    await type(PASSWORD, true);
    expect((await summary()).storedSecrets).toEqual(['psk', 'password']);
    expect(await profileOf(alice, id)).toMatchObject({ authentication: { user: 'alice' } });
    const kept = world.store.get(id, { uid: 1000, admin: false })?.otherSecrets?.password;
    expect(Buffer.from(kept?.reveal() ?? []).toString()).toBe(PASSWORD);
    await alice.call('tunnel.down', { id });
    await world.tunnels.clock.advance(3000);
    await alice.call('tunnel.up', { id });
    await world.tunnels.clock.advance(500);
    expect(await alice.call('status.get', {})).toMatchObject({
      tunnels: [{ state: 'connected', question: null }],
    });
  });

  it('stores nothing that was not to be remembered at last, and nothing where the login fails', async () => {
    const { id, type, summary } = await login(1000, false);
    await type('alice', false);
    await type('wrong', true);
    await type(PASSWORD, false);
    expect(await alice.call('status.get', {})).toMatchObject({ tunnels: [{ state: 'connected' }] });
    expect((await summary()).storedSecrets).toEqual(['psk']);
    expect(await profileOf(alice, id)).not.toMatchObject({ authentication: { user: 'alice' } });
    await alice.call('tunnel.down', { id });
    await world.tunnels.clock.advance(3000);
    await alice.call('tunnel.up', { id });
    await world.tunnels.clock.advance(200);
    await type('mallory', true);
    await type('wrong', true);
    await alice.call('tunnel.down', { id });
    await world.tunnels.clock.advance(3000);
    expect((await summary()).storedSecrets).toEqual(['psk']);
    expect(await profileOf(alice, id)).not.toMatchObject({ authentication: { user: 'mallory' } });
  });

  it('stores nothing in a profile that was installed for all', async () => {
    const { type } = await login(0, true);
    await expect(type('alice', true)).rejects.toMatchObject(refused('forbidden', /administrator/));
    await type('alice', false);
  });
});
