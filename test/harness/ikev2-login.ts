/**
 * Certificates and logins for pairs of IKEv2 ends, as far as the engine sees them: certificates whose "signature" is their
 * own octets and a hash, so that an impostor, another key and other octets all show; and answers to every question.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, EMPTY, equal, fromUtf8, utf8 } from '#core/bytes/bytes.ts';
import type { EapAnswer, EapQuestion } from '#core/eap/question.ts';
import type { TlsReply, TlsRequest } from '#core/eap/tls-tunnel.ts';
import type { Failure } from '#core/failure/failure.ts';
import { formatIdentification } from '#core/ike/identification.ts';
import type { CertificateProof } from '#core/ikev2/connection-types.ts';
import type { Answer, AuthValue, Question } from '#core/ikev2/questions.ts';
import { AuthMethod } from '#core/registry/auth-methods.ts';

/** Answers a question of one end, or leaves it open. */
export type Answerer = (question: Question) => Answer | undefined;

/** `size` octets long, since real ones do not fit a datagram. */
export function certificateOf(name: string, size = 60): Uint8Array {
  const certificate = new Uint8Array(Math.max(size, name.length + 1));
  certificate.set(utf8(`${name}\0`));
  return certificate;
}

export const proofOf = (name: string, size?: number): CertificateProof => ({
  method: 'certificate',
  certificates: [certificateOf(name, size), certificateOf('Intermediate', 40)],
});

const nameIn = (certificate: Uint8Array): string => fromUtf8(certificate.subarray(0, certificate.indexOf(0)));

export const signatureOf = (name: string, octets: Uint8Array): AuthValue => ({
  method: AuthMethod.DIGITAL_SIGNATURE,
  data: sha256(concat(utf8(name), octets)),
});

const rejected = (detail: string, remoteId: string): Failure => ({
  cause: 'certificate-rejected',
  remoteId,
  fault: { fault: 'malformed', subject: remoteId, detail },
});

/** Whether the first certificate carries the claimed name and has signed. */
function verify(question: Extract<Question, { kind: 'verify-peer' }>): Answer {
  const { certificates, claimed, expected, auth, octets } = question;
  const [own = EMPTY] = certificates;
  const names = [claimed, ...(expected === undefined ? [] : [expected])].map(formatIdentification);
  const name = own.length === 0 ? '' : nameIn(own);
  const failed = (detail: string): Answer => ({
    kind: 'failed',
    failure: rejected(detail, formatIdentification(claimed)),
  });
  if (names.some((one) => one !== name)) return failed(`carries ${name}, not ${names.join(' and ')}`);
  const right = signatureOf(name, octets);
  return auth.method === right.method && equal(auth.data, right.data)
    ? { kind: 'verify-peer' }
    : failed('signature');
}

export interface Person {
  /** Who signs; absent has no key. */
  readonly name?: string;
  readonly password?: string;
  readonly code?: string;
  readonly newPassword?: string;
}

function eapAnswer(question: EapQuestion, person: Person): EapAnswer {
  const none: EapAnswer = { kind: 'none' };
  switch (question.kind) {
    case 'password':
      return person.password === undefined ? none : { kind: 'password', password: person.password };
    case 'one-time-code':
      return person.code === undefined ? none : { kind: 'one-time-code', code: person.code };
    case 'new-password':
      return person.newPassword === undefined
        ? none
        : { kind: 'new-password', newPassword: person.newPassword };
    default:
      return { kind: 'tls', reply: fakeTls(question.request) };
  }
}

/** A handshake of two records, after which both ends export the same keys. */
function fakeTls({ open, input }: TlsRequest): TlsReply {
  const exported = [new Uint8Array(128).fill(7), new Uint8Array(64).fill(8)];
  const opened = { version: 'TLSv1.2', exported, chain: [] } as const;
  const reply = { output: EMPTY, application: EMPTY };
  if (open?.role === 'client') return { ...reply, output: utf8('hello of the client') };
  if (open?.role === 'server') return { ...reply, output: utf8('hello of the server'), opened };
  return fromUtf8(input) === 'hello of the server' ? { ...reply, opened } : reply;
}

/** Signs as `name`, believes right certificates, types what is asked for. */
export const answersOf =
  (person: Person = {}): Answerer =>
  (question) => {
    switch (question.kind) {
      case 'sign':
        return person.name === undefined
          ? { kind: 'failed', failure: { cause: 'certificate-unusable', detail: 'there is no key' } }
          : { kind: 'sign', auth: signatureOf(person.name, question.octets) };
      case 'verify-peer':
        return verify(question);
      default:
        return { kind: 'eap', eap: eapAnswer(question.eap, person) };
    }
  };
