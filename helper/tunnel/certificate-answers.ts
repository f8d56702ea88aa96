/**
 * Answers those of the engine's questions that take certificates: our signature, the gateway's, and the TLS inside EAP.
 * For one attempt to connect; answers.ts hands them on. Reached through certified.ts.
 */
import type { EapAnswer, EapQuestion } from '#core/eap/question.ts';
import { failureOfChoice } from '#core/failure/certificate-failures.ts';
import type { AnswerTo, Question } from '#core/ikev2/questions.ts';
import { chooseAuth } from '#core/pki/auth-choice.ts';
import { encodeAuthData } from '#core/pki/auth-signature.ts';
import { asksForOthers } from '#core/pki/certreq.ts';
import { gatewayAuthenticationOf } from '#core/profile/needs.ts';
import type { Logger } from '../log/log.ts';
import { EapTls } from '../tls/eap-tls.ts';
import type { Credentials } from './credentials.ts';
import type { OwnCertificate } from './own-certificate.ts';
import { revocationFor, verifyTlsServer } from './tls-server.ts';
import { authoritiesOf, type Dialled, type Trust, verifyPeer } from './verify-peer.ts';

export interface CertificateAnswersDeps extends Dialled {
  readonly credentials: Credentials;
  readonly trust: Trust;
  readonly log: Logger;
}

type Of<K extends Question['kind']> = Extract<Question, { kind: K }>;
type TlsRequest = Extract<EapQuestion, { kind: 'tls' }>['request'];

export class CertificateAnswers implements Disposable {
  readonly #deps: CertificateAnswersDeps;
  readonly #tls: EapTls;

  constructor(deps: CertificateAnswersDeps) {
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

  verifyPeer(question: Of<'verify-peer'>): Promise<AnswerTo<'verify-peer'>> {
    return verifyPeer(question, this.#deps, this.#deps.trust, this.#deps.log);
  }

  tls(request: TlsRequest): Promise<EapAnswer> {
    return this.#tls.answer(request);
  }

  [Symbol.dispose](): void {
    this.#tls[Symbol.dispose]();
  }

  async sign({ octets, peerHashes, authorities }: Of<'sign'>): Promise<AnswerTo<'sign'>> {
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
    const { authorities: known } = this.#deps.credentials;
    if (!asksForOthers({ certificate, chain }, authorities, known)) return undefined;
    this.#deps.log.info(
      `the gateway asks for certificates of other CAs; ours was issued by ${certificate.issuerText}`,
    );
    return certificate.issuerText;
  }
}

const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
