/** Choosing among proposals (RFC 7296 §2.7, §3.3). */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '#core/bytes/bytes.ts';
import type { Proposal, Transform } from '#core/ike/proposal.ts';
import { selectProposal, verifySelection } from '#core/ike/select-proposal.ts';
import { proposal as anyProposal } from '#test/harness/ikev2-arbitraries.ts';

const [ENCR, PRF, INTEG, KE, SN, ADDKE1] = [1, 2, 3, 4, 5, 6] as const;
const NONE = 0;
const AES_CBC = 12;
const AES_GCM = 20;
const CHACHA = 28;
const SHA256 = 12;
const SHA384 = 13;

/** `[1, 12, 256]`: type, ID, key length. */
type Row = readonly [type: number, id: number, keyBits?: number];
const transforms = (rows: readonly Row[]): Transform[] =>
  rows.map(([type, id, keyBits]) => (keyBits === undefined ? { type, id } : { type, id, keyBits }));
const ike = (number: number, ...rows: Row[]): Proposal => ({
  number,
  protocol: 1,
  spi: new Uint8Array(),
  transforms: transforms(rows),
});
const esp = (number: number, spi: string, ...rows: Row[]): Proposal => ({
  number,
  protocol: 3,
  spi: fromHex(spi),
  transforms: transforms(rows),
});
const chosen = (offered: Proposal[], acceptable: Proposal[]): Proposal | undefined =>
  selectProposal(offered, acceptable)?.proposal;

describe('selectProposal', () => {
  const cbc: Row[] = [
    [ENCR, AES_CBC, 128],
    [ENCR, AES_CBC, 256],
    [PRF, 5],
    [INTEG, SHA256],
    [INTEG, SHA384],
    [KE, 19],
    [KE, 31],
  ];

  it('takes one transform a type, in our order of preference', () => {
    const ours = ike(
      1,
      [ENCR, AES_CBC, 256],
      [ENCR, AES_CBC, 128],
      [PRF, 5],
      [INTEG, SHA384],
      [INTEG, SHA256],
      [KE, 31],
      [KE, 19],
    );
    expect(chosen([ike(7, ...cbc)], [ours])).toEqual(
      ike(7, [ENCR, AES_CBC, 256], [PRF, 5], [INTEG, SHA384], [KE, 31]),
    );
  });

  it('prefers our first proposal to the first of the offer, then the order of the offer', () => {
    const gcm: Row[] = [
      [ENCR, AES_GCM, 256],
      [PRF, 5],
      [KE, 19],
    ];
    const offered = [ike(1, ...cbc), ike(2, ...gcm), ike(3, ...gcm)];
    expect(chosen(offered, [ike(1, ...gcm), ike(2, ...cbc)])?.number).toBe(2);
    expect(chosen(offered, [ike(1, ...cbc), ike(2, ...gcm)])?.number).toBe(1);
  });

  it('answers with the SPI of the offer', () => {
    const rows: Row[] = [
      [ENCR, AES_GCM, 128],
      [SN, 0],
    ];
    expect(chosen([esp(4, '0a0b0c0d', ...rows)], [esp(1, '', ...rows)])).toEqual(esp(4, '0a0b0c0d', ...rows));
  });

  it.each<[string, Row[], Row[], Row[] | undefined]>([
    [
      'NONE beside an AEAD',
      [
        [ENCR, AES_GCM, 128],
        [INTEG, NONE],
        [SN, 0],
      ],
      [
        [ENCR, AES_GCM, 128],
        [SN, 0],
      ],
      [
        [ENCR, AES_GCM, 128],
        [INTEG, NONE],
        [SN, 0],
      ],
    ],
    [
      'an integrity algorithm beside an AEAD',
      [
        [ENCR, AES_GCM, 128],
        [INTEG, SHA256],
        [SN, 0],
      ],
      [
        [ENCR, AES_GCM, 128],
        [SN, 0],
      ],
      undefined,
    ],
    [
      'no KE where we need none',
      [
        [ENCR, AES_GCM, 128],
        [SN, 0],
      ],
      [
        [ENCR, AES_GCM, 128],
        [KE, 19],
        [KE, NONE],
        [SN, 0],
      ],
      [
        [ENCR, AES_GCM, 128],
        [SN, 0],
      ],
    ],
    [
      'no KE where we insist',
      [
        [ENCR, AES_GCM, 128],
        [SN, 0],
      ],
      [
        [ENCR, AES_GCM, 128],
        [KE, 19],
        [SN, 0],
      ],
      undefined,
    ],
    [
      'KE or NONE where we have none',
      [
        [ENCR, AES_GCM, 128],
        [KE, 19],
        [KE, NONE],
        [SN, 0],
      ],
      [
        [ENCR, AES_GCM, 128],
        [SN, 0],
      ],
      [
        [ENCR, AES_GCM, 128],
        [KE, NONE],
        [SN, 0],
      ],
    ],
    [
      'KE where we have none',
      [
        [ENCR, AES_GCM, 128],
        [KE, 19],
        [SN, 0],
      ],
      [
        [ENCR, AES_GCM, 128],
        [SN, 0],
      ],
      undefined,
    ],
    [
      'sequence numbers left out',
      [[ENCR, AES_GCM, 128]],
      [
        [ENCR, AES_GCM, 128],
        [SN, 0],
      ],
      [[ENCR, AES_GCM, 128]],
    ],
    [
      'sequence numbers left out, we insist on 64 bits',
      [[ENCR, AES_GCM, 128]],
      [
        [ENCR, AES_GCM, 128],
        [SN, 1],
      ],
      undefined,
    ],
    [
      'both sequence numbers',
      [
        [ENCR, AES_GCM, 128],
        [SN, 0],
        [SN, 1],
      ],
      [
        [ENCR, AES_GCM, 128],
        [SN, 1],
        [SN, 0],
      ],
      [
        [ENCR, AES_GCM, 128],
        [SN, 1],
      ],
    ],
    [
      'an additional key exchange that may be none',
      [
        [ENCR, AES_GCM, 128],
        [ADDKE1, 36],
        [ADDKE1, NONE],
      ],
      [[ENCR, AES_GCM, 128]],
      [
        [ENCR, AES_GCM, 128],
        [ADDKE1, NONE],
      ],
    ],
    [
      'an additional key exchange that must be',
      [
        [ENCR, AES_GCM, 128],
        [ADDKE1, 36],
      ],
      [[ENCR, AES_GCM, 128]],
      undefined,
    ],
    ['another key length', [[ENCR, AES_GCM, 256]], [[ENCR, AES_GCM, 128]], undefined],
    ['a key length where none is sent', [[ENCR, CHACHA, 256]], [[ENCR, CHACHA]], undefined],
    [
      'a type that nobody knows',
      [
        [ENCR, CHACHA],
        [13, 1],
      ],
      [[ENCR, CHACHA]],
      undefined,
    ],
    [
      'no encryption',
      [[INTEG, SHA256]],
      [
        [ENCR, CHACHA],
        [INTEG, SHA256],
      ],
      undefined,
    ],
    [
      'a PRF in ESP',
      [
        [ENCR, CHACHA],
        [PRF, 5],
      ],
      [[ENCR, CHACHA]],
      undefined,
    ],
  ])('%s', (_, offer, ours, expected) => {
    const answer = chosen([esp(1, '01020304', ...offer)], [esp(1, '', ...ours)]);
    expect(answer?.transforms).toEqual(expected && transforms(expected));
  });

  it('passes over a transform with an unknown attribute, not over its neighbour', () => {
    const strange: Transform = { type: ENCR, id: CHACHA, unknownAttribute: true };
    const ours = [esp(1, '', [ENCR, CHACHA], [ENCR, AES_GCM, 128])];
    const offer = (...rows: Transform[]): Proposal => ({ ...esp(1, '01020304'), transforms: rows });
    expect(chosen([offer(strange)], ours)).toBeUndefined();
    expect(chosen([offer(strange, { type: ENCR, id: AES_GCM, keyBits: 128 })], ours)?.transforms).toEqual([
      { type: ENCR, id: AES_GCM, keyBits: 128 },
    ]);
  });

  it('does not mix protocols', () => {
    expect(
      chosen([{ ...esp(1, '01020304', [ENCR, CHACHA]), protocol: 2 }], [esp(1, '', [ENCR, CHACHA])]),
    ).toBeUndefined();
  });

  it('is accepted by whoever offered, for any two lists', () => {
    const list = fc.array(anyProposal, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(list, list, (offered, acceptable) => {
        // Numbers tell proposals apart, as the RFC demands of offers.
        const numbered = offered.map((one, i) => ({ ...one, number: i + 1 }));
        for (const ours of [acceptable, offered]) {
          const answer = chosen(numbered, ours);
          expect(answer && verifySelection(numbered, [answer])).toBe(answer);
        }
      }),
    );
  });
});

describe('verifySelection', () => {
  const ours = [
    ike(1, [ENCR, AES_CBC, 128], [ENCR, AES_CBC, 256], [PRF, 5], [INTEG, SHA256], [KE, 19], [KE, 31]),
    ike(2, [ENCR, AES_GCM, 256], [PRF, 5], [KE, 19]),
  ];

  it.each([
    [ike(1, [ENCR, AES_CBC, 256], [PRF, 5], [INTEG, SHA256], [KE, 31])],
    [ike(2, [ENCR, AES_GCM, 256], [PRF, 5], [KE, 19])],
    [ike(2, [KE, 19], [ENCR, AES_GCM, 256], [INTEG, NONE], [PRF, 5])],
  ])('takes a subset of ours', (answer) => {
    expect(verifySelection(ours, [answer])).toBe(answer);
  });

  it.each<[string, Proposal[], RegExp]>([
    ['no proposal', [], /0 proposals/],
    ['two proposals', [...ours], /2 proposals/],
    ['a number of its own', [ike(3, [ENCR, AES_GCM, 256], [PRF, 5], [KE, 19])], /number 3/],
    [
      'the number of another',
      [ike(1, [ENCR, AES_GCM, 256], [PRF, 5], [KE, 19])],
      /transform 1\/20\/256, which was not offered/,
    ],
    [
      'another protocol',
      [{ ...ike(2, [ENCR, AES_GCM, 256], [PRF, 5], [KE, 19]), protocol: 3 }],
      /protocol 3 in place of 1/,
    ],
    [
      'two of a type',
      [ike(1, [ENCR, AES_CBC, 256], [PRF, 5], [INTEG, SHA256], [KE, 31], [KE, 19])],
      /2 transforms of type 4/,
    ],
    ['a missing type', [ike(1, [ENCR, AES_CBC, 256], [INTEG, SHA256], [KE, 31])], /no transform of type 2/],
    ['a missing INTEG', [ike(1, [ENCR, AES_CBC, 256], [PRF, 5], [KE, 31])], /no transform of type 3/],
    ['a missing KE', [ike(2, [ENCR, AES_GCM, 256], [PRF, 5])], /no transform of type 4/],
    [
      'a type of its own',
      [ike(2, [ENCR, AES_GCM, 256], [PRF, 5], [KE, 19], [13, 1])],
      /13\/1, which was not offered/,
    ],
    ['another key length', [ike(2, [ENCR, AES_GCM, 128], [PRF, 5], [KE, 19])], /1\/20\/128/],
    ['no key length', [ike(2, [ENCR, AES_GCM], [PRF, 5], [KE, 19])], /1\/20, which/],
    [
      'an unknown attribute',
      [
        {
          ...ours[1],
          transforms: ours[1]?.transforms.map((t) => (t.type === KE ? { ...t, unknownAttribute: true } : t)),
        } as Proposal,
      ],
      /4\/19/,
    ],
  ])('refuses %s', (_, answer, why) => {
    expect(verifySelection(ours, answer)).toMatch(why);
  });
});
