/** Authentication by certificate (RFC 7296 §2.15, RFC 7427), mixed with keys, and everything that may go wrong with it. */
import { describe, expect, it } from 'vitest';
import { concat, EMPTY, utf8 } from '#core/bytes/bytes.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { Question } from '#core/ikev2/questions.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { Forge } from '#test/harness/ikev2-forge.ts';
import { answersOf, certificateOf, proofOf, signatureOf } from '#test/harness/ikev2-login.ts';
import { id, Ikev2Pair, type PairOptions, PSK } from '#test/harness/ikev2-pair.ts';

const ALICE = 'alice@example.org';
const GATEWAY = 'gw.example.org';

/** Both ends by certificate. */
const BOTH = {
  initiator: {
    authentication: proofOf(ALICE),
    remoteAuthentication: { method: 'certificate', authorities: new Uint8Array(20).fill(1) },
  },
  responder: {
    authentication: proofOf(GATEWAY),
    remoteAuthentication: { method: 'certificate', authorities: EMPTY },
  },
  answers: { initiator: answersOf({ name: ALICE }), responder: answersOf({ name: GATEWAY }) },
} as const satisfies PairOptions;

const questionsOf = (pair: Ikev2Pair, end: 'initiator' | 'responder'): Question[] =>
  pair.events[end].of('question').map(({ question }) => question);

const malformed = (remoteId: string, detail: string): Failure => ({
  cause: 'certificate-rejected',
  remoteId,
  fault: { fault: 'malformed', subject: remoteId, detail },
});

describe('certificates', () => {
  it('of both ends make a tunnel in four messages', () => {
    const pair = new Ikev2Pair(BOTH).connect();
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SAi1, KEi, Ni, N(SIGNATURE_HASH_ALGORITHMS)',
      'R -> I: HDR, SAr1, KEr, Nr, N(SIGNATURE_HASH_ALGORITHMS), CERTREQ',
      'I -> R: HDR, SK {IDi, CERT, CERT, N(INITIAL_CONTACT), CERTREQ, IDr, AUTH, CP(CFG_REQUEST), SAi2, TSi, TSr}',
      'R -> I: HDR, SK {IDr, CERT, CERT, AUTH, CP(CFG_REPLY), SAr2, TSi, TSr}',
    ]);
    expect(pair.events.initiator.types).toEqual([
      'path',
      'question',
      'question',
      'ike-established',
      'config',
      'child-installed',
    ]);
    expect(pair.responder.state).toBe('established');
    expect([pair.initiator.counters.unknownNotifies, pair.responder.counters.unknownNotifies]).toEqual([
      0, 0,
    ]);
    expect(questionsOf(pair, 'initiator')).toMatchObject([
      { kind: 'sign', peerHashes: [2, 3, 4, 5], authorities: [] },
      {
        kind: 'verify-peer',
        claimed: id(GATEWAY),
        expected: id(GATEWAY),
        certificates: BOTH.responder.authentication.certificates,
        ocsp: [],
        auth: { method: 14 },
      },
    ]);
  });

  it('that do not fit a datagram go in fragments', () => {
    const pair = new Ikev2Pair({
      ...BOTH,
      initiator: { ...BOTH.initiator, authentication: proofOf(ALICE, 1_500) },
      responder: { ...BOTH.responder, authentication: proofOf(GATEWAY, 3_000) },
    }).connect();
    expect(pair.initiator.state).toBe('established');
    expect(pair.drawing.lines.filter((line) => line.includes('SKF'))).toHaveLength(5);
  });

  it('of the gateway with a key of ours, and the other way round', () => {
    const pskOfUs = new Ikev2Pair({
      initiator: { remoteAuthentication: { method: 'certificate', authorities: EMPTY } },
      responder: { authentication: proofOf(GATEWAY) },
      answers: { initiator: answersOf(), responder: answersOf({ name: GATEWAY }) },
    }).connect();
    expect(pskOfUs.initiator.state).toBe('established');
    expect(questionsOf(pskOfUs, 'initiator').map(({ kind }) => kind)).toEqual(['verify-peer']);
    const pskOfGateway = new Ikev2Pair({
      initiator: { authentication: proofOf(ALICE), remoteAuthentication: { method: 'psk', psk: PSK } },
      responder: {
        authentication: { method: 'psk', psk: PSK },
        remoteAuthentication: { method: 'certificate' },
      },
      answers: { initiator: answersOf({ name: ALICE }), responder: answersOf() },
    }).connect();
    expect(pskOfGateway.initiator.state).toBe('established');
    expect(questionsOf(pskOfGateway, 'initiator').map(({ kind }) => kind)).toEqual(['sign']);
  });

  it('are asked for by the names of CAs, which whoever signs is told', () => {
    const asked = [new Uint8Array(20).fill(7), new Uint8Array(20).fill(8)];
    const pair = new Ikev2Pair({
      ...BOTH,
      responder: {
        ...BOTH.responder,
        remoteAuthentication: { method: 'certificate', authorities: concat(...asked) },
      },
    }).connect();
    expect(questionsOf(pair, 'initiator')[0]).toMatchObject({ kind: 'sign', authorities: asked });
    const [, ours] = questionsOf(pair, 'responder');
    expect(ours).toMatchObject({ kind: 'sign', authorities: [new Uint8Array(20).fill(1)] });
  });

  it.each<[string, Uint8Array]>([
    ['nobody', EMPTY],
    ['half a hash', new Uint8Array(21)],
  ])('are asked for by the name of %s', (_who, authorities) => {
    const remoteAuthentication = { method: 'certificate', authorities } as const;
    const pair = new Ikev2Pair({ ...BOTH, responder: { ...BOTH.responder, remoteAuthentication } }).connect();
    expect(questionsOf(pair, 'initiator')[0]).toMatchObject({ kind: 'sign', authorities: [] });
    expect(pair.initiator.state).toBe('established');
  });

  it('of a CA that was not asked for are refused with its name', () => {
    const sign = BOTH.answers.initiator;
    const pair = new Ikev2Pair({
      ...BOTH,
      initiator: { ...BOTH.initiator, authentication: proofOf('mallory@example.org') },
      answers: {
        ...BOTH.answers,
        initiator: (question) => {
          const answer = sign(question);
          return answer?.kind === 'sign' ? { ...answer, issuer: 'CN=Other' } : answer;
        },
      },
    }).connect();
    expect(pair.events.initiator.failure).toMatchObject({
      cause: 'authentication-refused',
      issuer: 'CN=Other',
    });
  });

  it('go with OCSP responses, which are asked for (RFC 4806), and never with URLs', () => {
    const pair = new Ikev2Pair({
      ...BOTH,
      initiator: {
        ...BOTH.initiator,
        remoteAuthentication: { method: 'certificate', authorities: EMPTY, ocsp: true },
      },
    });
    new Forge(pair).rewrite(({ header, payloads }) =>
      header.exchange === ExchangeType.IKE_AUTH && header.response
        ? payloads.toSpliced(
            1,
            0,
            { kind: 'CERT', encoding: 14, data: utf8('ocsp') },
            { kind: 'CERT', encoding: 12, data: utf8('http://x') },
            { kind: 'CERT', encoding: 1, data: utf8('pkcs7') },
          )
        : undefined,
    );
    pair.connect();
    expect(pair.drawing.lines[2]).toContain('CERTREQ, CERTREQ');
    const [, question] = questionsOf(pair, 'initiator');
    expect(question).toMatchObject({ ocsp: [utf8('ocsp')] });
    expect(question?.kind === 'verify-peer' && question.certificates).toEqual(
      BOTH.responder.authentication.certificates,
    );
  });

  it('and keys need no announcement of hashes where no end signs', () => {
    const pair = new Ikev2Pair().connect();
    expect(pair.drawing.lines[0]).toBe('I -> R: HDR, SAi1, KEi, Ni');
  });

  it('of a gateway that announces no hashes are signed for by the old methods', () => {
    const pair = new Ikev2Pair(BOTH);
    new Forge(pair).rewrite(({ header, payloads }, direction) =>
      header.exchange === ExchangeType.IKE_SA_INIT && direction === 'R -> I'
        ? payloads.filter((payload) => payload.kind !== 'N' || payload.type !== 16_431)
        : undefined,
    );
    pair.connect();
    expect(questionsOf(pair, 'initiator')[0]).toMatchObject({ kind: 'sign', peerHashes: [] });
  });
});

describe('a gateway that cannot prove itself', () => {
  const FAREWELL = ['I -> R: HDR, SK {N(AUTHENTICATION_FAILED)}', 'R -> I: HDR, SK {}'];

  it.each<[string, PairOptions, string]>([
    [
      'has a certificate of another name',
      { responder: { ...BOTH.responder, authentication: proofOf('evil.example') } },
      `carries evil.example, not ${GATEWAY} and ${GATEWAY}`,
    ],
    [
      'signs with another key',
      { answers: { ...BOTH.answers, responder: answersOf({ name: 'other.example' }) } },
      'signature',
    ],
  ])('%s', (_name, options, detail) => {
    const pair = new Ikev2Pair({ ...BOTH, ...options }).connect();
    expect(pair.events.initiator.failure).toEqual(malformed(GATEWAY, detail));
    expect(pair.drawing.lines.slice(4)).toEqual(FAREWELL);
    expect(pair.events.initiator.types).not.toContain('child-installed');
  });

  it('shows a key in place of a certificate: nobody is asked', () => {
    const pair = new Ikev2Pair({
      ...BOTH,
      responder: { ...BOTH.responder, authentication: { method: 'psk', psk: PSK } },
    }).connect();
    expect(pair.events.initiator.failure).toMatchObject({
      cause: 'peer-authentication-failed',
      method: 'psk',
    });
    expect(questionsOf(pair, 'initiator').map(({ kind }) => kind)).toEqual(['sign']);
  });

  it('presents another identity than the profile wants, with a certificate for it', () => {
    const pair = new Ikev2Pair({
      ...BOTH,
      initiator: { ...BOTH.initiator, remoteId: id('vpn.example.org'), sendRemoteId: false },
    }).connect();
    expect(pair.events.initiator.failure).toEqual(
      malformed(GATEWAY, `carries ${GATEWAY}, not ${GATEWAY} and vpn.example.org`),
    );
  });

  it('has its octets changed on the way', () => {
    const pair = new Ikev2Pair(BOTH);
    pair.answers = {
      ...BOTH.answers,
      responder: (question) =>
        question.kind === 'sign'
          ? { kind: 'sign', auth: signatureOf(GATEWAY, question.octets.subarray(1)) }
          : BOTH.answers.responder(question),
    };
    pair.connect();
    expect(pair.events.initiator.failure).toEqual(malformed(GATEWAY, 'signature'));
  });
});

describe('a client', () => {
  it('without a key gives up before it says who it is', () => {
    const pair = new Ikev2Pair({ ...BOTH, answers: { ...BOTH.answers, initiator: answersOf() } }).connect();
    expect(pair.events.initiator.failure).toEqual({
      cause: 'certificate-unusable',
      detail: 'there is no key',
    });
    expect(pair.drawing.lines).toHaveLength(2);
  });

  it('whose certificate the gateway refuses hears AUTHENTICATION_FAILED', () => {
    const pair = new Ikev2Pair({
      ...BOTH,
      initiator: { ...BOTH.initiator, authentication: proofOf('mallory@example.org') },
    }).connect();
    expect(pair.drawing.lines.at(-1)).toBe('R -> I: HDR, SK {N(AUTHENTICATION_FAILED)}');
    expect(pair.events.initiator.failure).toEqual({
      cause: 'authentication-refused',
      method: 'certificate',
      localId: ALICE,
      remoteId: GATEWAY,
    });
    expect(pair.events.responder.failure?.cause).toBe('certificate-rejected');
  });

  it('with a key is refused where a certificate is wanted', () => {
    const pair = new Ikev2Pair({
      ...BOTH,
      initiator: { remoteAuthentication: { method: 'certificate' } },
    }).connect();
    expect(pair.events.initiator.failure?.cause).toBe('authentication-refused');
    expect(pair.events.responder.failure).toMatchObject({
      cause: 'peer-authentication-failed',
      method: 'psk',
    });
  });

  it('without an answer of the gateway’s signer is refused, not left alone', () => {
    const pair = new Ikev2Pair({ ...BOTH, answers: { ...BOTH.answers, responder: answersOf() } }).connect();
    expect(pair.events.initiator.failure?.cause).toBe('authentication-refused');
    expect(pair.events.responder.failure?.cause).toBe('certificate-unusable');
  });
});

describe('what stands behind a question', () => {
  it('are copies: a receive buffer that is used again changes nothing', () => {
    const pair = new Ikev2Pair({ ...BOTH, answers: { responder: BOTH.answers.responder } });
    const sign = answersOf({ name: ALICE });
    pair.initiate().run(25);
    const answerOpen = (): void => {
      const open = pair.events.initiator.of('question').at(-1);
      const answer = open && sign(open.question);
      if (answer === undefined) throw new Error('nothing was asked');
      pair.do((now) => pair.initiator.answer(now, open?.id ?? 0, answer));
    };
    answerOpen();
    const handed: Uint8Array[] = [];
    pair.link.tamper = (flying) => {
      handed.push(flying.bytes);
      return [flying];
    };
    pair.run(25);
    expect(pair.initiator.state).toBe('asking');
    for (const bytes of handed) bytes.fill(0xee);
    answerOpen();
    expect(pair.initiator.state).toBe('established');
    expect(certificateOf('x', 3)).not.toEqual(EMPTY);
  });
});
