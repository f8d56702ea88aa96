/** What is told to who subscribes: the profiles page by page, and the log. */
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeFrame, MAX_FRAME } from '#core/ipc/frame.ts';
import { pageOf, statusFor } from '#helper/ipc/topics.ts';
import { CANARY, entryNamed, profileNamed } from '#test/fakes/profiles.ts';
import { base64, inhabited, refused, type HelperWorld, type Person } from '#test/fakes/helper-world.ts';

let world: HelperWorld;
let alice: Person;
let bob: Person;
beforeEach(() => {
  ({ world, alice, bob } = inhabited());
});

describe('the topic of profiles', () => {
  it('tells what is new, has changed and is gone, to who may see it', async () => {
    const { id: old } = world.store.add(entryNamed('Old'));
    const { sequence, profiles } = await alice.call('events.subscribe', { topic: 'profiles' });
    expect([sequence, profiles?.map(({ id }) => id)]).toEqual([0, [old]]);
    expect((await bob.call('events.subscribe', { topic: 'profiles' })).profiles).toEqual([]);
    const content = base64(JSON.stringify(profileNamed('Work')));
    await alice.call('profiles.import', { files: [{ name: 'w.json', content }] });
    await alice.call('profiles.setSecret', { id: 'work', psk: base64(CANARY) });
    await alice.call('profiles.update', { id: 'work', profile: profileNamed('Büro') });
    await alice.call('profiles.forgetSecret', { id: 'work', which: 'psk' });
    await alice.call('profiles.remove', { id: 'work' });
    const told = alice.events.map((event) =>
      event.topic === 'profiles'
        ? [
            event.sequence,
            ...event.changed.map(({ name, storedSecrets }) => `${name}: ${storedSecrets.join()}`),
            ...event.removed,
          ]
        : [],
    );
    expect(told).toEqual([
      [1, 'Work: '],
      [2, 'Work: psk'],
      [3, 'Büro: psk'],
      [4, 'Büro: '],
      [5, 'work'],
    ]);
    expect(bob.events).toEqual([]);
    await alice.call('events.unsubscribe', { topic: 'profiles' });
    await alice.call('profiles.remove', { id: old });
    expect(alice.events).toHaveLength(5);
  });

  it('and the list go on after a profile that is named', async () => {
    for (const name of ['a', 'b', 'c']) world.store.add(entryNamed(name));
    const { profiles, next } = await alice.call('profiles.list', { after: 'a' });
    expect([profiles.map(({ id }) => id), next]).toEqual([['b', 'c'], undefined]);
  });
});

describe('a page of profiles', () => {
  const stored = (count: number, nameOf: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => {
      const profile = profileNamed(nameOf(at), {
        gateway: { addresses: [`vpn-${at}.standorte.example.org`] },
      });
      return { ...entryNamed('x', { profile }), id: `p-${String(at).padStart(4, '0')}` };
    });

  it('holds 200 of the usual size in a quarter of a frame', () => {
    const page = pageOf(stored(200, (at) => `Standort ${at}: Vertrieb und Entwicklung`));
    expect([page.profiles.length, page.next]).toEqual([200, undefined]);
    expect(encodeFrame(page).length).toBeLessThan(MAX_FRAME / 4);
  });

  it('leads to the next where there are more than a frame holds', () => {
    const many = stored(700, (at) => `${at}${'長'.repeat(100)}`);
    const ids: string[] = [];
    let after: string | undefined;
    let pages = 0;
    do {
      const page = pageOf(many, after);
      expect(encodeFrame(page).length).toBeLessThan(MAX_FRAME / 2);
      ids.push(...page.profiles.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined && ++pages < 10);
    expect(ids).toEqual(many.map(({ id }) => id));
    expect(pages).toBeGreaterThan(2);
  });
});

describe('the status', () => {
  it('fits a frame however many tunnels have failed: those that are up and the latest to end are told', async () => {
    const gateway = { addresses: [`${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example`] };
    const up = world.store.add(entryNamed('up'));
    await alice.call('tunnel.up', { id: up.id });
    for (let at = 0; at < 200; at++) {
      const profile = profileNamed(`${at}${'長'.repeat(100)}`, { gateway });
      const { id } = world.store.add(entryNamed('x', { profile }));
      await alice.call('tunnel.up', { id });
      await world.tunnels.clock.advance(10);
    }
    const { tunnels } = await alice.call('status.get', {});
    const told = tunnels.map(({ profile, state }) => `${profile.name.replaceAll('長', '')} ${state}`);
    expect([told[0], told.at(-1)]).toEqual(['up connecting', '199 failed']);
    expect(told.length).toBeGreaterThan(100);
    expect(told.length).toBeLessThan(200);
    const snapshot = await alice.call('events.subscribe', { topic: 'status' });
    await alice.call('tunnel.down', { id: up.id });
    expect(alice.events).toMatchObject([{ topic: 'status' }]);
    for (const frame of [snapshot, ...alice.events])
      expect(encodeFrame(frame).length).toBeLessThan(MAX_FRAME);
  });

  it('of a tunnel that outgrows a frame by itself is left out, and that of no other', async () => {
    const [quiet, large] = ['quiet', 'large'].map((name) => world.store.add(entryNamed(name)));
    await alice.call('tunnel.up', { id: quiet?.id ?? '' });
    await world.tunnels.clock.advance(10);
    await alice.call('tunnel.up', { id: large?.id ?? '' });
    const { tunnels } = await alice.call('status.get', {});
    const outgrown = tunnels.map((tunnel) =>
      tunnel.profile.name === 'large' ? { ...tunnel, virtualIps: Array(20_000).fill('2001:db8::1') } : tunnel,
    );
    const { lockdown } = world.tunnels;
    const sources = { tunnels: { status: () => ({ tunnels: outgrown }) }, lockdown };
    const told = statusFor(sources, { uid: 1000, admin: false });
    expect(told.tunnels.map(({ profile }) => profile.name)).toEqual(['quiet']);
  });
});

describe('the log topic', () => {
  it('starts with what fits a frame, the newest last, and goes on', async () => {
    const logger = world.tunnels.log.logger('main');
    for (let line = 0; line < 2000; line++) logger.info(`${line} ${'ä'.repeat(500)}`);
    const answer = await alice.call('events.subscribe', { topic: 'log' });
    expect(answer.log?.at(-1)?.message).toMatch(/^1999 /);
    expect(encodeFrame(answer).length).toBeLessThan(MAX_FRAME);
    logger.warn('and then');
    expect(alice.events).toMatchObject([{ topic: 'log', sequence: 1, entry: { message: 'and then' } }]);
  });

  it('does not tell what was said of another profile that had the same id', async () => {
    const content = base64(JSON.stringify(profileNamed('Work')));
    const importing = { files: [{ name: 'w.json', content }] };
    await alice.call('profiles.import', importing);
    world.tunnels.log.logger('tunnel').forProfile('work').info('IKE SA with gw.secret.example');
    await alice.call('profiles.remove', { id: 'work' });
    await bob.call('profiles.import', importing);
    const { log } = await bob.call('events.subscribe', { topic: 'log' });
    expect(log?.map(({ message }) => message)).toEqual(['imported by uid 1001']);
  });

  it('can be narrowed by level and subsystem', async () => {
    const log = (subsystem: string) => world.tunnels.log.logger(subsystem);
    log('dns').info('one');
    log('dns').error('two');
    log('ike').error('three');
    const answer = await alice.call('events.subscribe', { topic: 'log', level: 'warn', subsystem: 'dns' });
    expect(answer.log?.map(({ message }) => message)).toEqual(['two']);
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log('dns')[level](level);
    log('ike').error('other');
    expect(alice.events).toMatchObject([{ entry: { message: 'warn' } }, { entry: { message: 'error' } }]);
    await expect(alice.raw('events.subscribe', { topic: 'status', level: 'warn' })).rejects.toMatchObject(
      refused('invalidParams', /for the log/),
    );
  });
});
