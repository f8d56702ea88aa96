/** What AUTHENTICATION_FAILED may be about, in German; en-refusals.ts is its twin. */
import { printable } from '#core/text/printable.ts';
import { dateOf, oneOf } from './parts.ts';
import type { FailureOf, RefusalRows } from './words.ts';

type Refused = FailureOf<'authentication-refused'>;

const quoted = (text: string): string => `„${printable(text)}“`;
const us = ({ localId }: Refused): string => quoted(localId);
const named = ({ remoteId }: Refused): string[] =>
  remoteId === undefined ? [] : [`das Gateway heißt nicht ${quoted(remoteId)}`];
const anyOf = (...causes: readonly string[]): string => oneOf(causes, ', ', ', oder ', '.');

const ASK_HOW =
  'Fragen Sie Ihren Administrator, wie sich diese Identität ausweisen muss: mit Zertifikat, mit Benutzername und Passwort oder mit beidem.';

export const refusals: RefusalRows = {
  psk: (failure) => ({
    sentence: `Das Gateway hat den vorinstallierten Schlüssel von ${us(failure)} abgelehnt.`,
    cause: anyOf(
      'Der Schlüssel ist vertippt oder veraltet',
      `das Gateway kennt ${us(failure)} nicht`,
      ...named(failure),
    ),
    remedy:
      'Geben Sie den vorinstallierten Schlüssel neu ein (adit set-secret) und vergleichen Sie dann beide Identitäten im Profil mit denen des Gateways.',
  }),
  ppk: (failure) => ({
    sentence: `Das Gateway hat den Nachweis von ${us(failure)} abgelehnt, zu dem der Post-Quanten-Schlüssel gehört.`,
    cause: anyOf(
      'Gateway und Profil haben unter diesem Namen verschiedene Post-Quanten-Schlüssel, oder das Gateway hat keinen',
      'der Nachweis war auch ohne ihn falsch',
      ...named(failure),
    ),
    remedy:
      'Vergleichen Sie den Post-Quanten-Schlüssel und seinen Namen mit denen des Gateways, dann den Rest der Anmeldung.',
  }),
  expired: ({ expiredAt = 0 }) => ({
    sentence: `Das Gateway hat unser Zertifikat abgelehnt, das am ${dateOf(expiredAt)} abgelaufen ist.`,
    cause: 'Ein Zertifikat gilt bis zu seinem letzten Tag, und dieses wurde nicht erneuert.',
    remedy: 'Bitten Sie Ihren Administrator um ein neues Zertifikat und importieren Sie es.',
  }),
  issuer: (failure) => ({
    sentence: `Das Gateway hat das Zertifikat von ${us(failure)} abgelehnt, das eine andere CA ausgestellt hat.`,
    cause: `Das Gateway verlangt Zertifikate anderer CAs; unseres hat ${printable(failure.issuer ?? '')} ausgestellt.`,
    remedy:
      'Bitten Sie Ihren Administrator um ein Zertifikat, das dieses Gateway annimmt, und importieren Sie es.',
  }),
  certificate: (failure) => ({
    sentence: `Das Gateway hat das Zertifikat von ${us(failure)} abgelehnt.`,
    cause: anyOf(
      'Es will stattdessen Benutzername und Passwort',
      'das Zertifikat wurde widerrufen oder gehört zu einer anderen Identität',
      ...named(failure),
    ),
    remedy: ASK_HOW,
  }),
  'before-login': (failure) => ({
    sentence: `Das Gateway hat die Anmeldung von ${us(failure)} abgelehnt, bevor sie begann.`,
    cause: anyOf(
      'Es will stattdessen ein Zertifikat oder einen vorinstallierten Schlüssel',
      'es kennt diesen Benutzer nicht',
      ...named(failure),
    ),
    remedy: ASK_HOW,
  }),
  'after-login': (failure) => ({
    sentence: `Das Gateway hat ${us(failure)} abgelehnt, obwohl die Anmeldung richtig war.`,
    cause:
      'Das Konto darf dieses Gateway nicht benutzen, oder Gateway und Anmeldeserver sind sich nicht einig.',
    remedy: 'Bitten Sie Ihren Administrator, im Protokoll des Gateways zu dieser Zeit nachzusehen.',
  }),
  other: (failure) => ({
    sentence:
      failure.method === 'certificate-eap'
        ? `Das Gateway hat das Zertifikat und die Anmeldung von ${us(failure)} abgelehnt.`
        : `Das Gateway hat den Nachweis durch ${quoted(failure.method)} von ${us(failure)} abgelehnt.`,
    cause: anyOf('Es will etwas anderes sehen', 'es kennt diese Identität nicht', ...named(failure)),
    remedy: ASK_HOW,
  }),
};
