/**
 * Which payloads a message of IKEv2 holds, how often, inside SK or not (RFC 7296 §1.2 to §1.4, §2.16 and appendix C).
 * connection.ts asks after decoding; what the payloads say is the tasks' affair.
 */
import { exchangeTypes, ExchangeType } from '#core/registry/exchange-types.ts';
import { isErrorNotify, NotifyType } from '#core/registry/notify-types.ts';
import type { Message, Payload } from './payload-types.ts';

/** A payload kind, except that a notify which reports an error counts apart. */
type Part = Payload['kind'] | 'error notify';
/** How often: exactly once, at most once, at least once, any number of times. */
type Count = '1' | '?' | '+' | '*';
type Content = Readonly<Partial<Record<Part, Count>>>;

interface Rule {
  readonly exchange: number;
  readonly response: boolean;
  /** Inside SK, or in the clear. */
  readonly protected: boolean;
  /** Any one of these must fit. Notifies, vendor IDs and unknown payloads may stand everywhere (§2.5, §3.10, §3.12). */
  readonly contents: readonly Content[];
}

const AUTH_REQUEST = {
  IDi: '1',
  CERT: '*',
  CERTREQ: '*',
  IDr: '?',
  AUTH: '?',
  CP: '?',
  SA: '1',
  TSi: '1',
  TSr: '1',
} as const;
const CHILD = { SA: '1', TSi: '1', TSr: '1' } as const;

const RULES: readonly Rule[] = [
  {
    exchange: ExchangeType.IKE_SA_INIT,
    response: false,
    protected: false,
    contents: [{ SA: '1', KE: '1', NONCE: '1' }],
  },
  {
    exchange: ExchangeType.IKE_SA_INIT,
    response: true,
    protected: false,
    contents: [{ SA: '1', KE: '1', NONCE: '1', CERTREQ: '*' }],
  },
  // One additional key exchange (RFC 9370 §2.2.2).
  ...[false, true].map((response) => ({
    exchange: ExchangeType.IKE_INTERMEDIATE,
    response,
    protected: true,
    contents: [{ KE: '1' }] as const,
  })),
  {
    exchange: ExchangeType.IKE_AUTH,
    response: false,
    protected: true,
    contents: [
      AUTH_REQUEST,
      // The second of two authentications begins (RFC 4739 §1.3).
      { IDi: '1', IDr: '?' },
      // In the middle and at the end of EAP (§2.16).
      { EAP: '1' },
      { AUTH: '1' },
    ],
  },
  {
    exchange: ExchangeType.IKE_AUTH,
    response: true,
    protected: true,
    contents: [
      { IDr: '1', CERT: '*', AUTH: '1', CP: '?', ...CHILD },
      // The IKE SA stands, its first Child SA was refused; a notify says why (§1.2).
      { IDr: '?', CERT: '*', AUTH: '1', CP: '?', 'error notify': '+' },
      // EAP begins; without AUTH where EAP authenticates both sides (RFC 5998).
      { IDr: '1', CERT: '*', AUTH: '?', EAP: '1' },
      { EAP: '1' },
      // The first of two authentications is over (RFC 4739 §1.3).
      { IDr: '1', CERT: '*', AUTH: '1' },
      // EAP is over.
      { AUTH: '1', CP: '?', ...CHILD },
      // EAP is over, and the client is to go elsewhere (RFC 5685 §6).
      { AUTH: '1' },
    ],
  },
  ...[false, true].map((response) => ({
    exchange: ExchangeType.CREATE_CHILD_SA,
    response,
    protected: true,
    contents: [
      { SA: '1', NONCE: '1', KE: '?', TSi: '1', TSr: '1', CP: '?' },
      // Rekeying the IKE SA (§1.3.2).
      { SA: '1', NONCE: '1', KE: '1', CP: '?' },
    ] as const,
  })),
  // One more key exchange of a CREATE_CHILD_SA (RFC 9370 §2.2.4).
  ...[false, true].map((response) => ({
    exchange: ExchangeType.IKE_FOLLOWUP_KE,
    response,
    protected: true,
    contents: [{ KE: '1' }] as const,
  })),
  ...[false, true].map((response) => ({
    exchange: ExchangeType.INFORMATIONAL,
    response,
    protected: true,
    contents: [{ D: '*', CP: '?' }] as const,
  })),
];

const ALWAYS: ReadonlySet<Part> = new Set(['N', 'error notify', 'V', 'unknown']);

const FITS: Readonly<Record<Count, (found: number) => boolean>> = {
  '1': (found) => found === 1,
  '?': (found) => found <= 1,
  '+': (found) => found >= 1,
  '*': () => true,
};

/** Status notifies that are an answer by themselves: send the request again with this, or elsewhere (§2.6, RFC 5685). */
const ANSWERS: ReadonlySet<number> = new Set([NotifyType.COOKIE, NotifyType.REDIRECT]);

const partOf = (payload: Payload): Part =>
  payload.kind === 'N' && isErrorNotify(payload.type) ? 'error notify' : payload.kind;

const answersAlone = (payload: Payload): boolean =>
  partOf(payload) === 'error notify' || (payload.kind === 'N' && ANSWERS.has(payload.type));

/** A response may consist of a notify that says why nothing else is in it (§1.2, §1.3, §2.21). */
function isRefusal({ header, payloads }: Message): boolean {
  return (
    header.response && payloads.every((payload) => ALWAYS.has(partOf(payload))) && payloads.some(answersAlone)
  );
}

/** What keeps a message from having this content; empty when it fits. */
function misfits(payloads: readonly Payload[], content: Content): string[] {
  const found = Map.groupBy(payloads, partOf);
  const strangers = [...found.keys()].filter((part) => !ALWAYS.has(part) && !(part in content));
  const wrong = (Object.entries(content) as [Part, Count][]).filter(
    ([part, count]) => !FITS[count](found.get(part)?.length ?? 0),
  );
  return [
    ...strangers.map((part) => `unexpected ${part}`),
    ...wrong.map(([part]) => (found.has(part) ? `more than one ${part}` : `no ${part}`)),
  ];
}

/**
 * `undefined` when the message follows the rules of its exchange, else a sentence for the log. A protected violation
 * is INVALID_SYNTAX; an unprotected message is dropped. A response in the clear that only refuses passes in every
 * exchange, because a peer without our keys has no other way (§2.21.4): its reader must take it as a hint.
 */
export function violation(message: Message, isProtected: boolean): string | undefined {
  const { header, payloads } = message;
  const name = `${exchangeTypes.nameOf(header.exchange)} ${header.response ? 'response' : 'request'}`;
  const rule = RULES.find((row) => row.exchange === header.exchange && row.response === header.response);
  if (!rule) return `${name}: an exchange that is not known here`;
  if (isProtected && !rule.protected) return `${name}: inside SK`;
  if (isRefusal(message)) return undefined;
  if (rule.protected && !isProtected) return `${name}: in the clear`;
  // The content that comes nearest tells most.
  const [nearest = []] = rule.contents
    .map((content) => misfits(payloads, content))
    .toSorted((a, b) => a.length - b.length);
  return nearest.length === 0 ? undefined : `${name}: ${nearest.join(', ')}`;
}
