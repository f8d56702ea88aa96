/** Proposals as keywords, to be typed and to be shown. */
import { describe, expect, it } from 'vitest';
import { ENCRYPTION_ROWS } from '#core/crypto/encryption.ts';
import { INTEGRITY_ROWS } from '#core/crypto/integrity.ts';
import { KEY_EXCHANGE_ROWS } from '#core/crypto/key-exchange.ts';
import {
  formatTransforms,
  KeywordError,
  type ProposalProtocol,
  parseProposal,
  parseProposals,
} from '#core/crypto/keywords.ts';
import { PRF_ROWS } from '#core/crypto/prf.ts';

function errorOf(text: string, protocol: ProposalProtocol): KeywordError {
  try {
    parseProposal(text, protocol);
  } catch (error) {
    if (error instanceof KeywordError) return error;
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

describe('IKE proposals', () => {
  it('orders transforms by type, and keeps the preference within a type', () => {
    expect(parseProposal('ecp384-aes128-sha256-prfsha512-aes256-ecp256', 'IKE')).toEqual([
      { type: 1, id: 12, keyBits: 128 },
      { type: 1, id: 12, keyBits: 256 },
      { type: 2, id: 7 },
      { type: 3, id: 12 },
      { type: 4, id: 20 },
      { type: 4, id: 19 },
    ]);
  });

  it('takes PRFs from the integrity algorithms where none is named', () => {
    const prfs = parseProposal('aes128-sha1-sha256-sha384-sha512-md5-aesxcbc-aescmac-modp2048', 'IKE')
      .filter(({ type }) => type === 2)
      .map(({ id }) => id);
    expect(prfs).toEqual([2, 5, 6, 7, 1, 4, 8]);
  });

  it('beside an AEAD, an integrity algorithm names the PRF and is gone', () => {
    expect(parseProposal('aes256gcm16-sha384-ecp384', 'IKE')).toEqual(
      parseProposal('aes256gcm16-prfsha384-ecp384', 'IKE'),
    );
    expect(parseProposal('aes256gcm16-sha256-prfsha512-ecp384', 'IKE').map(({ type }) => type)).toEqual([
      1, 2, 4,
    ]);
  });
});

describe('ESP proposals', () => {
  it('means 32-bit sequence numbers where none are named', () => {
    expect(parseProposal('aes256gcm16', 'ESP')).toEqual([
      { type: 1, id: 20, keyBits: 256 },
      { type: 5, id: 0 },
    ]);
    expect(parseProposal('aes256gcm16-esn-noesn', 'ESP')).toEqual([
      { type: 1, id: 20, keyBits: 256 },
      { type: 5, id: 1 },
      { type: 5, id: 0 },
    ]);
  });

  it('may name a group for PFS, or leave it to the gateway', () => {
    expect(parseProposal('aes128-sha1-modp2048-none', 'ESP').filter(({ type }) => type === 4)).toEqual([
      { type: 4, id: 14 },
      { type: 4, id: 0 },
    ]);
    expect(parseProposal('null-sha256', 'ESP')[0]).toEqual({ type: 1, id: 11 });
  });
});

describe('additional key exchanges (RFC 9370)', () => {
  it('have a place each, and a choice within it', () => {
    const transforms = parseProposal('aes128-sha256-ke2_x25519-ke1_mlkem768-ke1_none-ecp256', 'IKE');
    expect(transforms.filter(({ type }) => type >= 4)).toEqual([
      { type: 4, id: 19 },
      { type: 6, id: 36 },
      { type: 6, id: 0 },
      { type: 7, id: 31 },
    ]);
  });

  it.each(['IKE', 'ESP'] as const)('need a first one (%s)', (protocol) => {
    const error = errorOf('aes256-sha256-ke1_mlkem768', protocol);
    expect(error.fault).toMatchObject({ rule: 'proposal-lacks', what: 'key-exchange' });
  });

  it('end with the seventh', () => {
    expect(parseProposal('aes128gcm16-ecp256-ke7_mlkem512', 'ESP').at(-1)).toEqual({ type: 12, id: 35 });
    expect(errorOf('aes128gcm16-ecp256-ke8_mlkem512', 'ESP').accepted).toContain('ke1_mlkem512');
  });
});

describe('spelling', () => {
  it.each([
    ['aes', 'aes128'],
    ['aes128gcm', 'aes128gcm16'],
    ['aes128gcm128', 'aes128gcm16'],
    ['aes192gcm96', 'aes192gcm12'],
    ['aes256ccm64', 'aes256ccm8'],
    ['aes256ccm', 'aes256ccm16'],
  ])('%s is %s', (alias, keyword) => {
    const rest = '-sha256';
    expect(parseProposal(alias + rest, 'ESP')).toEqual(parseProposal(keyword + rest, 'ESP'));
  });

  it.each([
    ['sha', 'sha1'],
    ['sha2_256', 'sha256'],
    ['sha2_384', 'sha384'],
    ['sha2_512', 'sha512'],
    ['sha256-x25519', 'sha256-curve25519'],
    ['sha256-x448', 'sha256-curve448'],
    ['sha256-modpnone', 'sha256-none'],
  ])('%s is %s', (alias, keyword) => {
    expect(parseProposal(`aes256-${alias}`, 'ESP')).toEqual(parseProposal(`aes256-${keyword}`, 'ESP'));
  });

  it('does not mind capitals, blanks around it, or a keyword that stands twice', () => {
    expect(parseProposal(' AES256-SHA256-aes256-MODP2048 ', 'IKE')).toEqual(
      parseProposal('aes256-sha256-modp2048', 'IKE'),
    );
  });

  it('gives no spelling to two algorithms', () => {
    const rows = [...ENCRYPTION_ROWS, ...PRF_ROWS, ...INTEGRITY_ROWS, ...KEY_EXCHANGE_ROWS];
    const spellings = rows.flatMap(({ keyword, aliases = [] }) => [keyword, ...aliases]);
    expect(new Set(spellings).size).toBe(spellings.length);
    for (const spelling of spellings) expect(spelling).toMatch(/^[a-z0-9_]+$/);
  });
});

describe('errors name the keyword and what would do', () => {
  it.each([
    ['aes265-sha256-ecp256', 'IKE', 'aes265', 'aes256'],
    ['aes256-sha255-ecp256', 'IKE', 'sha255', 'sha256'],
    ['aes256gcm-prfsha256-curve22519', 'IKE', 'curve22519', 'curve25519'],
    ['aes128gcm17', 'ESP', 'aes128gcm17', 'aes128gcm16'],
  ] as const)('%s (%s): a slip', (text, protocol, keyword, nearest) => {
    const error = errorOf(text, protocol);
    expect(error.keyword).toBe(keyword);
    expect(error.accepted[0]).toBe(nearest);
    expect(error.message).toContain(`"${keyword}"`);
    expect(error.message).toContain(nearest);
  });

  it.each([
    ['aes256gcm16-ecp256', 'IKE', 'aes256gcm16', 'prfsha256'],
    ['aes256-sha256', 'IKE', 'aes256-sha256', 'ecp256'],
    ['aes256-ecp256', 'IKE', 'aes256', 'sha256'],
    ['sha256-ecp256', 'IKE', 'sha256-ecp256', 'aes256gcm16'],
    ['aes256', 'ESP', 'aes256', 'sha256'],
    ['null-sha256-ecp256', 'IKE', 'null', 'aes256gcm16'],
    ['aes256-sha256-none', 'IKE', 'none', 'ecp256'],
  ] as const)('%s (%s): something lacks', (text, protocol, keyword, remedy) => {
    const error = errorOf(text, protocol);
    expect(error.keyword).toBe(keyword);
    expect(error.accepted).toContain(remedy);
  });

  it.each([
    ['aes256-aes128gcm16-sha256-ecp256', 'IKE', 'separate proposals'],
    ['aes256-sha256-prfsha256', 'ESP', 'leave it out'],
    ['aes256-sha256-ecp256-esn', 'IKE', 'leave it out'],
    ['', 'ESP', 'a keyword is missing'],
    ['aes256--sha256', 'ESP', 'a keyword is missing'],
  ] as const)('%s (%s): the remedy is in the text', (text, protocol, remedy) => {
    expect(errorOf(text, protocol).message).toContain(remedy);
  });

  it('does not linger over a keyword of a megabyte', () => {
    expect(errorOf('x'.repeat(1 << 20), 'ESP').accepted.length).toBe(3);
  });
});

describe('printing', () => {
  it.each([
    ['aes256gcm16-aes128gcm16-prfsha384-prfsha256-ecp384-curve25519', 'IKE'],
    ['aes256-aes128-sha256-sha1-modp2048', 'IKE'],
    ['aes256-sha256-prfsha1-modp2048', 'IKE'],
    ['aes128ccm12', 'ESP'],
    ['chacha20poly1305-ecp256-none-esn', 'ESP'],
    ['aes256-sha256-noesn-esn', 'ESP'],
    ['aes256-sha256-ecp256-ke1_mlkem768-ke1_mlkem1024-ke3_none', 'IKE'],
    ['aes256-sha256-ecp256-ke1_mlkem768-esn', 'ESP'],
  ] as const)('%s', (text, protocol) => {
    expect(formatTransforms(parseProposal(text, protocol), protocol)).toBe(text);
  });

  it("names what has no keyword as IANA does, and a peer's additional key exchanges", () => {
    const offered = [
      { type: 1, id: 23, keyBits: 256 },
      { type: 1, id: 12, keyBits: 128, unknownAttribute: true },
      { type: 2, id: 99 },
      { type: 3, id: 0 },
      { type: 4, id: 31 },
      { type: 6, id: 36 },
      { type: 7, id: 0 },
      { type: 13, id: 1 },
    ] as const;
    expect(formatTransforms(offered, 'IKE')).toBe(
      'ENCR_CAMELLIA_CBC/256-ENCR_AES_CBC/128-PRF(99)-curve25519-ke1_mlkem768-ke2_none-Transform Type(13)(1)',
    );
  });
});

it('numbers proposals from 1 and leaves the SPI empty', () => {
  const proposals = parseProposals(['aes256gcm16', 'aes256-sha256'], 'ESP');
  expect(proposals.map(({ number, protocol, spi }) => [number, protocol, spi.length])).toEqual([
    [1, 3, 0],
    [2, 3, 0],
  ]);
  expect(parseProposals(['aes256-sha256-ecp256'], 'IKE')[0]?.protocol).toBe(1);
});
