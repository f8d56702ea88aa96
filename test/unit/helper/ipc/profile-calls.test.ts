/** Changing and exporting a stored profile: as its owner, and as somebody else. */
import { beforeEach, describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { ERROR_CODES } from '#core/ipc/contract.ts';
import { encodeFrame, MAX_FRAME } from '#core/ipc/frame.ts';
import { refusalDataSchema } from '#core/ipc/profile-calls.ts';
import { importFiles } from '#core/profile/import.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { Secret } from '#helper/secret.ts';
import { CANARY, entryNamed, profileNamed } from '#test/fakes/profiles.ts';
import { base64, inhabited, refused, type HelperWorld, type Person } from '#test/fakes/helper-world.ts';
import { GATEWAY, PEER } from '#test/fakes/tunnel-stage.ts';

let world: HelperWorld;
let alice: Person;
let bob: Person;
let root: Person;
beforeEach(() => {
  ({ world, alice, bob, root } = inhabited());
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
    const answer = await alice
      .call('profiles.update', { id, profile: { ...before, ...change } })
      .catch((error: { code: number; data: unknown }) => error);
    if (!('data' in answer)) throw new Error('it was taken');
    expect(answer.code).toBe(ERROR_CODES.refused);
    expect(refusalDataSchema.parse(answer.data)).toMatchObject({ problems });
    expect(await profileOf(alice, id)).toEqual(before);
  });

  it.each([null, 'work', [], 7])('refuses %j, which is no profile', async (profile) => {
    const { id } = world.store.add(entryNamed('Work'));
    await expect(alice.call('profiles.update', { id, profile })).rejects.toMatchObject(
      refused('refused', /^profile: .*expected an object/),
    );
  });

  it('names at most 32 problems, and its answer fits a frame', async () => {
    const { id } = world.store.add(entryNamed('Work'));
    const profile = {
      ...profileNamed('Work'),
      dns: { domains: Array.from({ length: 256 }, () => '!'.repeat(250)) },
    };
    const answer = await alice.call('profiles.update', { id, profile }).catch((error: unknown) => error);
    expect(answer).toMatchObject({ data: { problems: { length: 32 } } });
    expect(encodeFrame((answer as { data: unknown }).data).length).toBeLessThan(MAX_FRAME);
  });

  it('does not write over what somebody else changed meanwhile', async () => {
    const { id } = world.store.add(entryNamed('Work'));
    const { summary, profile } = await alice.call('profiles.get', { id });
    const baseRevision = summary.revision ?? '';
    await root.call('profiles.update', { id, profile: { ...(profile as ProfileInput), mtu: 1300 } });
    await expect(alice.call('profiles.update', { id, profile, baseRevision })).rejects.toMatchObject(
      refused('refused', /changed by somebody else/),
    );
    expect(await profileOf(alice, id)).toMatchObject({ mtu: 1300 });
    expect(await root.call('profiles.get', { id })).toMatchObject({ summary: { owner: 1000 } });
  });

  it('leaves a running tunnel as it is until it connects again', async () => {
    world.tunnels.gateway(GATEWAY, PEER);
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
      refused('notFound', /no psk stored/),
    );
    await expect(alice.raw('profiles.forgetSecret', { id, which: 'privateKey' })).rejects.toMatchObject(
      refused('invalidParams', /which/),
    );
    expect(world.store.get(id, { uid: 1000, admin: false })?.psk).toBeUndefined();
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
      {
        outcome: 'missing',
        setting: 'psk',
        reason: 'the format has no place for it',
        why: { reason: 'no-place' },
      },
    ]);
    expect(Buffer.from(own.files[0]?.content ?? '', 'base64').toString()).not.toContain(psk);
  });

  it('leaves nothing out of our own format, and refuses what another has no word for', async () => {
    const { id } = world.store.add(entryNamed('Work'));
    expect((await alice.call('profiles.export', { id, format: 'adit' })).leftOut).toEqual([]);
    await expect(alice.call('profiles.export', { id, format: 'sswan' })).rejects.toMatchObject({
      ...refused('refused', /^Work: /),
      data: { problems: [{ field: '', why: { reason: 'sswan-no-psk' } }] },
    });
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
    const padded = Array.from({ length: 32 }, () =>
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
      refused('refused', /octets, more than/),
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
      await expect(attempt).rejects.toMatchObject(refused('notFound', /no profile "work"/));
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
