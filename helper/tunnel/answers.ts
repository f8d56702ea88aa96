/**
 * Answers the engine's questions (core/ikev2/questions.ts) for one attempt to connect: a table, one row a kind. What only a
 * person knows goes to person.ts. association.ts hands the questions on.
 */
import type { EapAnswer, EapQuestion } from '#core/eap/question.ts';
import { failureOfChoice } from '#core/failure/certificate-failures.ts';
import type { Answer, AnswerTo, Question } from '#core/ikev2/questions.ts';
import { chooseAuth } from '#core/pki/auth-choice.ts';
import { encodeAuthData } from '#core/pki/auth-signature.ts';
import { decodeCertificate } from '#core/pki/certificate.ts';
import { asksForOthers } from '#core/pki/certreq.ts';
import { gatewayAuthenticationOf } from '#core/profile/needs.ts';
import type { Logger } from '../log/log.ts';
import { faultText } from '../log/fault.ts';
import { EapTls } from '../tls/eap-tls.ts';
import type { Credentials, OwnCertificate } from './credentials.ts';
import { faultFailure } from './failures.ts';
import type { Person, PersonQuestion } from './person.ts';
import { revocationFor, verifyTlsServer } from './tls-server.ts';
import { authoritiesOf, type Dialled, type Trust, verifyPeer } from './verify-peer.ts';

interface AnswersDeps extends Dialled {
  readonly credentials: Credentials;
  readonly person: Person;
  readonly trust: Trust;
  readonly log: Logger;
}

type Of<K extends Question['kind']> = Extract<Question, { kind: K }>;
type Typed = Exclude<EapQuestion['kind'], 'tls'>;

/** What a question of EAP looks like to the person, and how the text becomes its answer. */
const TYPED: {
  readonly [K in Typed]: {
    readonly shown: (question: Extract<EapQuestion, { kind: K }>) => PersonQuestion;
    readonly answer: (text: string) => EapAnswer;
  };
} = {
  password: {
    shown: ({ user, retry, message }) => ({
      kind: 'password',
      prompt: said(retry ? `Wrong password. Password of ${user}` : `Password of ${user}`, message),
      user,
      retry,
    }),
    answer: (password) => ({ kind: 'password', password }),
  },
  'one-time-code': {
    shown: ({ user, prompt }) => ({
      kind: 'one-time-code',
      prompt: prompt.trim().replace(/:$/, '') || 'One-time code',
      user,
      retry: false,
    }),
    answer: (code) => ({ kind: 'one-time-code', code }),
  },
  'new-password': {
    shown: ({ user, message }) => ({
      kind: 'new-password',
      prompt: said(`The password of ${user} has expired. New password`, message),
      user,
      retry: false,
    }),
    answer: (newPassword) => ({ kind: 'new-password', newPassword }),
  },
};

const said = (prompt: string, message: string | undefined): string =>
  message === undefined || message === '' ? prompt : `${message}. ${prompt}`;

export class Answers implements Disposable {
  readonly #deps: AnswersDeps;
  readonly #tls: EapTls;

  constructor(deps: AnswersDeps) {
    this.#deps = deps;
    const { own } = deps.credentials;
    const proof = gatewayAuthenticationOf(deps.profile);
    const authorities = authoritiesOf(proof);
    this.#tls = new EapTls({
      ...(authorities.length === 0 ? {} : { ca: authorities.map((der) => pem('CERTIFICATE', der)) }),
      ...(own === undefined
        ? {}
        : {
            credentials: {
              certificates: own.certificates.map((der) => pem('CERTIFICATE', der)).join(''),
              key: pem('PRIVATE KEY', own.privateKey),
            },
          }),
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      askForStaple: revocationFor(proof).ocsp,
      verifyPeer: (peer) => verifyTlsServer(peer, deps, deps.trust, deps.log),
    });
  }

  /** Never rejects: a question that fails here is one that nobody answers, with the reason. */
  async answer(question: Question): Promise<Answer> {
    try {
      switch (question.kind) {
        case 'sign':
          return await this.#sign(question);
        case 'verify-peer':
          return await verifyPeer(question, this.#deps, this.#deps.trust, this.#deps.log);
        default:
          return { kind: 'eap', eap: await this.#eap(question.eap) };
      }
    } catch (error) {
      this.#deps.log.error(`a question of the key exchange failed: ${faultText(error)}`);
      if (question.kind === 'eap') return { kind: 'eap', eap: { kind: 'none' } };
      return { kind: 'failed', failure: faultFailure('The proof could not be made or checked', error) };
    }
  }

  [Symbol.dispose](): void {
    this.#tls[Symbol.dispose]();
  }

  async #sign({ octets, peerHashes, authorities }: Of<'sign'>): Promise<AnswerTo<'sign'>> {
    const { credentials, profile } = this.#deps;
    const { own } = credentials;
    if (!own) throw new Error('a signature without a key');
    const { authentication } = profile;
    const rsaPss = authentication.method !== 'psk' && authentication.rsaPss;
    const plan = chooseAuth({ facts: own.signer.publicKey.facts, rsaPss }, peerHashes);
    if ('fault' in plan) return { kind: 'failed', failure: failureOfChoice(plan) };
    const signature = await own.signer.sign(plan.scheme, octets);
    const auth = { method: plan.method, data: encodeAuthData(plan, signature) };
    const issuer = this.#unaskedIssuer(own, authorities);
    return { kind: 'sign', auth, ...(issuer === undefined ? {} : { issuer }) };
  }

  /** The issuer of our certificate, where the gateway names other CAs than those above it: it is said if it refuses us. */
  #unaskedIssuer(
    { way: [certificate, ...chain] }: OwnCertificate,
    authorities: readonly Uint8Array[],
  ): string | undefined {
    const known = authoritiesOf(gatewayAuthenticationOf(this.#deps.profile)).map(decodeCertificate);
    if (!asksForOthers({ certificate, chain }, authorities, known)) return undefined;
    this.#deps.log.info(
      `the gateway asks for certificates of other CAs; ours was issued by ${certificate.issuerText}`,
    );
    return certificate.issuerText;
  }

  async #eap(question: EapQuestion): Promise<EapAnswer> {
    if (question.kind === 'tls') return this.#tls.answer(question.request);
    // The kind picks the row that takes this question; the type system cannot follow a union through an index.
    const row = TYPED[question.kind] as (typeof TYPED)['password'];
    const text = await this.#deps.person.ask(
      row.shown(question as Extract<EapQuestion, { kind: 'password' }>),
    );
    // The next login has it by itself; a one-time code is of no use twice.
    if (question.kind === 'password' && text !== undefined) this.#deps.credentials.remember(text);
    return text === undefined ? { kind: 'none' } : row.answer(text);
  }
}

const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
