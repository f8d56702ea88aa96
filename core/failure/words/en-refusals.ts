/** What AUTHENTICATION_FAILED may be about, in English: the gateway says no more, so the likeliest comes first. */
import { printable } from '#core/text/printable.ts';
import { dateOf, oneOf } from './parts.ts';
import type { FailureOf, RefusalRows } from './words.ts';

type Refused = FailureOf<'authentication-refused'>;

const quoted = (text: string): string => `“${printable(text)}”`;
const us = ({ localId }: Refused): string => quoted(localId);
const named = ({ remoteId }: Refused): string[] =>
  remoteId === undefined ? [] : [`the gateway is not called ${quoted(remoteId)}`];
const anyOf = (...causes: readonly string[]): string => oneOf(causes, ', ', ', or ', '.');

const ASK_HOW =
  'Ask the administrator how this identity has to prove itself: by certificate, by user name and password, or by both.';

export const refusals: RefusalRows = {
  psk: (failure) => ({
    sentence: `The gateway refused the pre-shared key of ${us(failure)}.`,
    cause: anyOf(
      'The key is mistyped or an old one',
      `the gateway does not know ${us(failure)}`,
      ...named(failure),
    ),
    remedy:
      'Type the pre-shared key again (adit set-secret); then compare both identities in the profile with the gateway’s.',
  }),
  ppk: (failure) => ({
    sentence: `The gateway refused the proof of ${us(failure)}, which the post-quantum key is part of.`,
    cause: anyOf(
      'Gateway and profile hold different post-quantum keys under this name, or the gateway has none',
      'the proof was wrong without it, too',
      ...named(failure),
    ),
    remedy: 'Compare the post-quantum key and its name with the gateway’s; then the rest of the login.',
  }),
  expired: ({ expiredAt = 0 }) => ({
    sentence: `The gateway refused our certificate, which expired on ${dateOf(expiredAt)}.`,
    cause: 'A certificate is good until its last day, and this one was not renewed.',
    remedy: 'Ask the administrator for a new certificate and import that.',
  }),
  issuer: (failure) => ({
    sentence: `The gateway refused the certificate of ${us(failure)}, which another CA has issued.`,
    cause: `The gateway asks for certificates of other CAs; ours was issued by ${printable(failure.issuer ?? '')}.`,
    remedy: 'Ask the administrator for a certificate that this gateway takes, and import that.',
  }),
  certificate: (failure) => ({
    sentence: `The gateway refused the certificate of ${us(failure)}.`,
    cause: anyOf(
      'It wants a user name and password instead',
      'the certificate was revoked',
      'it belongs to another identity',
      ...named(failure),
    ),
    remedy: ASK_HOW,
  }),
  'before-login': (failure) => ({
    sentence: `The gateway refused the login of ${us(failure)} before it began.`,
    cause: anyOf(
      'It wants a certificate or a pre-shared key instead',
      'it does not know this user',
      ...named(failure),
    ),
    remedy: ASK_HOW,
  }),
  'after-login': (failure) => ({
    sentence: `The gateway refused ${us(failure)} although the login was right.`,
    cause: 'The account may not use this gateway, or gateway and login server do not agree.',
    remedy: 'Ask the administrator to look into the gateway’s log at this time.',
  }),
  other: (failure) => ({
    sentence:
      failure.method === 'certificate-eap'
        ? `The gateway refused the certificate and the login of ${us(failure)}.`
        : `The gateway refused ${us(failure)} with a proof by ${quoted(failure.method)}.`,
    cause: anyOf('It wants to be shown something else', 'it does not know this identity', ...named(failure)),
    remedy: ASK_HOW,
  }),
};
