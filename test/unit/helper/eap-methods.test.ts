/** What the names of EAP methods in a profile mean to the engine, inside of tunnels too. */
import { describe, expect, it } from 'vitest';
import type { EapMethodSettings } from '#core/eap/create-peer.ts';
import { loginUses } from '#core/profile/needs.ts';
import { profileSchema } from '#core/profile/profile.ts';
import { eapMethods } from '#helper/eap-methods.ts';

type Login = Parameters<typeof loginUses>[0];

const login = (fields: Partial<Login>): Login => {
  const { authentication } = profileSchema.parse({
    format: 'adit-profile',
    version: 1,
    name: 'work',
    gateway: { addresses: ['192.0.2.1'] },
    authentication: { method: 'eap', ...fields },
  });
  if (authentication.method !== 'eap') throw new Error('no login');
  return authentication;
};

describe('without a wish', () => {
  it('takes what is sound, TLS first where there is a certificate', () => {
    const names = (certified: boolean) => eapMethods(login({}), certified).map(({ type }) => type);
    expect(names(false)).toEqual(['MSCHAPv2', 'PEAP', 'TTLS', 'GTC']);
    expect(names(true)).toEqual(['TLS', 'MSCHAPv2', 'PEAP', 'TTLS', 'GTC']);
  });

  it('offers TLS inside of tunnels only with a certificate', () => {
    const inner = (certified: boolean) => JSON.stringify(eapMethods(login({ methods: ['ttls'] }), certified));
    expect(inner(false)).toBe('[{"type":"TTLS","inner":{"eap":["MSCHAPv2","GTC","MD5"]}}]');
    expect(inner(true)).toBe('[{"type":"TTLS","inner":{"eap":["MSCHAPv2","TLS","GTC","MD5"]}}]');
  });
});

describe('an inner method', () => {
  it.each<[Partial<Login>, EapMethodSettings[]]>([
    [{ methods: ['ttls'], innerMethod: 'pap' }, [{ type: 'TTLS', inner: 'PAP' }]],
    [{ methods: ['ttls'], innerMethod: 'chap' }, [{ type: 'TTLS', inner: 'CHAP' }]],
    [{ methods: ['ttls'], innerMethod: 'mschapv2' }, [{ type: 'TTLS', inner: 'MSCHAPv2' }]],
    [{ methods: ['ttls'], innerMethod: 'eap-md5' }, [{ type: 'TTLS', inner: { eap: ['MD5'] } }]],
    [
      { methods: ['peap', 'ttls'], innerMethod: 'eap-gtc' },
      [
        { type: 'PEAP', inner: ['GTC'] },
        { type: 'TTLS', inner: { eap: ['GTC'] } },
      ],
    ],
    [{ methods: ['peap'], innerMethod: 'eap-tls' }, [{ type: 'PEAP', inner: ['TLS'] }]],
  ])('%j is the only one', (fields, expected) => {
    expect(eapMethods(login(fields), true)).toEqual(expected);
  });
});

describe('what a login may use', () => {
  it.each<[Partial<Login>, boolean, boolean]>([
    [{}, false, true],
    [{ methods: ['mschapv2'] }, false, true],
    [{ methods: ['tls'] }, true, false],
    [{ methods: ['tls', 'mschapv2'] }, true, true],
    [{ methods: ['ttls'], innerMethod: 'pap' }, false, true],
    [{ methods: ['peap'], innerMethod: 'eap-tls' }, true, false],
    [{ methods: ['peap', 'mschapv2'], innerMethod: 'eap-tls' }, true, true],
  ])('%j: certificate %s, password %s', (fields, certificate, password) => {
    expect(loginUses(login(fields))).toEqual({ certificate, password });
  });
});
