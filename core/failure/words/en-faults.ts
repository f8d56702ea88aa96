/** What is wrong with a gateway's certificate, in English. */
import { printable } from '#core/text/printable.ts';
import { dateOf, listed, lackingUsage, type LackingUsage } from './parts.ts';
import type { FailureWords } from './words.ts';

const names = (texts: readonly string[]): string => listed(texts, 'no name');
const clock = (now: number): string => `this computer’s date is ${dateOf(now)}`;

const USAGES: Readonly<Record<LackingUsage, string>> = {
  purpose: 'The gateway’s certificate is not meant for a gateway.',
  'issuer-key': 'A CA in the gateway’s chain may not issue certificates.',
  'own-key': 'The key of the gateway’s certificate may not sign, which it has to do here.',
};

export const faults: FailureWords['faults'] = {
  'no-certificate': () => ({
    sentence: 'The gateway showed no certificate.',
    cause: 'It proves itself in another way, or sends its certificate only to those who ask for it.',
    remedy:
      'Ask the administrator how the gateway proves itself, and set gateway.authentication in the profile.',
  }),
  'too-many-certificates': ({ count, limit }) => ({
    sentence: 'The gateway showed far more certificates than any chain needs.',
    cause: `It sent ${count}; ${limit} are taken.`,
  }),
  malformed: ({ detail }) => ({
    sentence: 'The gateway’s certificate cannot be read.',
    cause: 'It is damaged, or made by a program with a fault.',
    details: [printable(detail)],
  }),
  'not-trusted': ({ missingIssuer, selfSigned }) => ({
    sentence: selfSigned
      ? 'The gateway’s certificate is signed by nobody but itself.'
      : 'Nobody whom the profile trusts has issued the gateway’s certificate.',
    cause:
      'The profile lacks the company’s own CA, the gateway does not send an intermediate, or somebody else answers in its place.',
    remedy:
      'Ask the administrator for the CA certificate and add it to the profile; do not take one from elsewhere.',
    details: [`missing issuer: ${printable(missingIssuer)}`],
  }),
  'not-pinned': ({ expected }) => ({
    sentence: 'The gateway’s certificate is not the one that the profile insists on.',
    cause: 'The gateway has a new certificate, or somebody else answers in its place.',
    remedy: 'Ask the administrator for the new certificate and put it into the profile.',
    details: [`expected: ${printable(expected)}`],
  }),
  'wrong-name': ({ expected, names: carried, wants }) => ({
    sentence: `The gateway’s certificate is for ${names(carried)}, not for ${names(expected)}.`,
    cause:
      wants === 'IDr'
        ? 'The gateway says another name than its certificate carries.'
        : 'The profile names another gateway, the gateway lacks this name in its certificate, or somebody else answers.',
    remedy: 'If one of the names it carries is the gateway’s, write that into gateway.id of the profile.',
    details: [`expected: ${names(expected)}`, `it carries: ${names(carried)}`],
  }),
  expired: ({ notAfter, now }) => ({
    sentence: `The gateway’s certificate expired on ${dateOf(notAfter)}.`,
    cause: 'It was not renewed in time, or this computer’s clock is wrong.',
    remedy: 'Check the clock of this computer; then tell the administrator.',
    details: [clock(now)],
  }),
  'not-yet-valid': ({ notBefore, now }) => ({
    sentence: `The gateway’s certificate is not valid before ${dateOf(notBefore)}.`,
    cause: 'This computer’s clock is wrong, or the certificate was made for later.',
    remedy: 'Check the clock of this computer; then tell the administrator.',
    details: [clock(now)],
  }),
  revoked: ({ at, reason, by }) => ({
    sentence: 'The gateway’s certificate was revoked.',
    cause: 'Its CA has withdrawn it: the key may be in wrong hands.',
    details: [`since ${dateOf(at)}, reason: ${printable(reason)}`, `source: ${by.toUpperCase()}`],
  }),
  'revocation-unknown': ({ detail }) => ({
    sentence: 'Nobody could say whether the gateway’s certificate was revoked.',
    cause: 'The profile insists on an answer, and the CA’s service did not give one.',
    remedy:
      'Try again later or from another network; or ask the administrator whether the profile may be less strict.',
    details: [printable(detail)],
  }),
  'wrong-usage': ({ wanted, present, extension }) => ({
    sentence: USAGES[lackingUsage(extension, wanted)],
    cause: `Its ${extension} allows ${names(present)}; what is needed is ${names(wanted)}.`,
  }),
  'path-too-long': ({ limit, length }) => ({
    sentence: 'A CA in the gateway’s chain may not stand that far above it.',
    cause: `It allows ${limit} CAs below itself, and there are ${length}.`,
  }),
  'not-a-ca': ({ detail }) => ({
    sentence: 'The gateway’s certificate was issued by a certificate that is no CA.',
    cause: 'Somebody used a certificate that may not issue others.',
    details: [printable(detail)],
  }),
  'name-not-permitted': ({ ca, name }) => ({
    sentence: 'The gateway’s certificate carries a name that its CA may not give out.',
    cause: `${printable(ca)} may not vouch for ${printable(name)}.`,
  }),
  'unknown-critical-extension': ({ oid }) => ({
    sentence: 'The gateway’s certificate has a rule that Adit does not know and must not ignore.',
    cause: 'It holds a critical extension that nobody here understands.',
    details: [`extension ${printable(oid)}`],
  }),
  'bad-signature': ({ issuer }) => ({
    sentence: 'The gateway’s certificate is forged or damaged.',
    cause: `The signature of ${printable(issuer)} on it is not right.`,
  }),
  'weak-key': ({ detail }) => ({
    sentence: 'The gateway’s certificate has a key that is too weak.',
    cause: 'Keys like this one can be broken.',
    details: [printable(detail)],
  }),
  'weak-hash': ({ hash }) => ({
    sentence: 'The gateway’s certificate is signed with a hash that is too weak.',
    cause: `Signatures with ${printable(hash)} can be forged.`,
  }),
  'unsupported-algorithm': ({ algorithm }) => ({
    sentence: 'The gateway’s certificate uses an algorithm that Adit does not know.',
    cause: `It is signed, or its key made, with ${printable(algorithm)}.`,
  }),
};
