/** Changing, examining and exporting a stored profile, and being told of it: as its owner, and as somebody else. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { ERROR_CODES } from '#core/ipc/contract.ts';
import { encodeFrame, MAX_FRAME } from '#core/ipc/frame.ts';
import { refusalDataSchema } from '#core/ipc/profile-calls.ts';
import { importFiles } from '#core/profile/import.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { pageOf } from '#helper/ipc/topics.ts';
import { Secret } from '#helper/secret.ts';
import { HelperWorld, INFO, type Person } from '#test/fakes/helper-world.ts';
import { CANARY, entryNamed, profileNamed } from '#test/fakes/profiles.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';
import { id as identity } from '#test/harness/ikev2-pair.ts';
import { TestPki } from '#test/harness/test-pki.ts';

const pki = new TestPki();
afterAll(() => pki[Symbol.dispose]());
const ca = pki.ca('Lab');
const leaf = pki.leaf(ca, 'alice.example', {
  usage: 'clientAuth',
  validity: ['20260101000000Z', '20270101000000Z'],
});
const derOf = (pem: string): string =>
  /-----BEGIN CERTIFICATE-----([^-]+)/.exec(pem)?.[1]?.replaceAll(/\s/g, '') ?? '';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const GATEWAY = '203.0.113.1';

let world: HelperWorld;
let alice: Person;
let bob: Person;
let root: Person;
beforeEach(() => {
  world = new HelperWorld();
  alice = world.person(1000);
  bob = world.person(1001);
  root = world.person(0, 'admin');
});

const refusal = (reason: keyof typeof ERROR_CODES, message: RegExp) => ({
  code: ERROR_CODES[reason],
  message: expect.stringMatching(message) as string,
});

async function profileOf(person: Person, id: string): Promise<ProfileInput> {
  return (await person.call('profiles.get', { id })).profile as ProfileInput;
}

describe('profiles.update', () => {
  it('changes name and settings, not the id, the owner or the secrets', async () => {
    const { id } = world.store.add(entryNamed('Work'));
    const { summary: before } = await alice.call('profiles.get', { id });
    const profile = { ...(await profileOf(alice, id)), name: 'Büro', mtu: 1300 };
    const changed = await alice.call('profiles.update', {
      id,
      profile,
      ...(before.revision === undefined ? {} : { baseRevision: before.revision }),
    });
    expect(changed.appliesAt).toBe('now');
    expect(changed.summary).toEqual({ ...before, name: 'Büro', revision: changed.summary.revision });
    expect(changed.summary.revision).not.toBe(before.revision);
    expect(await profileOf(alice, id)).toMatchObject({ name: 'Büro', mtu: 1300 });
    expect(await alice.call('profiles.get', { id })).toMatchObject({ summary: changed.summary });
  });

  it('fills in what has a default', async () => {
    const { id } = world.store.add(entryNamed('Work'));
    const { gateway, authentication } = profileNamed('Work');
    const profile = { format: 'adit-profile', version: 1, name: 'Work', gateway, authentication };
    await alice.call('profiles.update', { id, profile });
    expect(await profileOf(alice, id)).toMatchObject({ ike: { livenessSec: 30 } });
  });

  it.each([
    [{ mtu: 70000 }, [{ field: 'mtu', problem: 'found 70000', remedy: 'expected at most 9000' }]],
    [
      { gateway: { addresses: [] } },
      [{ field: 'gateway.addresses', remedy: expect.stringMatching(/at least 1/) as string }],
    ],
    [{ name: undefined }, [{ field: 'name', problem: 'is missing', remedy: 'expected a text' }]],
    [{ updown: '/bin/sh' }, [{ field: '', problem: '"updown" is not known here' }]],
    [
      { child: { remoteTs: ['10.0.0.0/8', 'everything'] }, dns: { servers: ['one; expected two'] } },
      [
        {
          field: 'child.remoteTs.1',
          problem: '"everything" is no selector',
          remedy: expect.stringMatching(/^expected "10/) as string,
        },
        { field: 'dns.servers.0', problem: '"one; expected two" is no IP address' },
      ],
    ],
    [{ gateway: { addresses: ['x'], id: 'no:such' } }, [{ field: 'gateway.id' }]],
  ])('refuses %j and says so at the fields', async (change, problems) => {
    const { id } = world.store.add(entryNamed('Work'));
    const before = await profileOf(alice, id);
    const refused = await alice
      .call('profiles.update', { id, profile: { ...before, ...change } })
      .catch((error: { code: number; data: unknown }) => error);
    if (!('data' in refused)) throw new Error('it was taken');
    expect(refused.code).toBe(ERROR_CODES.refused);
    expect(refusalDataSchema.parse(refused.data)).toMatchObject({ problems });
    expect(await profileOf(alice, id)).toEqual(before);
  });

  it.each([null, 'work', [], 7])('refuses %j, which is no profile', async (profile) => {
    const { id } = world.store.add(entryNamed('Work'));
    await expect(alice.call('profiles.update', { id, profile })).rejects.toMatchObject(
      refusal('refused', /^profile: .*expected an object/),
    );
  });

  it('names at most 32 problems, and its answer fits a frame', async () => {
    const { id } = world.store.add(entryNamed('Work'));
    const profile = {
      ...profileNamed('Work'),
      dns: { domains: Array.from({ length: 256 }, () => '!'.repeat(250)) },
    };
    const refused = await alice.call('profiles.update', { id, profile }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ data: { problems: { length: 32 } } });
    expect(encodeFrame((refused as { data: unknown }).data).length).toBeLessThan(MAX_FRAME);
  });

  it('does not write over what somebody else changed meanwhile', async () => {
    const { id } = world.store.add(entryNamed('Work'));
    const { summary, profile } = await alice.call('profiles.get', { id });
    const baseRevision = summary.revision ?? '';
    await root.call('profiles.update', { id, profile: { ...(profile as ProfileInput), mtu: 1300 } });
    await expect(alice.call('profiles.update', { id, profile, baseRevision })).rejects.toMatchObject(
      refusal('refused', /changed by somebody else/),
    );
    expect(await profileOf(alice, id)).toMatchObject({ mtu: 1300 });
    expect(await root.call('profiles.get', { id })).toMatchObject({ summary: { owner: 1000 } });
  });

  it('leaves a running tunnel as it is until it connects again', async () => {
    world.tunnels.gateway(GATEWAY, { localId: identity('gw.example'), findPsk: () => utf8(CANARY) });
    const { id } = world.store.add(entryNamed('Work'));
    await alice.call('tunnel.up', { id });
    await world.tunnels.clock.advance(500);
    const profile = { ...profileNamed('Work'), mtu: 1280 };
    expect(await alice.call('profiles.update', { id, profile })).toMatchObject({
      appliesAt: 'next-connection',
    });
    const mtu = async () => (await alice.call('status.get', {})).tunnels[0]?.interface?.mtu;
    expect(await mtu()).not.toBe(1280);
    await alice.call('tunnel.down', { id });
    await world.tunnels.clock.advance(3000);
    await alice.call('tunnel.up', { id });
    await world.tunnels.clock.advance(500);
    expect(await mtu()).toBe(1280);
  });
});

describe('profiles.forgetSecret', () => {
  it('forgets the one that is named, and only what can be given again', async () => {
    const otherSecrets = { password: new Secret(utf8('x')) };
    const { id } = world.store.add(entryNamed('Work', { otherSecrets }));
    await alice.call('profiles.forgetSecret', { id, which: 'psk' });
    expect((await alice.call('profiles.get', { id })).summary).toMatchObject({
      storedSecrets: ['password'],
      missingSecrets: ['psk'],
    });
    await expect(alice.call('profiles.forgetSecret', { id, which: 'psk' })).rejects.toMatchObject(
      refusal('notFound', /no psk stored/),
    );
    await expect(alice.raw('profiles.forgetSecret', { id, which: 'privateKey' })).rejects.toMatchObject(
      refusal('invalidParams', /which/),
    );
    expect(world.store.get(id, { uid: 1000, admin: false })?.psk).toBeUndefined();
  });
});

const certified = (change: object = {}) =>
  profileNamed('Work', {
    gateway: {
      addresses: [GATEWAY],
      authentication: {
        method: 'certificate',
        ca: [derOf(ca.certificates)],
        certificate: derOf(leaf.certificates),
      },
    },
    authentication: { method: 'certificate', certificate: derOf(leaf.certificates), ...change },
  });

describe('profiles.certificates', () => {
  const listed = async (entry: Partial<Parameters<typeof entryNamed>[1]>) => {
    const { id } = world.store.add(entryNamed('Work', entry));
    return (await alice.call('profiles.certificates', { id })).certificates;
  };

  it('shows whose they are and until when, as openssl does', async () => {
    const found = await listed({ profile: certified({ chain: [derOf(leaf.certificates)] }) });
    expect(found.map(({ role }) => role)).toEqual(['own', 'chain', 'ca', 'gateway']);
    const [own, chain, anchor] = found;
    if (!own?.readable || !anchor?.readable || !chain?.readable) throw new Error('unreadable');
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'c.pem'), leaf.certificates);
    const openssl = execFileSync(
      'openssl',
      ['x509', '-in', 'c.pem', '-noout', '-serial', '-fingerprint', '-sha256', '-enddate'],
      { cwd: folder, encoding: 'utf8' },
    );
    const said = (name: string) => new RegExp(`${name}=(.*)`, 'i').exec(openssl)?.[1] ?? '';
    expect(own.sha256).toBe(said('fingerprint').replaceAll(':', '').toLowerCase());
    expect(own.serial.replace(/^0+/, '')).toBe(said('serial').toLowerCase().replace(/^0+/, ''));
    expect(Date.parse(own.notAfter)).toBe(Date.parse(said('notAfter')));
    expect(own.keyType).toMatch(/^(RSA \d+|ECDSA P-\d+|Ed25519)$/);
    expect(own.issuer).toBe(anchor.subject);
    expect([own.isCa, anchor.isCa]).toEqual([false, true]);
    expect(chain.warnings).toContain('not-an-authority');
    expect(own.warnings).not.toContain('not-an-authority');
  });

  it('warns as time goes by', async () => {
    const { id } = world.store.add(entryNamed('Work', { profile: certified() }));
    const own = async () => {
      const [first] = (await alice.call('profiles.certificates', { id })).certificates;
      if (!first?.readable) throw new Error('unreadable');
      return first;
    };
    const { notBefore, notAfter } = await own();
    const at = async (wall: number) => {
      await world.tunnels.clock.advance(wall - world.tunnels.clock.wall());
      const { warnings, expiresInDays } = await own();
      return { warnings, expiresInDays };
    };
    const [begin, end] = [Date.parse(notBefore), Date.parse(notAfter)];
    expect((await at(begin - 1000)).warnings).toContain('not-yet-valid');
    expect((await at(begin + 1000)).warnings).not.toContain('not-yet-valid');
    expect((await at(end - 30.5 * 86_400_000)).warnings).toEqual([]);
    expect(await at(end - 29.5 * 86_400_000)).toMatchObject({
      warnings: ['expires-soon'],
      expiresInDays: 29,
    });
    expect(await at(end + 1000)).toMatchObject({ warnings: ['expired'], expiresInDays: -1 });
  });

  it('says which cannot be read', async () => {
    // SEQUENCE { SEQUENCE {}, SEQUENCE {}, BIT STRING }: the shape alone.
    const shape = Buffer.from('300730003000030100', 'hex').toString('base64');
    const [own] = await listed({ profile: certified({ certificate: shape }) });
    expect(own).toMatchObject({
      readable: false,
      role: 'own',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    const pkcs12 = new Secret(utf8('junk'));
    const profile = profileNamed('Work', { authentication: { method: 'certificate' } });
    expect(await listed({ profile, otherSecrets: { pkcs12 } })).toEqual([
      expect.objectContaining({
        readable: false,
        problem: expect.stringMatching(/locked/) as string,
        sha256: null,
      }),
    ]);
    const password = { pkcs12, pkcs12Password: new Secret(utf8('x')) };
    expect(await listed({ profile, otherSecrets: password })).toMatchObject([
      { readable: false, problem: expect.stringMatching(/damaged/) as string, sha256: null },
    ]);
  });

  it('opens a PKCS#12 file whose password is stored, and shows no key', async () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'cert'), leaf.certificates);
    writeFileSync(join(folder, 'key'), leaf.key);
    execFileSync(
      'openssl',
      ['pkcs12', '-export', '-in', 'cert', '-inkey', 'key', '-out', 'p12', '-passout', 'pass:right'],
      { cwd: folder },
    );
    const content = execFileSync('cat', ['p12'], { cwd: folder });
    const found = await listed({
      profile: profileNamed('Work', { authentication: { method: 'certificate' } }),
      otherSecrets: { pkcs12: new Secret(content), pkcs12Password: new Secret(utf8('right')) },
    });
    expect(found).toMatchObject([{ readable: true, role: 'own' }]);
    expect(JSON.stringify(found)).not.toMatch(/MII|PRIVATE/);
  });

  it('fits a frame however many there are', async () => {
    const many = Array.from({ length: 32 }, () => derOf(ca.certificates));
    const profile = certified({ chain: many.slice(0, 8) });
    const gateway = { ...profile.gateway, authentication: { method: 'certificate', ca: many } };
    const found = await listed({
      profile: profileNamed('Work', { ...profile, gateway } as Partial<ProfileInput>),
    });
    expect(found).toHaveLength(41);
    expect(encodeFrame(found).length).toBeLessThan(MAX_FRAME / 4);
  });
});

describe('profiles.export', () => {
  it.each(['adit', 'mobileconfig', 'swanctl'] as const)(
    'writes %s without secrets, to be imported again',
    async (format) => {
      const { id } = world.store.add(entryNamed('Work'));
      const { files } = await alice.call('profiles.export', { id, format });
      const octets = files.map(({ name, content }) => ({ name, content: Buffer.from(content, 'base64') }));
      expect(octets.map(({ content }) => content.toString()).join('')).not.toContain(CANARY);
      expect(JSON.stringify(files)).not.toContain(base64(CANARY));
      const [again] = importFiles(octets);
      expect(again?.profile).toMatchObject({ name: 'Work', gateway: { addresses: [GATEWAY] } });
      expect(again?.secrets.psk).toBeUndefined();
    },
  );

  it('writes the secret that the caller brings, and still not the one that is stored', async () => {
    const { id } = world.store.add(entryNamed('Work'));
    const psk = base64('brought along');
    const { files, leftOut } = await alice.call('profiles.export', { id, format: 'swanctl', psk });
    const octets = files.map(({ name, content }) => ({ name, content: Buffer.from(content, 'base64') }));
    expect(importFiles(octets)[0]?.secrets.psk).toBe(psk);
    expect(octets.map(({ content }) => content.toString()).join('')).not.toContain(CANARY);
    expect(leftOut.map(({ setting }) => setting)).not.toContain('psk');
    const own = await alice.call('profiles.export', { id, format: 'adit', psk });
    expect(own.leftOut).toEqual([
      { outcome: 'missing', setting: 'psk', reason: 'the format has no place for it' },
    ]);
    expect(Buffer.from(own.files[0]?.content ?? '', 'base64').toString()).not.toContain(psk);
  });

  it('leaves nothing out of our own format, and refuses what another has no word for', async () => {
    const { id } = world.store.add(entryNamed('Work'));
    expect((await alice.call('profiles.export', { id, format: 'adit' })).leftOut).toEqual([]);
    await expect(alice.call('profiles.export', { id, format: 'sswan' })).rejects.toMatchObject(
      refusal('refused', /^Work: /),
    );
  });

  it('says what a format cannot say', async () => {
    const profile = profileNamed('Work', { ike: { localPort: 4711 } });
    const { id } = world.store.add(entryNamed('Work', { profile }));
    const { leftOut } = await alice.call('profiles.export', { id, format: 'mobileconfig' });
    expect(leftOut).toEqual(
      expect.arrayContaining([expect.objectContaining({ setting: 'ike.localPort', value: '4711' })]),
    );
  });

  it('refuses what no answer could hold', async () => {
    const anchors = Array.from({ length: 32 }, () => derOf(ca.certificates));
    const padded = anchors.map(() =>
      Buffer.concat([Buffer.from('308220003000300003821ff6', 'hex'), Buffer.alloc(0x1ff6)]).toString(
        'base64',
      ),
    );
    const profile = profileNamed('Work', {
      gateway: { addresses: [GATEWAY], authentication: { method: 'certificate', ca: padded } },
      authentication: { method: 'eap' },
    });
    const { id } = world.store.add(entryNamed('Work', { profile, psk: undefined }));
    await expect(alice.call('profiles.export', { id, format: 'adit' })).rejects.toMatchObject(
      refusal('refused', /octets, more than/),
    );
  });
});

describe('the calls about one profile', () => {
  const attempts = (person: Person, id: string) => ({
    'profiles.update': person.call('profiles.update', { id, profile: profileNamed('Mine') }),
    'profiles.forgetSecret': person.call('profiles.forgetSecret', { id, which: 'psk' }),
    'profiles.certificates': person.call('profiles.certificates', { id }),
    'profiles.export': person.call('profiles.export', { id, format: 'adit' }),
  });

  it('find no profile of somebody else', async () => {
    const { id } = world.store.add(entryNamed('Work'));
    for (const attempt of Object.values(attempts(bob, id))) {
      await expect(attempt).rejects.toMatchObject(refusal('notFound', /no profile "work"/));
    }
  });

  it('show what is installed for all, and change it for an administrator only', async () => {
    const { id } = world.store.add(entryNamed('Work', { owner: 0, forAll: true }));
    const outcomes = Object.entries(attempts(bob, id)).map(async ([name, attempt]) => [
      name,
      await attempt.then(
        () => undefined,
        ({ code }: { code: number }) => code,
      ),
    ]);
    expect(await Promise.all(outcomes)).toEqual([
      ['profiles.update', ERROR_CODES.forbidden],
      ['profiles.forgetSecret', ERROR_CODES.forbidden],
      ['profiles.certificates', undefined],
      ['profiles.export', undefined],
    ]);
    await root.call('profiles.forgetSecret', { id, which: 'psk' });
  });
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

describe('the log topic', () => {
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
      refusal('invalidParams', /for the log/),
    );
  });
});

describe('helper.info', () => {
  it('says what runs, and what the data plane uses while a tunnel is up', async () => {
    world.tunnels.gateway(GATEWAY, { localId: identity('gw.example'), findPsk: () => utf8(CANARY) });
    expect(await alice.call('helper.info', {})).toEqual(INFO);
    const { id } = world.store.add(entryNamed('Work'));
    await alice.call('tunnel.up', { id });
    await world.tunnels.clock.advance(500);
    expect((await alice.call('helper.info', {})).dataPlane).toEqual(expect.any(Array));
  });
});

describe('tunnel.answer with remember', () => {
  const PASSWORD = 'clientPass';
  async function login(owner: number, forAll: boolean) {
    world.tunnels.gateway(GATEWAY, {
      localId: identity('gw.example'),
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
      authentication: { method: 'eap', localId: 'alice@example.org' },
    });
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
    await expect(type('alice', true)).rejects.toMatchObject(refusal('forbidden', /administrator/));
    await type('alice', false);
  });
});
