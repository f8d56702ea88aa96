/** profiles.certificates: whose the certificates of a stored profile are, until when, and which cannot be read. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { encodeFrame, MAX_FRAME } from '#core/ipc/frame.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { Secret } from '#helper/secret.ts';
import { entryNamed, profileNamed } from '#test/fakes/profiles.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';
import { TestPki } from '#test/harness/test-pki.ts';
import { inhabited, type HelperWorld, type Person } from '#test/fakes/helper-world.ts';
import { GATEWAY } from '#test/fakes/tunnel-stage.ts';

const pki = new TestPki();
afterAll(() => pki[Symbol.dispose]());
const ca = pki.ca('Lab');
const leaf = pki.leaf(ca, 'alice.example', {
  usage: 'clientAuth',
  validity: ['20260101000000Z', '20270101000000Z'],
});
const derOf = (pem: string): string =>
  /-----BEGIN CERTIFICATE-----([^-]+)/.exec(pem)?.[1]?.replaceAll(/\s/g, '') ?? '';

let world: HelperWorld;
let alice: Person;
beforeEach(() => {
  ({ world, alice } = inhabited());
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
