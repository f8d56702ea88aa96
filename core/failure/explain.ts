/**
 * Failures in words. One explanation serves the screen, the command line and the log, so that a person who reads
 * one of them and asks somebody who reads another speaks of the same thing.
 */
import type { Failure } from '#core/failure/failure.ts';
import { printable } from '#core/text/printable.ts';

export interface Explanation {
  /** What happened, in plain words: `The gateway at 203.0.113.1 did not answer.` */
  readonly sentence: string;
  /** Why that usually is. */
  readonly cause: string;
  /** The one thing to try next. */
  readonly remedy: string;
  /** The data behind it, a line each, for those who can read it. */
  readonly details: readonly string[];
}

type Of<C extends Failure['cause']> = Extract<Failure, { cause: C }>;
type Endpoint = { readonly address: string; readonly port: number };

const quoted = (text: string): string => `“${printable(text)}”`;
const listed = (texts: readonly string[], none: string): string =>
  texts.length === 0 ? none : texts.map((text) => printable(text)).join(', ');
const unique = (texts: readonly string[]): string[] => [...new Set(texts)];
const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
const seconds = (count: number): string => (count === 1 ? '1 second' : `${count} seconds`);

function endpointText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${printable(address)}]:${port}` : `${printable(address)}:${port}`;
}

/** `offered` against `wanted`, for a comparison at one glance. */
function proposals(failure: Of<'no-proposal'>): string[] {
  return [
    `we ${failure.saidBy === 'peer' ? 'offered' : 'accept'}: ${listed(failure.wanted, 'nothing')}`,
    failure.offered.length > 0
      ? `the gateway ${failure.saidBy === 'peer' ? 'accepts' : 'chose'}: ${listed(failure.offered, '')}`
      : 'the gateway does not say what it would accept',
  ];
}

/** A phrase of the helper's as a sentence. */
function asSentence(phrase: string): string {
  const text = printable(phrase, 512);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`;
}

const METHODS: Readonly<Record<string, string>> = { psk: 'the pre-shared key' };
const methodText = (method: string): string => METHODS[method] ?? `its proof by ${quoted(method)}`;

const explanations: { readonly [C in Failure['cause']]: (failure: Of<C>) => Explanation } = {
  'no-answer': (failure) => ({
    sentence: `The gateway at ${listed(unique(failure.tried.map(({ address }) => address)), 'an unknown address')} did not answer.`,
    cause: 'The address is wrong, the gateway is off, or something on the way drops UDP ports 500 and 4500.',
    remedy: 'Check the gateway address in the profile; then try from another network.',
    details: [
      `${printable(failure.exchange)} was sent ${times(failure.attempts)}`,
      `tried: ${listed(failure.tried.map(endpointText), 'no address')}`,
    ],
  }),
  'peer-dead': (failure) => ({
    sentence: 'The gateway fell silent.',
    cause: 'The gateway restarted, or the network between it and this computer broke.',
    remedy: 'Check that this computer is online, then connect again.',
    details: [`last heard from ${seconds(failure.lastSeenSecAgo)} ago`],
  }),
  'name-not-resolved': (failure) => ({
    sentence: `The gateway’s name ${quoted(failure.host)} has no address.`,
    cause: 'The name is misspelt, or this network’s name service does not work.',
    remedy: 'Check the name in the profile, and that other names resolve on this network.',
    details: [printable(failure.detail)],
  }),
  'network-unreachable': (failure) => ({
    sentence: `There is no way to ${printable(failure.address)} from this computer.`,
    cause: 'This computer is offline, or its network has no route for that kind of address.',
    remedy: 'Connect to a network first; for an IPv6 gateway the network must carry IPv6.',
    details: [printable(failure.detail)],
  }),
  'no-proposal': (failure) => ({
    sentence:
      failure.saidBy === 'peer'
        ? `The gateway accepts none of the ${failure.protocol} algorithms we offered.`
        : `The gateway answered with ${failure.protocol} algorithms we did not offer.`,
    cause: 'Profile and gateway have no combination of algorithms in common.',
    remedy: `Ask the administrator for the gateway’s ${failure.protocol} proposals and write them into the profile under ${failure.protocol === 'IKE' ? 'ike.proposals' : 'child.proposals'}.`,
    details: proposals(failure),
  }),
  'invalid-ke': (failure) => ({
    sentence: `The gateway insists on the key exchange ${quoted(failure.asked)}, which the profile does not allow.`,
    cause:
      'The gateway’s Diffie-Hellman group is not among those the profile offers, or it keeps changing its mind.',
    remedy:
      'If you trust that group, add it to ike.proposals in the profile; if not, ask the administrator for a stronger one.',
    details: [
      `we offered: ${listed(failure.wanted, 'nothing')}`,
      `the gateway asked for: ${printable(failure.asked)}`,
    ],
  }),
  'authentication-refused': (failure) => ({
    sentence: `The gateway refused ${methodText(failure.method)} of ${quoted(failure.localId)}.`,
    cause: 'The key is not the gateway’s, or the gateway does not know this identity.',
    remedy:
      'Type the pre-shared key again (adit set-secret); then compare the local identity in the profile with the gateway’s.',
    details: [
      `method: ${printable(failure.method)}`,
      `we are: ${printable(failure.localId)}`,
      `we asked for: ${failure.remoteId === undefined ? 'any identity' : printable(failure.remoteId)}`,
    ],
  }),
  'peer-authentication-failed': (failure) => ({
    sentence: `The gateway could not prove that it is ${quoted(failure.remoteId)}.`,
    cause: 'It holds another pre-shared key than the profile, or somebody else answers in its place.',
    remedy:
      'Type the pre-shared key again (adit set-secret). If it is right, do not connect: tell the administrator.',
    details: [`method: ${printable(failure.method)}`, `it claims to be: ${printable(failure.remoteId)}`],
  }),
  'identity-mismatch': (failure) => ({
    sentence: `The gateway is ${quoted(failure.presented)}, not ${quoted(failure.expected)}.`,
    cause: 'The profile names another identity, or another gateway answers at this address.',
    remedy: 'Ask the administrator which identity the gateway has, and correct gateway.id in the profile.',
    details: [`expected: ${printable(failure.expected)}`, `presented: ${printable(failure.presented)}`],
  }),
  'ts-unacceptable': (failure) => ({
    sentence:
      failure.saidBy === 'peer'
        ? 'The gateway does not serve the networks that the profile asks for.'
        : 'The gateway answered with networks that the profile does not ask for.',
    cause: 'The traffic selectors of profile and gateway have nothing in common.',
    remedy:
      'Ask the administrator for the networks behind the gateway and set child.remoteTs in the profile.',
    details: [`local: ${listed(failure.local, 'none')}`, `remote: ${listed(failure.remote, 'none')}`],
  }),
  'no-address': (failure) => ({
    sentence: 'The gateway has no inner address for this computer.',
    cause: 'Its address pool is used up, or it gives no addresses of this kind.',
    remedy: 'Try again in some minutes; if it stays so, tell the administrator.',
    details: [`asked for: ${listed(failure.asked, 'nothing')}`],
  }),
  'closed-by-peer': (failure) => ({
    sentence: 'The gateway closed the connection.',
    cause: 'An administrator ended it, the gateway restarts, or the same identity connected from elsewhere.',
    remedy: 'Connect again.',
    details: [printable(failure.detail)],
  }),
  'protocol-error': (failure) => ({
    sentence:
      failure.sentBy === 'peer'
        ? 'The gateway sent a message that breaks the protocol.'
        : 'The gateway says that our message breaks the protocol.',
    cause: 'Gateway and client understand IKEv2 differently; one of them has a fault.',
    remedy: 'Save the log (adit log) and report it together with the gateway’s make and version.',
    details: [printable(failure.detail)],
  }),
  'peer-error': (failure) => ({
    sentence: `The gateway refused with ${printable(failure.notify)}.`,
    cause: 'The gateway gives no more than this code.',
    remedy: 'Ask the administrator to look into the gateway’s log at this time.',
    details: [`notify ${failure.code} (${printable(failure.notify)}) in ${printable(failure.exchange)}`],
  }),
  'secret-missing': (failure) => ({
    sentence: `The profile needs its ${failure.what === 'psk' ? 'pre-shared key' : printable(failure.what)}, which is not stored.`,
    cause: 'Profiles are kept without their secrets, and nobody could be asked.',
    remedy: 'Store it once with adit set-secret, or give it with adit up --secret-stdin.',
    details: [],
  }),
  system: (failure) => ({
    sentence: asSentence(failure.what),
    cause: asSentence(failure.detail),
    remedy: asSentence(failure.remedy),
    details: [],
  }),
  timeout: (failure) => ({
    sentence: `The tunnel was not up within ${seconds(failure.seconds)}.`,
    cause: 'The gateway answers slowly or not at all.',
    remedy: 'Give it more time with adit up --timeout, or see adit log for how far it came.',
    details: [],
  }),
  expired: (failure) => ({
    sentence: 'The tunnel came to the end of its lifetime.',
    cause: `It may last ${seconds(failure.lifetimeSec)}; its keys must not be used any longer.`,
    remedy: 'Connect again, or raise ike.lifetimeSec in the profile.',
    details: [],
  }),
};

/**
 * Words for a failure. Every case has them: a new case of Failure without a row above does not type-check. A cause
 * from a newer helper, which this client has no row for, is at least named.
 */
export function explain(failure: Failure): Explanation {
  const row = explanations[failure.cause] as ((failure: Failure) => Explanation) | undefined;
  return row?.(failure) ?? unknown(failure);
}

function unknown(failure: { readonly cause: string }): Explanation {
  return {
    sentence: `The tunnel failed: ${printable(failure.cause)}.`,
    cause: 'The helper is newer than this client, which has no words for it.',
    remedy: 'Bring client and helper to the same version.',
    details: [printable(JSON.stringify(failure), 1024)],
  };
}
