/**
 * What an IKE SA cannot know or compute by itself, and the answers: signatures, chain validation, what EAP
 * wants. Tasks ask, lifecycle.ts keeps the one open question, the driver hears it as an event and comes back with
 * `connection.answer`.
 */
import type { EapAnswer, EapQuestion } from '#core/eap/question.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { Identification } from '#core/ike/identification.ts';

/** AUTH of RFC 7296 §3.8. For method 14 `data` begins with the length and the AlgorithmIdentifier (RFC 7427 §3). */
export interface AuthValue {
  readonly method: number;
  readonly data: Uint8Array;
}

export type Question =
  /** Sign `octets` with the key of our certificate. */
  | {
      readonly kind: 'sign';
      readonly octets: Uint8Array;
      /** SIGNATURE_HASH_ALGORITHMS of the peer (IANA numbers); empty: it knows the old AUTH methods only (RFC 7427 §4). */
      readonly peerHashes: readonly number[];
      /** The CAs that the peer's CERTREQ names, by the SHA-1 of their keys (RFC 7296 §3.7); empty: it names none. */
      readonly authorities: readonly Uint8Array[];
    }
  /**
   * Is this the other end? The certificates must lead to a trusted CA and the AUTH value must be the first one's signature
   * over `octets`. They must carry `claimed` and, where the profile wants one, `expected`.
   */
  | {
      readonly kind: 'verify-peer';
      readonly claimed: Identification;
      readonly expected?: Identification;
      /** DER as received: its own first, then what it sent along, unchecked and in no order. */
      readonly certificates: readonly Uint8Array[];
      /** OCSP responses in DER that came with them (RFC 4806). */
      readonly ocsp: readonly Uint8Array[];
      readonly auth: AuthValue;
      readonly octets: Uint8Array;
    }
  /** A password, a code, or a step of TLS. */
  | { readonly kind: 'eap'; readonly eap: EapQuestion };

export type Answer =
  /** `issuer`: of our certificate, where the peer asks for certificates of other CAs; it may take ours all the same. */
  | { readonly kind: 'sign'; readonly auth: AuthValue; readonly issuer?: string }
  /** Yes, it is. */
  | { readonly kind: 'verify-peer' }
  | { readonly kind: 'eap'; readonly eap: EapAnswer }
  /** `sign` and `verify-peer`: no, and why. */
  | { readonly kind: 'failed'; readonly failure: Failure };

export type AnswerTo<K extends Question['kind']> =
  | Extract<Answer, { kind: K }>
  | Extract<Answer, { kind: 'failed' }>;

/** Whether `answer` is one to `question`; another one is as if nobody had answered. */
export function fits(question: Question, answer: Answer): boolean {
  if (question.kind !== 'eap') return answer.kind === question.kind || answer.kind === 'failed';
  if (answer.kind !== 'eap') return false;
  return answer.eap.kind === question.eap.kind || answer.eap.kind === 'none';
}

/** Seconds until nobody is believed to answer any more: people look for their phones, machines do not. */
const PATIENCE_SEC = { person: 180, machine: 60 } as const;

const asksPerson = (question: Question): boolean => question.kind === 'eap' && question.eap.kind !== 'tls';

export const patienceSec = (question: Question): number =>
  asksPerson(question) ? PATIENCE_SEC.person : PATIENCE_SEC.machine;

/** What to say when nobody did answer. */
export function unanswered(question: Question): Failure {
  return question.kind === 'eap' && question.eap.kind !== 'tls'
    ? { cause: 'secret-missing', what: question.eap.kind }
    : { cause: 'timeout', seconds: patienceSec(question) };
}
