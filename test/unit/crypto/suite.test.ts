/** From the transforms of a chosen proposal to algorithms and back (RFC 7296 §3.3). */
import { describe, expect, it } from 'vitest';
import { encryptionKeyBytes } from '#core/crypto/encryption.ts';
import { type ProposalProtocol, parseProposal } from '#core/crypto/keywords.ts';
import {
  describeEspSuite,
  describeIkeSuite,
  espSuiteOf,
  ikeSuiteOf,
  transformsOf,
  weaknesses,
} from '#core/crypto/suite.ts';

const ike = (text: string) => ikeSuiteOf(parseProposal(text, 'IKE'));
const esp = (text: string) => espSuiteOf(parseProposal(text, 'ESP'));

describe('an IKE suite', () => {
  it('of an AEAD has no integrity algorithm', () => {
    const suite = ike('aes256gcm16-prfsha384-ecp384');
    expect(suite).toMatchObject({
      encryption: { name: 'ENCR_AES_GCM_16', keyBits: 256 },
      prf: { name: 'PRF_HMAC_SHA2_384' },
      keyExchange: { name: '384-bit random ECP group' },
    });
    expect(suite?.integrity).toBeUndefined();
    expect(suite && encryptionKeyBytes(suite.encryption)).toBe(36);
  });

  it('of a plain cipher has one', () => {
    expect(ike('aes128-sha256-modp2048')).toMatchObject({
      encryption: { keyword: 'aes128' },
      integrity: { keyword: 'sha256' },
      prf: { keyword: 'prfsha256' },
      keyExchange: { keyword: 'modp2048' },
    });
  });

  const sound = parseProposal('aes128-sha256-modp2048', 'IKE');
  it.each([
    ['two of one type', [...sound, { type: 4, id: 19 }]],
    ['no encryption', sound.filter(({ type }) => type !== 1)],
    ['no PRF', sound.filter(({ type }) => type !== 2)],
    ['no integrity', sound.filter(({ type }) => type !== 3)],
    ['no key exchange', sound.filter(({ type }) => type !== 4)],
    ['a foreign type', [...sound, { type: 5, id: 0 }]],
    ['an additional key exchange that we lack', [...sound, { type: 6, id: 24 }]],
    ['two additional ones in one place', [...sound, { type: 6, id: 36 }, { type: 6, id: 37 }]],
    ['one method twice', [...sound, { type: 6, id: 14 }]],
    ['one additional method twice', [...sound, { type: 6, id: 36 }, { type: 8, id: 36 }]],
    ['an unknown attribute', sound.map((transform) => ({ ...transform, unknownAttribute: true as const }))],
    [
      'an algorithm we lack',
      sound.map((transform) => (transform.type === 4 ? { type: 4, id: 24 } : transform)),
    ],
    ['no key length', sound.map((transform) => (transform.type === 1 ? { type: 1, id: 12 } : transform))],
    [
      'no encryption at all',
      sound.map((transform) => (transform.type === 1 ? { type: 1, id: 11 } : transform)),
    ],
    ['nothing', []],
  ])('refuses %s', (_, transforms) => {
    expect(ikeSuiteOf(transforms)).toBeUndefined();
  });

  it('has additional key exchanges in the order of their types, without NONE', () => {
    const suite = ikeSuiteOf([...sound, { type: 9, id: 36 }, { type: 6, id: 37 }, { type: 7, id: 0 }]);
    expect(suite?.additional).toMatchObject([
      { type: 6, keyExchange: { keyword: 'mlkem1024' } },
      { type: 9, keyExchange: { keyword: 'mlkem768' } },
    ]);
    expect(suite && describeIkeSuite(suite)).toBe('aes128-sha256-modp2048-ke1_mlkem1024-ke4_mlkem768');
    expect(ikeSuiteOf([...sound, { type: 6, id: 0 }])).not.toHaveProperty('additional');
  });

  it('takes NONE beside an AEAD, and nothing else', () => {
    const aead = parseProposal('aes256gcm16-prfsha384-ecp384', 'IKE');
    expect(ikeSuiteOf([...aead, { type: 3, id: 0 }])).toEqual(ikeSuiteOf(aead));
    expect(ikeSuiteOf([...aead, { type: 3, id: 12 }])).toBeUndefined();
  });
});

describe('an ESP suite', () => {
  it('knows its sequence numbers', () => {
    expect(esp('aes256gcm16')?.esn).toBe(false);
    expect(esp('aes256gcm16-esn')?.esn).toBe(true);
    expect(espSuiteOf([{ type: 1, id: 28 }])).toMatchObject({
      encryption: { keyword: 'chacha20poly1305' },
      esn: false,
    });
    expect(
      espSuiteOf([
        { type: 1, id: 28 },
        { type: 5, id: 2 },
      ]),
    ).toBeUndefined();
  });

  it('has a group only where one was negotiated', () => {
    expect(esp('aes256-sha256')?.keyExchange).toBeUndefined();
    expect(esp('aes256-sha256-none')?.keyExchange).toBeUndefined();
    expect(esp('aes256-sha256-ecp256')?.keyExchange?.keyword).toBe('ecp256');
    expect(
      espSuiteOf([
        { type: 1, id: 28 },
        { type: 4, id: 24 },
      ]),
    ).toBeUndefined();
  });

  it('has additional key exchanges beside a group alone', () => {
    expect(esp('aes128-sha256-ecp256-ke2_mlkem512')?.additional).toMatchObject([
      { type: 7, keyExchange: { keyword: 'mlkem512' } },
    ]);
    expect(
      espSuiteOf([
        { type: 1, id: 28 },
        { type: 6, id: 0 },
      ]),
    ).toEqual(espSuiteOf([{ type: 1, id: 28 }]));
    expect(
      espSuiteOf([
        { type: 1, id: 28 },
        { type: 6, id: 36 },
      ]),
    ).toBeUndefined();
  });

  it('may encrypt nothing, but always protects', () => {
    expect(esp('null-sha256')).toMatchObject({
      encryption: { kind: 'null' },
      integrity: { keyword: 'sha256' },
    });
    expect(espSuiteOf([{ type: 1, id: 11 }])).toBeUndefined();
    expect(
      espSuiteOf([
        { type: 1, id: 12, keyBits: 128 },
        { type: 3, id: 0 },
      ]),
    ).toBeUndefined();
  });
});

describe('describing', () => {
  it.each([
    ['aes256gcm16-prfsha384-ecp384', 'IKE'],
    ['aes128-sha256-modp2048', 'IKE'],
    ['3des-md5-prfsha1-modp1024', 'IKE'],
    ['aes128ccm8-curve25519-esn', 'ESP'],
    ['null-sha256', 'ESP'],
    ['aes256gcm16-prfsha384-curve25519-ke1_mlkem768', 'IKE'],
    ['aes256-sha256-ecp256-ke1_mlkem512-ke2_curve448-esn', 'ESP'],
  ] satisfies [string, ProposalProtocol][])('%s (%s) comes back', (text, protocol) => {
    const transforms = parseProposal(text, protocol);
    const [ikeSuite, espSuite] = [ikeSuiteOf(transforms), espSuiteOf(transforms)];
    const described =
      protocol === 'IKE' ? ikeSuite && describeIkeSuite(ikeSuite) : espSuite && describeEspSuite(espSuite);
    expect(described).toBe(text);
    const suite = protocol === 'IKE' ? ikeSuite : espSuite;
    expect(suite && transformsOf(suite)).toEqual(transforms);
  });
});

describe('weaknesses', () => {
  it('are sentences, one an algorithm', () => {
    const sentences = weaknesses(parseProposal('aes256-3des-sha256-md5-modp2048-modp1024', 'IKE'));
    expect(sentences.map((sentence) => sentence.split(' ')[0])).toEqual([
      '3des',
      'prfmd5',
      'md5',
      'modp1024',
    ]);
    for (const sentence of sentences) expect(sentence).toMatch(/^\S+ is weak: .+\.$/);
  });

  it('are the same for a suite', () => {
    const suite = ike('3des-sha1-modp1536');
    expect(suite && weaknesses(suite)).toEqual(weaknesses(parseProposal('3des-sha1-modp1536', 'IKE')));
    const child = esp('null-md5');
    expect(child && weaknesses(child).length).toBe(2);
  });

  it('are none where all is sound, or unknown to us', () => {
    expect(weaknesses(parseProposal('aes256gcm16-aes128-sha1-ecp256'.replace('-aes128', ''), 'ESP'))).toEqual(
      [],
    );
    expect(
      weaknesses([
        { type: 1, id: 23, keyBits: 256 },
        { type: 6, id: 36 },
      ]),
    ).toEqual([]);
  });
});
