/** From a stored profile to what the engine is told. */
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { formatIdentification } from '#core/ike/identification.ts';
import { formatTrafficSelector } from '#core/ike/traffic-selector.ts';
import { formatTransforms } from '#core/crypto/keywords.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { createConnection } from '#core/ikev2/connection.ts';
import { connectionConfig } from '#helper/connection-config.ts';
import { CANARY, canarySecret, profileNamed } from '#test/fakes/profiles.ts';

const configOf = (change: Partial<ProfileInput> = {}, localAddress = '192.0.2.2') =>
  connectionConfig(profileNamed('work', change), localAddress, {
    psk: canarySecret(),
    random: (length) => new Uint8Array(length),
  });

describe('the configuration of a connection', () => {
  it('has the identities and the key of the profile', () => {
    const config = configOf();
    expect(formatIdentification(config.localId)).toBe('alice@example.org');
    expect(config.remoteId && formatIdentification(config.remoteId)).toBe('gw.example');
    expect(config.sendRemoteId).toBe(true);
    expect(config.authentication).toEqual({ method: 'psk', psk: utf8(CANARY) });
  });

  it('has the local address for want of an identity, and accepts any gateway for want of one', () => {
    const config = configOf({
      gateway: { addresses: ['203.0.113.1'] },
      authentication: { method: 'psk' },
    });
    expect(formatIdentification(config.localId)).toBe('192.0.2.2');
    expect(config.remoteId).toBeUndefined();
    expect(config.sendRemoteId).toBe(false);
  });

  it('asks for one Child SA for each pair of networks of one family where the profile wants that', () => {
    const { child, furtherChildren = [] } = configOf({
      child: {
        localTs: ['dynamic', '192.168.7.0/24'],
        remoteTs: ['10.1.0.0/16', '10.2.0.0/16', 'fd00:1::/64'],
        perSubnet: true,
        lifetimeSec: 600,
      },
    });
    const shown = [child, ...furtherChildren].map(({ name, localTs, remoteTs }) =>
      [name, ...[...localTs, ...remoteTs].map((selector) => formatTrafficSelector(selector))].join(' '),
    );
    expect(shown).toEqual([
      'net 0.0.0.0/0 10.1.0.0/16',
      'net 2 0.0.0.0/0 10.2.0.0/16',
      'net 3 ::/0 fd00:1::/64',
      'net 4 192.168.7.0/24 10.1.0.0/16',
      'net 5 192.168.7.0/24 10.2.0.0/16',
    ]);
    expect(furtherChildren.every(({ lifetimeSec }) => lifetimeSec === 600)).toBe(true);
    expect(configOf().furtherChildren).toBeUndefined();
  });

  it('takes the quirks that the profile switches on, and no others', () => {
    expect(configOf({ quirks: ['rekeys-without-ke'] }).quirks).toEqual(['rekeys-without-ke']);
    expect(configOf().quirks).toEqual([]);
    expect(() => configOf({ quirks: ['narrows-selectors'] as never })).toThrow(/quirks/);
  });

  it('lets itself be redirected only where the caller says so', () => {
    expect(configOf().redirect).toBeUndefined();
    const inputs = { psk: canarySecret(), random: (length: number) => new Uint8Array(length) };
    const redirect = { from: '203.0.113.1' };
    const config = connectionConfig(profileNamed('work'), '192.0.2.2', { ...inputs, redirect });
    expect(config.redirect).toEqual(redirect);
  });

  it('waits longer than RADIUS does for a person who has to answer a phone in the middle of EAP', () => {
    const { retransmit, retransmitLogin = retransmit } = configOf();
    const seconds = ({ initialMs, factor, maxMs, attempts }: typeof retransmit): number =>
      Array.from({ length: attempts }, (_, sent) => Math.min(maxMs, initialMs * factor ** sent)).reduce(
        (sum, wait) => sum + wait / 1000,
        0,
      );
    expect(seconds(retransmit)).toBeLessThan(30);
    expect(seconds(retransmitLogin) * (1 - retransmitLogin.jitter)).toBeGreaterThan(60);
  });

  it('cuts messages as the profile says, and as the engine does where it says nothing', () => {
    expect(configOf({ ike: { fragmentBytes: 0 } }).fragmentBytes).toBe(0);
    expect(configOf({ ike: { fragmentBytes: 576 } }).fragmentBytes).toBe(576);
    expect(configOf().fragmentBytes).toBeUndefined();
    expect(() => configOf({ ike: { fragmentBytes: 575 } })).toThrow(/fragmentBytes/);
  });

  it.each([
    ['the user', { user: 'bob@example.org' }, 'bob@example.org'],
    [
      'who speaks outside',
      { user: 'bob', anonymousIdentity: 'anonymous@example.org' },
      'anonymous@example.org',
    ],
    ['what the profile says', { user: 'bob', localId: 'carol.example.org' }, 'carol.example.org'],
  ] as const)('with EAP are those of %s', (_, login, expected) => {
    const profile = profileNamed('work', {
      gateway: { addresses: ['203.0.113.1'] },
      authentication: { method: 'eap', ...login },
    });
    const config = connectionConfig(profile, '192.0.2.2', {
      user: login.user,
      password: CANARY,
      random: (length) => new Uint8Array(length),
    });
    expect(formatIdentification(config.localId)).toBe(expected);
    expect(config.authentication).toMatchObject({
      method: 'eap',
      eap: { user: login.user, password: CANARY },
    });
    expect(config.remoteAuthentication).toEqual({
      method: 'certificate',
      authorities: new Uint8Array(0),
      ocsp: true,
    });
  });

  it('offers our defaults, or what the profile says in its order', () => {
    expect(configOf().proposals.length).toBeGreaterThan(1);
    const { proposals, child } = configOf({
      ike: { proposals: ['aes128-sha256-modp2048', 'aes256gcm16-prfsha384-ecp384'] },
      child: { proposals: ['aes256gcm16-esn'] },
    });
    expect(proposals.map(({ number, transforms }) => [number, formatTransforms(transforms, 'IKE')])).toEqual([
      [1, 'aes128-sha256-modp2048'],
      [2, 'aes256gcm16-prfsha384-ecp384'],
    ]);
    expect(child.proposals.map(({ transforms }) => formatTransforms(transforms, 'ESP'))).toEqual([
      'aes256gcm16-esn',
    ]);
  });

  it('names a post-quantum key by the octets of its id, and does not go without the key', () => {
    const ppk = canarySecret();
    const inputs = { psk: canarySecret(), random: (length: number) => new Uint8Array(length) };
    const profile = profileNamed('work', { ike: { ppk: { id: 'schlüssel', required: true } } });
    const config = connectionConfig(profile, '192.0.2.2', { ...inputs, ppk });
    expect(config.ppk).toEqual({ id: utf8('schlüssel'), secret: utf8(CANARY), required: true });
    expect(() => connectionConfig(profile, '192.0.2.2', inputs)).toThrow(
      /needs a post-quantum pre-shared key/,
    );
    // One that is stored and not named stays away.
    expect(connectionConfig(profileNamed('work'), '192.0.2.2', { ...inputs, ppk }).ppk).toBeUndefined();
  });

  it.each([
    ['off', 2, 0],
    ['prefer', 4, 2],
    ['require', 2, 2],
  ] as const)('offers ML-KEM as the profile wants it: %s', (postQuantum, count, protectedOnes) => {
    const { proposals } = configOf({ ike: { postQuantum } });
    const isProtected = proposals.map(({ transforms }) =>
      transforms.some(({ type, id }) => type === 6 && id === 36),
    );
    expect(proposals.map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
    expect(isProtected).toEqual(proposals.map((_, at) => at < protectedOnes));
  });

  it('keeps the first message, with our own proposals, far below what a path must carry', () => {
    const octets = (postQuantum: 'off' | 'prefer' | 'require'): number => {
      const random = (length: number): Uint8Array => new Uint8Array(length).fill(7);
      const connection = createConnection({ ...configOf({ ike: { postQuantum } }), random });
      const end = (address: string) => ({ address, port: 500 });
      connection.initiate(0, { local: end('192.0.2.2'), remote: end('203.0.113.1') });
      return connection.pollTransmit(0)?.bytes.length ?? 0;
    };
    // Nothing of it on the wire where nobody asks for it.
    expect(octets('off')).toBe(495);
    // The transforms; what the engine says of IKE_INTERMEDIATE is a notify of 8 octets more.
    expect(octets('require') - octets('off')).toBeGreaterThanOrEqual(2 * 2 * 8);
    expect(octets('prefer')).toBeGreaterThanOrEqual(799);
    expect(octets('prefer')).toBeLessThan(850);
  });

  it.each([
    [{}, ['0.0.0.0/0', '::/0']],
    [{ request: { ip6: false } }, ['0.0.0.0/0']],
    [{ request: { ip4: false } }, ['::/0']],
    [{ request: { ip4: false, ip6: false } }, ['192.0.2.2/32']],
    [
      { child: { localTs: ['10.7.0.0/16', 'dynamic[tcp/443]'] } },
      ['10.7.0.0/16', '0.0.0.0/0[tcp/443]', '::/0[tcp/443]'],
    ],
  ] as const)('offers local selectors for %j', (change, expected) => {
    expect(configOf(change as Partial<ProfileInput>).child.localTs.map(formatTrafficSelector)).toEqual(
      expected,
    );
  });

  it('passes the limits and intervals on', () => {
    const config = configOf({
      ike: {
        livenessSec: 7,
        natKeepaliveSec: 11,
        lifetimeSec: 1000,
        encapsulation: 'auto',
        initialContact: false,
        mobike: false,
      },
      child: { lifetimeBytes: 2 ** 21, lifetimePackets: 5000, lifetimeSec: 600, replayWindow: 128 },
      request: { dns: false },
    });
    expect(config).toMatchObject({
      livenessSec: 7,
      natKeepaliveSec: 11,
      lifetimeSec: 1000,
      encapsulation: 'auto',
      initialContact: false,
      mobike: false,
      request: { ip4: true, ip6: true, dns: false, domains: false },
      child: { replayWindow: 128, lifetimeSec: 600, hardLimit: { bytes: 2n ** 21n, packets: 5000n } },
    });
    expect(configOf().child.hardLimit).toEqual({});
  });

  it('names a setting that was never checked', () => {
    expect(() => configOf({ child: { remoteTs: ['everywhere'] } })).toThrow(/child\.remoteTs.*"everywhere"/);
  });
});
