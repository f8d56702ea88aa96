/** The calls of the contract (core/ipc), as their handlers answer them: dispatch, profiles, tunnels. */
import { readdirSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { ERROR_CODES, calls } from '#core/ipc/contract.ts';
import type { CallName, Params } from '#core/ipc/contract.ts';
import { dispatcher } from '#helper/ipc/dispatch.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { base64, INFO, inhabited, refused, HelperWorld, type Person } from '#test/fakes/helper-world.ts';
import { failingAt } from '#test/fakes/failing-files.ts';
import { GATEWAY, PEER } from '#test/fakes/tunnel-stage.ts';
import { CANARY, entryNamed } from '#test/fakes/profiles.ts';

const PSK = base64(CANARY);

function fileOf(profile: unknown, name = 'work.json') {
  return { name, content: base64(JSON.stringify(profile)) };
}

function input(name: string, change: Partial<ProfileInput> = {}): ProfileInput {
  return {
    format: 'adit-profile',
    version: 1,
    name,
    gateway: { addresses: [GATEWAY], id: 'gw.example' },
    authentication: { method: 'psk', localId: 'alice@example.org' },
    ...change,
  };
}

async function stored(
  person: Person,
  name: string,
  more: { forAll?: boolean; psk?: string } = {},
): Promise<string> {
  const { imported } = await person.call('profiles.import', {
    files: [fileOf(input(name))],
    psk: PSK,
    ...more,
  });
  return String(imported[0]?.id);
}

let world: HelperWorld;
let alice: Person;
let bob: Person;
let root: Person;
beforeEach(() => {
  ({ world, alice, bob, root } = inhabited());
});

describe('dispatch', () => {
  it.each([
    '',
    'hello',
    'status',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'profiles.list ',
  ])('knows no call %j', async (method) => {
    await expect(alice.raw(method, {})).rejects.toMatchObject(refused('unknownCall', 'no call'));
  });

  it.each([
    ['profiles.get', { id: '../../etc/passwd' }, /^profiles\.get: id: must be/],
    ['profiles.get', { id: 'a'.repeat(64) }, /id: must be/],
    ['profiles.get', {}, /id/],
    ['profiles.get', [], /profiles\.get: /],
    ['profiles.get', 'work', /profiles\.get: /],
    ['profiles.remove', { id: 'work', force: true }, /Unrecognized key: "force"/],
    ['tunnel.up', { id: 'work', up: '/bin/sh' }, /Unrecognized key: "up"/],
    ['tunnel.up', { id: 'work', psk: 'not base64!' }, /psk/],
    ['tunnel.up', { id: ['work'] }, /id/],
    ['tunnel.up', JSON.parse('{"__proto__":{"id":"work"}}'), /__proto__|id/],
    ['events.subscribe', { topic: 'keys' }, /topic/],
    ['profiles.import', { files: [] }, /files/],
    ['profiles.import', { files: Array.from({ length: 9 }, () => fileOf({})) }, /files/],
    ['profiles.import', { files: [{ name: 'x', path: '/etc/shadow' }] }, /files\.0/],
  ])('refuses %s(%j) and names the field', async (method, params, sentence) => {
    await expect(alice.raw(method, params)).rejects.toMatchObject(refused('invalidParams', sentence));
  });

  it('does not repeat an unknown key at length', async () => {
    await expect(alice.raw('status.get', { ['k\u202e'.repeat(100_000)]: 1 })).rejects.toMatchObject(
      refused('invalidParams', /^status\.get: Unrecognized key: "k\\u\{202e\}.{1,2000}…$/),
    );
  });

  it('asks for the permission of each call', async () => {
    const reader = world.person(1000, 'read');
    for (const [name, { permission }] of Object.entries(calls)) {
      const outcome = reader.raw(name, { id: 'none' }).then(
        () => undefined,
        (error: { code: number }) => error.code,
      );
      const isForbidden = (await outcome) === ERROR_CODES.forbidden;
      expect([name, isForbidden]).toEqual([name, permission !== 'read']);
    }
  });
});

describe('the answer of a call', () => {
  it('has nothing in it that the contract does not name', async () => {
    const leaky = {
      'status.get': () => ({ tunnels: [], psk: PSK }),
    } as unknown as Parameters<typeof dispatcher>[0];
    expect(await dispatcher(leaky)('status.get', {}, alice.caller)).toEqual({ tunnels: [] });
  });
});

describe('profiles', () => {
  it('are imported, listed, shown without secrets, and removed', async () => {
    const id = await stored(alice, 'Work');
    expect(id).toBe('work');
    const { profiles } = await alice.call('profiles.list', {});
    expect(profiles).toEqual([
      {
        id: 'work',
        name: 'Work',
        gateway: GATEWAY,
        owner: 1000,
        forAll: false,
        storedSecrets: ['psk'],
        missingSecrets: [],
        revision: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      },
    ]);
    const shown = await alice.call('profiles.get', { id });
    expect(shown.profile).toMatchObject({ name: 'Work', ike: { livenessSec: 30 } });
    expect(JSON.stringify(shown)).not.toContain(CANARY);
    expect(JSON.stringify(shown)).not.toContain(PSK);
    await alice.call('profiles.remove', { id });
    expect(await alice.call('profiles.list', {})).toEqual({ profiles: [] });
  });

  it('are only looked at in a dry run', async () => {
    const { imported } = await alice.call('profiles.import', {
      files: [fileOf(input('Work'))],
      dryRun: true,
    });
    expect(imported).toMatchObject([{ id: null, name: 'Work', missingSecrets: ['psk'] }]);
    expect(readdirSync(world.directory)).toEqual([]);
  });

  it('with EAP keep what the file holds, and name what is missing', async () => {
    const sswan = {
      uuid: 'u',
      name: 'Mobile',
      type: 'ikev2-eap',
      remote: { addr: 'vpn.example.org' },
      local: { eap_id: 'alice', shared_secret: CANARY },
    };
    const { imported } = await alice.call('profiles.import', { files: [fileOf(sswan)] });
    expect(imported).toMatchObject([{ id: 'mobile', missingSecrets: [] }]);
    const { profiles } = await alice.call('profiles.list', {});
    expect(profiles).toMatchObject([{ storedSecrets: ['password'], missingSecrets: [] }]);
    const shown = JSON.stringify([imported, await alice.call('profiles.get', { id: 'mobile' })]);
    expect(shown).not.toContain(CANARY);
    expect(shown).not.toContain(Buffer.from(CANARY).toString('base64'));
  });

  it('miss no key that came along', async () => {
    const missing = async (more: { psk?: string }) => {
      const { imported } = await alice.call('profiles.import', { files: [fileOf(input('Work'))], ...more });
      return imported[0]?.report.filter(({ outcome }) => outcome === 'missing').map(({ setting }) => setting);
    };
    expect(await missing({})).toEqual(['psk']);
    expect(await missing({ psk: PSK })).toEqual([]);
  });

  describe('with what is given along', () => {
    const login = (name: string): ProfileInput =>
      input(name, { authentication: { method: 'eap', localId: 'alice@example.org' } });
    const files = [fileOf(login('A'), 'a.json'), fileOf(input('B'), 'b.json')];

    it('keep the user’s name, which is then not missing', async () => {
      const { imported } = await alice.call('profiles.import', {
        files: [fileOf(login('Mobile'))],
        user: 'alice',
        password: PSK,
      });
      expect(imported[0]?.report.filter(({ outcome }) => outcome === 'missing')).toEqual([]);
      expect((await alice.call('profiles.get', { id: 'mobile' })).profile).toMatchObject({
        authentication: { method: 'eap', user: 'alice' },
      });
    });

    it('keep of several each its own', async () => {
      await alice.call('profiles.import', { files, each: [{ user: 'alice', password: PSK }, { psk: PSK }] });
      const { profiles } = await alice.call('profiles.list', {});
      expect(profiles).toMatchObject([
        { id: 'a', storedSecrets: ['password'], missingSecrets: [] },
        { id: 'b', storedSecrets: ['psk'], missingSecrets: [] },
      ]);
    });

    it.each([
      [{ files, user: 'alice' }, 'refused', /^user: the files hold 2 profiles/],
      [{ files, each: [{}] }, 'refused', /^each: found 1; the files hold 2/],
      [{ files, each: [{}, { user: 'bob' }] }, 'refused', /^user: "B" logs in without/],
      [{ files: files.slice(0, 1), psk: PSK, each: [{}] }, 'invalidParams', /^psk: it stands in each/],
    ] as const)('are refused where nobody knows what is meant: %j', async (params, reason, sentence) => {
      const { files: some, ...more } = structuredClone(params) as Params<'profiles.import'>;
      await expect(alice.call('profiles.import', { files: some, ...more })).rejects.toMatchObject(
        refused(reason, sentence),
      );
      expect(readdirSync(world.directory)).toEqual([]);
    });

    it('name the password that opens nothing', async () => {
      const locked = input('C', {
        authentication: { method: 'certificate', localId: 'alice@example.org' },
      });
      const wrong = { privateKeyPassword: PSK };
      const asked = (more: object) =>
        alice.raw('profiles.import', { files: [fileOf(locked)], dryRun: true, ...more });
      await expect(asked(wrong)).rejects.toMatchObject({
        data: { problems: [{ field: 'privateKeyPassword' }] },
      });
      await expect(asked({ each: [wrong] })).rejects.toMatchObject({
        data: { problems: [{ field: 'each.0.privateKeyPassword' }] },
      });
    });
  });

  it('take another name, and a secret later', async () => {
    const { imported } = await alice.call('profiles.import', {
      files: [fileOf(input('Work'))],
      name: 'Büro',
    });
    expect(imported).toMatchObject([{ id: 'buro', name: 'Büro', missingSecrets: ['psk'] }]);
    await alice.call('profiles.setSecret', { id: 'buro', psk: PSK });
    expect((await alice.call('profiles.list', {})).profiles[0]?.missingSecrets).toEqual([]);
  });

  it('store a post-quantum key, tell that they have it, and forget it', async () => {
    const named = input('Work', { ike: { ppk: { id: 'ppk-1' } } });
    const { imported } = await alice.call('profiles.import', { files: [fileOf(named)], psk: PSK });
    expect(imported).toMatchObject([{ id: 'work', missingSecrets: ['ppk'] }]);
    const summary = async () => (await alice.call('profiles.list', {})).profiles[0];
    await alice.call('profiles.setSecret', { id: 'work', ppk: PSK });
    expect(await summary()).toMatchObject({ storedSecrets: ['psk', 'ppk'], missingSecrets: [] });
    await alice.call('profiles.forgetSecret', { id: 'work', which: 'ppk' });
    expect(await summary()).toMatchObject({ storedSecrets: ['psk'], missingSecrets: ['ppk'] });
    await alice.call('profiles.import', {
      files: [fileOf(named)],
      name: 'B',
      each: [{ psk: PSK, ppk: PSK }],
    });
    expect((await alice.call('profiles.list', {})).profiles[0]?.missingSecrets).toEqual([]);
  });

  it.each([
    ['that is no profile', { hello: 'world' }, /work\.json/],
    ['with an unknown setting', { ...input('Work'), updown: '/bin/sh' }, /updown/],
    [
      'with a proposal that means nothing',
      input('Work', { ike: { proposals: ['aes257-sha256-ecp256'] } }),
      /aes257/,
    ],
    [
      'with an identity that means nothing',
      input('Work', { gateway: { addresses: ['x'], id: 'no:such' } }),
      /gateway\.id/,
    ],
  ])('are refused in a file %s, by name', async (_, content, sentence) => {
    await expect(alice.call('profiles.import', { files: [fileOf(content)] })).rejects.toMatchObject(
      refused('refused', sentence),
    );
    expect(readdirSync(world.directory)).toEqual([]);
  });

  it('are there whole or not at all when the disk is full', async () => {
    // Two profiles in one file; the disk is full at the second.
    const full = new HelperWorld(failingAt(9, 'ENOSPC').calls);
    const content = Buffer.from(
      ['a', 'b']
        .map(
          (name) => `connections { ${name} {
  remote_addrs = 203.0.113.1
  local { auth = psk
  id = alice@example.org }
  remote { auth = psk
  id = gw.example }
  children { net { remote_ts = 10.0.0.0/8
  } } } }`,
        )
        .join('\n'),
    ).toString('base64');
    const importing = full
      .person(1000)
      .call('profiles.import', { files: [{ name: 'swanctl.conf', content }] });
    await expect(importing).rejects.toMatchObject(refused('refused', /disk is full/));
    expect(readdirSync(full.directory)).toEqual([]);
    expect(await full.person(1000).call('profiles.list', {})).toEqual({ profiles: [] });
  });

  it('belong to who imported them', async () => {
    const id = await stored(alice, 'Work');
    expect(await bob.call('profiles.list', {})).toEqual({ profiles: [] });
    for (const attempt of [
      bob.call('profiles.get', { id }),
      bob.call('profiles.remove', { id }),
      bob.call('profiles.setSecret', { id, psk: PSK }),
      bob.call('tunnel.up', { id }),
      bob.call('tunnel.down', { id }),
    ]) {
      await expect(attempt).rejects.toMatchObject(refused('notFound', /no profile "work"/));
    }
    expect((await root.call('profiles.list', {})).profiles).toHaveLength(1);
  });

  it('are installed for all by an administrator only, used by all, changed by none but the administrator', async () => {
    await expect(stored(alice, 'Company', { forAll: true })).rejects.toMatchObject(
      refused('forbidden', /forAll/),
    );
    const id = await stored(root, 'Company', { forAll: true });
    expect((await bob.call('profiles.list', {})).profiles[0]).toMatchObject({ id, forAll: true });
    await expect(bob.call('profiles.remove', { id })).rejects.toMatchObject(
      refused('forbidden', /administrator/),
    );
    await expect(bob.call('profiles.setSecret', { id, psk: PSK })).rejects.toMatchObject(
      refused('forbidden', /administrator/),
    );
    expect(await bob.call('tunnel.up', { id })).toEqual({ accepted: true });
    await root.call('tunnel.down', {});
    await world.tunnels.clock.advance(3000);
    await root.call('profiles.remove', { id });
  });
});

describe('tunnels', () => {
  beforeEach(() => {
    world.tunnels.gateway(GATEWAY, PEER);
  });

  it('go up and down, and tell it as events after a snapshot', async () => {
    const id = await stored(alice, 'Work');
    const { sequence, status } = await alice.call('events.subscribe', { topic: 'status' });
    expect([sequence, status]).toMatchObject([0, { tunnels: [] }]);
    expect(await alice.call('tunnel.up', { id })).toEqual({ accepted: true });
    await world.tunnels.clock.advance(500);
    await alice.call('tunnel.down', { id });
    await world.tunnels.clock.advance(3000);
    const states = alice.events.flatMap((event) =>
      event.topic === 'status' ? event.status.tunnels.map(({ state }) => state) : [],
    );
    expect(states.filter((state, at) => state !== states[at - 1])).toEqual([
      'connecting',
      'connected',
      'disconnecting',
      'disconnected',
    ]);
    expect(alice.events.map(({ sequence: number }) => number)).toEqual(alice.events.map((_, at) => at + 1));
    expect(await alice.call('status.get', {})).toMatchObject({ tunnels: [{ state: 'disconnected' }] });
  });

  it('show themselves to who may see the profile', async () => {
    const id = await stored(alice, 'Work');
    await bob.call('events.subscribe', { topic: 'status' });
    await bob.call('events.subscribe', { topic: 'log' });
    await alice.call('tunnel.up', { id });
    await world.tunnels.clock.advance(500);
    expect(await bob.call('status.get', {})).toMatchObject({ tunnels: [] });
    expect((await root.call('status.get', {})).tunnels).toHaveLength(1);
    await bob.call('tunnel.down', {});
    expect((await alice.call('status.get', {})).tunnels).toMatchObject([{ state: 'connected' }]);
    expect(bob.events.filter(({ topic }) => topic === 'status')).toEqual([]);
    for (const event of bob.events) expect(JSON.stringify(event)).not.toMatch(/work|203\.0\.113\.1/i);
  });

  it('are busy while they come down, and hold their profile', async () => {
    const id = await stored(alice, 'Work');
    await alice.call('tunnel.up', { id });
    await expect(alice.call('profiles.remove', { id })).rejects.toMatchObject(
      refused('busy', /adit down work/),
    );
    await world.tunnels.clock.advance(500);
    await alice.call('tunnel.down', { id });
    await expect(alice.call('tunnel.up', { id })).rejects.toMatchObject(refused('busy', /being taken down/));
    await world.tunnels.clock.advance(3000);
    await alice.call('profiles.remove', { id });
    expect(await alice.call('status.get', {})).toMatchObject({ tunnels: [] });
  });

  it('are told again only when something is new', async () => {
    const id = await stored(alice, 'Work');
    await alice.call('tunnel.up', { id });
    await world.tunnels.clock.advance(500);
    await alice.call('events.subscribe', { topic: 'status' });
    await world.tunnels.clock.advance(10_000);
    expect(alice.events).toEqual([]);
    world.tunnels.send();
    // Later the gateway is asked, because nothing came back: its answer is new, too.
    await world.tunnels.clock.advance(1500);
    expect(alice.events).toHaveLength(1);
    await world.tunnels.clock.advance(2000);
    expect(alice.events).toHaveLength(2);
  });

  it('are told no more to who has unsubscribed', async () => {
    const id = await stored(alice, 'Work');
    await alice.call('events.subscribe', { topic: 'status' });
    await alice.call('events.unsubscribe', { topic: 'status' });
    await alice.call('tunnel.up', { id });
    await world.tunnels.clock.advance(500);
    expect(alice.events).toEqual([]);
  });
});

describe('helper.info', () => {
  it('says what runs, and what the data plane uses while a tunnel is up', async () => {
    world.tunnels.gateway(GATEWAY, PEER);
    expect(await alice.call('helper.info', {})).toEqual(INFO);
    const { id } = world.store.add(entryNamed('Work'));
    await alice.call('tunnel.up', { id });
    await world.tunnels.clock.advance(500);
    expect((await alice.call('helper.info', {})).dataPlane).toEqual(expect.any(Array));
  });
});

describe('no answer of any call', () => {
  it('holds a secret', async () => {
    const id = await stored(root, 'Work');
    const said: unknown[] = [];
    for (const name of Object.keys(calls) as CallName[]) {
      for (const params of [{}, { id }, { topic: 'log' }, { topic: 'status' }, { id, psk: PSK }]) {
        said.push(await root.raw(name, params).catch((error: Error) => error.message));
      }
    }
    await world.tunnels.clock.advance(3000);
    const everything = JSON.stringify([said, root.events, world.tunnels.log.recent()]);
    expect(everything.length).toBeGreaterThan(2000);
    for (const form of [CANARY, PSK, Buffer.from(CANARY).toString('hex')])
      expect(everything).not.toContain(form);
  });
});
