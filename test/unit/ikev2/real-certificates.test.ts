/**
 * The engine with real certificates and keys behind its questions: core/pki judges, node:crypto computes. Every kind of key, by
 * RFC 7427 and by the AUTH methods of old (RFC 7296 §3.8, RFC 4754), and a gateway that is not the one.
 */
import { createPrivateKey, sign } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { failureOfAuth, failureOfChain, failureOfChoice } from '#core/failure/certificate-failures.ts';
import { formatIdentification } from '#core/ike/identification.ts';
import type { Question } from '#core/ikev2/questions.ts';
import { chooseAuth } from '#core/pki/auth-choice.ts';
import { encodeAuthData, verifyAuth } from '#core/pki/auth-signature.ts';
import { decodeCertificate } from '#core/pki/certificate.ts';
import { encodeAuthorities } from '#core/pki/certreq.ts';
import { findPath, trustAnchors } from '#core/pki/path.ts';
import { DEFAULT_PATH_POLICY } from '#core/pki/path-policy.ts';
import type { Purpose } from '#core/pki/usage.ts';
import { nodePkiCrypto, digestOf, optionsOf } from '#helper/pki/verifier.ts';
import { pemCertificates } from '#helper/pki/trust.ts';
import { Forge } from '#test/harness/ikev2-forge.ts';
import type { Answerer } from '#test/harness/ikev2-login.ts';
import { Ikev2Pair, type PairOptions } from '#test/harness/ikev2-pair.ts';
import { type Issued, type LeafOptions, TestPki } from '#test/harness/test-pki.ts';

const ALICE = 'alice@example.org';
const GATEWAY = 'gw.example.org';

const pki = new TestPki();
afterAll(() => pki[Symbol.dispose]());
const ca = pki.ca('Real');
const anchors = pemCertificates(ca.certificates).map(decodeCertificate);

const clientOf = (key: LeafOptions['key'] = 'P-256'): Issued =>
  pki.leaf(ca, 'alice', { san: `email:${ALICE}`, usage: 'clientAuth', key });
const gatewayOf = (key: LeafOptions['key'] = 'P-256', san = GATEWAY): Issued =>
  pki.leaf(ca, 'gateway', { san: `DNS:${san}`, usage: 'serverAuth', key });

/** Signs with `own`, believes what core/pki believes of a peer with this purpose. */
const answersOf =
  (own: Issued, purpose: Purpose, rsaPss = false): Answerer =>
  (question) => {
    if (question.kind === 'sign') return signWith(own, question, rsaPss);
    return question.kind === 'verify-peer' ? judge(question, purpose) : undefined;
  };

function signWith(own: Issued, question: Extract<Question, { kind: 'sign' }>, rsaPss: boolean) {
  const [leaf] = pemCertificates(own.certificates).map(decodeCertificate);
  if (leaf === undefined || !('facts' in leaf.key)) throw new Error('no key');
  const plan = chooseAuth({ facts: leaf.key.facts, rsaPss }, question.peerHashes);
  if ('fault' in plan) return { kind: 'failed', failure: failureOfChoice(plan) } as const;
  const key = createPrivateKey(own.key);
  const signature = sign(digestOf(plan.scheme), question.octets, { key, ...optionsOf(plan.scheme) });
  const auth = { method: plan.method, data: encodeAuthData(plan, Uint8Array.from(signature)) };
  return { kind: 'sign', auth } as const;
}

function judge(question: Extract<Question, { kind: 'verify-peer' }>, purpose: Purpose) {
  const { claimed, expected, certificates, auth, octets } = question;
  const remoteId = formatIdentification(claimed);
  const names = [
    { wants: 'IDr' as const, anyOf: [claimed] },
    ...(expected === undefined ? [] : [{ wants: 'profile' as const, anyOf: [expected] }]),
  ];
  const policy = { ...DEFAULT_PATH_POLICY, purpose, names };
  const found = findPath(nodePkiCrypto, Date.now(), certificates, trustAnchors(anchors), policy);
  if ('fault' in found) return { kind: 'failed', failure: failureOfChain(found.fault, remoteId) } as const;
  const { key } = found.path[0];
  if (!('facts' in key)) throw new Error('an unknown key in a good path');
  const fault = verifyAuth(nodePkiCrypto, key, auth, octets);
  return fault === undefined
    ? ({ kind: 'verify-peer' } as const)
    : ({ kind: 'failed', failure: failureOfAuth(fault, remoteId) } as const);
}

function ends(client: Issued, gateway: Issued, rsaPss = false): PairOptions {
  const proof = (own: Issued) =>
    ({ method: 'certificate', certificates: pemCertificates(own.certificates) }) as const;
  const request = { method: 'certificate', authorities: encodeAuthorities(anchors) } as const;
  return {
    initiator: { authentication: proof(client), remoteAuthentication: request },
    responder: { authentication: proof(gateway), remoteAuthentication: request },
    answers: {
      initiator: answersOf(client, 'gateway', rsaPss),
      responder: answersOf(gateway, 'client', rsaPss),
    },
  };
}

const authMethods = (pair: Ikev2Pair): number[] =>
  pair.drawing.messages.flatMap(({ message }) =>
    message.payloads.flatMap((payload) => (payload.kind === 'AUTH' ? [payload.method] : [])),
  );

/** As if the peer had announced no hashes, as gateways from before RFC 7427. */
const oldPeer =
  (answerer: Answerer | undefined): Answerer =>
  (question) =>
    answerer?.(question.kind === 'sign' ? { ...question, peerHashes: [] } : question);

describe('real certificates', () => {
  it.each<[NonNullable<LeafOptions['key']>, number | undefined]>([
    ['P-256', 9],
    ['P-384', 10],
    ['P-521', 11],
    ['RSA', 1],
    ['Ed25519', undefined],
    ['Ed448', undefined],
  ])('of %s, by RFC 7427 and by the method of old', (key, old) => {
    const options = ends(clientOf(key), gatewayOf(key));
    const pair = new Ikev2Pair(options).connect();
    expect(pair.initiator.state).toBe('established');
    expect(authMethods(pair)).toEqual([14, 14]);
    const { initiator, responder } = options.answers ?? {};
    const answers = { initiator: oldPeer(initiator), responder: oldPeer(responder) };
    const before = new Ikev2Pair({ ...options, answers }).connect();
    expect([before.initiator.state, before.events.initiator.failure?.cause, authMethods(before)]).toEqual(
      old === undefined ? ['closed', 'certificate-unusable', []] : ['established', undefined, [old, old]],
    );
  });

  it('of RSA with PSS', () => {
    const pair = new Ikev2Pair(ends(clientOf('RSA'), gatewayOf('RSA'), true)).connect();
    expect(pair.initiator.state).toBe('established');
  });

  it('of another name are refused with the names they carry', () => {
    const pair = new Ikev2Pair(ends(clientOf(), gatewayOf('P-256', 'evil.example'))).connect();
    expect(pair.events.initiator.failure).toMatchObject({
      cause: 'certificate-rejected',
      remoteId: GATEWAY,
      fault: { fault: 'wrong-name', names: ['evil.example', 'CN=gateway'], expected: [GATEWAY] },
    });
  });

  it('of a client in the place of a gateway are refused', () => {
    const wrong = pki.leaf(ca, 'gateway', { san: `DNS:${GATEWAY}`, usage: 'clientAuth' });
    const pair = new Ikev2Pair(ends(clientOf(), wrong)).connect();
    expect(pair.events.initiator.failure).toMatchObject({ fault: { fault: 'wrong-usage' } });
  });

  it('with a signature of another key, or changed octets, are refused', () => {
    const [client, gateway] = [clientOf(), gatewayOf()];
    const options = ends(client, gateway);
    const stolen = { ...gateway, key: gatewayOf().key };
    const pair = new Ikev2Pair({
      ...options,
      answers: { ...options.answers, responder: answersOf(stolen, 'client') },
    }).connect();
    expect(pair.events.initiator.failure).toMatchObject({
      cause: 'peer-authentication-failed',
      method: 'certificate',
    });
    const changed = new Ikev2Pair(options);
    new Forge(changed).rewrite(({ header, payloads }) =>
      header.response && header.messageId === 1
        ? payloads.map((payload) =>
            payload.kind === 'AUTH'
              ? {
                  ...payload,
                  data: payload.data.map((octet, i, all) => (i === all.length - 3 ? octet ^ 1 : octet)),
                }
              : payload,
          )
        : undefined,
    );
    changed.connect();
    expect(changed.events.initiator.failure).toMatchObject({ cause: 'peer-authentication-failed' });
  });
});
