/**
 * What the embedded gateway answers when its engine asks: signatures by its key, clients by the CA it trusts, TLS inside EAP by
 * node:tls. embedded-gateway-main.ts has one for all its connections.
 */
import { utf8 } from '#core/bytes/bytes.ts';
import { failureOfAuth, failureOfChain, failureOfChoice } from '#core/failure/certificate-failures.ts';
import { formatIdentification } from '#core/ike/identification.ts';
import type { ClientAuthentication, Connection, ResponderConfig } from '#core/ikev2/connection-types.ts';
import type { Answer, Question } from '#core/ikev2/questions.ts';
import { chooseAuth } from '#core/pki/auth-choice.ts';
import { encodeAuthData, verifyAuth } from '#core/pki/auth-signature.ts';
import { encodeAuthorities } from '#core/pki/certreq.ts';
import { findPath } from '#core/pki/path.ts';
import { DEFAULT_PATH_POLICY } from '#core/pki/path-policy.ts';
import { keySigner, type Signer } from '#helper/pki/signer.ts';
import { readPrivateKey } from '#helper/pki/key-file.ts';
import { anchorsOf, pemCertificates } from '#helper/pki/trust.ts';
import { nodePkiCrypto } from '#helper/pki/verifier.ts';
import { EapTls } from '#helper/tls/eap-tls.ts';
import type { EmbeddedGatewayConfig } from './embedded-gateway.ts';

type Of<K extends Question['kind']> = Extract<Question, { kind: K }>;

/** How both ends prove themselves, as the engine wants to hear it. */
export function gatewayAuthentication({
  certificate,
  clients,
  ppks,
  ppkRequired = false,
}: EmbeddedGatewayConfig): Pick<
  ResponderConfig,
  'authentication' | 'remoteAuthentication' | 'findPpk' | 'ppkRequired'
> {
  const findPpk = (id: Uint8Array): Uint8Array | undefined => {
    const secret = ppks?.[Buffer.from(id).toString()];
    return secret === undefined ? undefined : utf8(secret);
  };
  return {
    ...(ppks === undefined ? {} : { findPpk, ppkRequired }),
    ...(certificate === undefined
      ? {}
      : {
          authentication: {
            method: 'certificate',
            certificates: pemCertificates(certificate.certificates),
          },
        }),
    ...(clients === undefined ? {} : { remoteAuthentication: clientAuthentication(clients) }),
  };
}

function clientAuthentication(clients: NonNullable<EmbeddedGatewayConfig['clients']>): ClientAuthentication {
  const { method, ca, users = {}, eap = ['MSCHAPv2'] } = clients;
  const authorities = ca === undefined ? undefined : encodeAuthorities(anchorsOf(pemCertificates(ca)).all);
  const request = authorities === undefined ? {} : { authorities };
  if (method === 'certificate') return { method, ...request };
  const find = (identity: string) => {
    const password = users[identity];
    return password === undefined ? undefined : { password };
  };
  const service = { users: { find }, methods: eap.map((type) => ({ type })) };
  return method === 'eap' ? { method, eap: service } : { method, eap: service, ...request };
}

export class GatewayAnswers {
  readonly #config: EmbeddedGatewayConfig;
  readonly #signer: Signer | undefined;
  readonly #tls = new Map<Connection, EapTls>();

  constructor(config: EmbeddedGatewayConfig) {
    this.#config = config;
    const { certificate } = config;
    this.#signer = certificate && keySigner(readPrivateKey(Buffer.from(certificate.key)));
  }

  forget(connection: Connection): void {
    this.#tls.get(connection)?.[Symbol.dispose]();
    this.#tls.delete(connection);
  }

  async answer(connection: Connection, question: Question): Promise<Answer> {
    switch (question.kind) {
      case 'sign':
        return this.#sign(question);
      case 'verify-peer':
        return this.#verify(question);
      default:
        return this.#eap(connection, question);
    }
  }

  async #sign({ octets, peerHashes }: Of<'sign'>): Promise<Answer> {
    const signer = this.#signer;
    if (signer === undefined) throw new Error('the gateway has no key to sign with');
    const plan = chooseAuth({ facts: signer.publicKey.facts, rsaPss: false }, peerHashes);
    if ('fault' in plan) return { kind: 'failed', failure: failureOfChoice(plan) };
    const data = encodeAuthData(plan, await signer.sign(plan.scheme, octets));
    return { kind: 'sign', auth: { method: plan.method, data } };
  }

  #verify({ claimed, certificates, auth, octets }: Of<'verify-peer'>): Answer {
    const anchors = anchorsOf(pemCertificates(this.#config.clients?.ca ?? ''));
    const names = [{ wants: 'IDr', anyOf: [claimed] }] as const;
    const policy = { ...DEFAULT_PATH_POLICY, purpose: 'client', names } as const;
    const found = findPath(nodePkiCrypto, Date.now(), certificates, anchors, policy);
    const peer = formatIdentification(claimed);
    if ('fault' in found) return { kind: 'failed', failure: failureOfChain(found.fault, peer) };
    const { key } = found.path[0];
    if (!('facts' in key)) throw new Error('a good path ends in an unknown key');
    const fault = verifyAuth(nodePkiCrypto, key, auth, octets);
    return fault === undefined
      ? { kind: 'verify-peer' }
      : { kind: 'failed', failure: failureOfAuth(fault, peer) };
  }

  async #eap(connection: Connection, { eap }: Of<'eap'>): Promise<Answer> {
    const { certificate, clients } = this.#config;
    if (eap.kind !== 'tls' || certificate === undefined) return { kind: 'eap', eap: { kind: 'none' } };
    const tls =
      this.#tls.get(connection) ??
      new EapTls({
        ca: clients?.ca === undefined ? [] : [clients.ca],
        credentials: certificate,
        minVersion: 'TLSv1.2',
        maxVersion: 'TLSv1.3',
        verifyPeer: () => undefined,
      });
    this.#tls.set(connection, tls);
    return { kind: 'eap', eap: await tls.answer(eap.request) };
  }
}
