/** What is wrong with a gateway's certificate, in German. */
import { printable } from '#core/text/printable.ts';
import { dateOf, listed, lackingUsage, type LackingUsage } from './parts.ts';
import type { FailureWords } from './words.ts';

const names = (texts: readonly string[]): string => listed(texts, 'keinen Namen');
const clock = (now: number): string => `das Datum dieses Computers ist ${dateOf(now)}`;
const CLOCK_FIRST = 'Prüfen Sie die Uhr dieses Computers; stimmt sie, informieren Sie Ihren Administrator.';

const USAGES: Readonly<Record<LackingUsage, string>> = {
  purpose: 'Das Zertifikat des Gateways ist nicht für ein Gateway gedacht.',
  'issuer-key': 'Eine CA in der Kette des Gateways darf keine Zertifikate ausstellen.',
  'own-key': 'Der Schlüssel im Zertifikat des Gateways darf nicht signieren, was er hier muss.',
};

export const faults: FailureWords['faults'] = {
  'no-certificate': () => ({
    sentence: 'Das Gateway hat kein Zertifikat gezeigt.',
    cause: 'Es weist sich anders aus oder sendet sein Zertifikat nur auf Verlangen.',
    remedy:
      'Fragen Sie Ihren Administrator, wie sich das Gateway ausweist, und setzen Sie gateway.authentication im Profil.',
  }),
  'too-many-certificates': ({ count, limit }) => ({
    sentence: 'Das Gateway hat weit mehr Zertifikate gezeigt, als eine Kette braucht.',
    cause: `Es sandte ${count}; ${limit} werden angenommen.`,
  }),
  malformed: ({ detail }) => ({
    sentence: 'Das Zertifikat des Gateways ist nicht lesbar.',
    cause: 'Es ist beschädigt oder von einem fehlerhaften Programm erstellt.',
    details: [printable(detail)],
  }),
  'not-trusted': ({ missingIssuer, selfSigned }) => ({
    sentence: selfSigned
      ? 'Das Zertifikat des Gateways ist von niemandem außer ihm selbst unterschrieben.'
      : 'Niemand, dem das Profil vertraut, hat das Zertifikat des Gateways ausgestellt.',
    cause:
      'Dem Profil fehlt die CA der Firma, das Gateway sendet ein Zwischenzertifikat nicht mit, oder jemand anderes antwortet an seiner Stelle.',
    remedy:
      'Bitten Sie Ihren Administrator um das CA-Zertifikat und fügen Sie es dem Profil hinzu; nehmen Sie keines von anderswo.',
    details: [`fehlender Aussteller: ${printable(missingIssuer)}`],
  }),
  'not-pinned': ({ expected }) => ({
    sentence: 'Das Zertifikat des Gateways ist nicht das, auf dem das Profil besteht.',
    cause: 'Das Gateway hat ein neues Zertifikat, oder jemand anderes antwortet an seiner Stelle.',
    remedy: 'Bitten Sie Ihren Administrator um das neue Zertifikat und setzen Sie es im Profil ein.',
    details: [`erwartet: ${printable(expected)}`],
  }),
  'wrong-name': ({ expected, names: carried, wants }) => ({
    sentence: `Das Zertifikat des Gateways gilt für ${names(carried)}, nicht für ${names(expected)}.`,
    cause:
      wants === 'IDr'
        ? 'Das Gateway nennt einen anderen Namen, als sein Zertifikat trägt.'
        : 'Das Profil nennt ein anderes Gateway, dem Zertifikat fehlt dieser Name, oder jemand anderes antwortet.',
    remedy: 'Ist einer der Namen darin der des Gateways, tragen Sie ihn als gateway.id im Profil ein.',
    details: [`erwartet: ${names(expected)}`, `es trägt: ${names(carried)}`],
  }),
  expired: ({ notAfter, now }) => ({
    sentence: `Das Zertifikat des Gateways ist am ${dateOf(notAfter)} abgelaufen.`,
    cause: 'Es wurde nicht rechtzeitig erneuert, oder die Uhr dieses Computers geht falsch.',
    remedy: CLOCK_FIRST,
    details: [clock(now)],
  }),
  'not-yet-valid': ({ notBefore, now }) => ({
    sentence: `Das Zertifikat des Gateways gilt erst ab ${dateOf(notBefore)}.`,
    cause: 'Die Uhr dieses Computers geht falsch, oder das Zertifikat ist für später gedacht.',
    remedy: CLOCK_FIRST,
    details: [clock(now)],
  }),
  revoked: ({ at, reason, by }) => ({
    sentence: 'Das Zertifikat des Gateways wurde widerrufen.',
    cause: 'Seine CA hat es zurückgezogen: Der Schlüssel kann in falschen Händen sein.',
    details: [`seit ${dateOf(at)}, Grund: ${printable(reason)}`, `Quelle: ${by.toUpperCase()}`],
  }),
  'revocation-unknown': ({ detail }) => ({
    sentence: 'Niemand konnte sagen, ob das Zertifikat des Gateways widerrufen wurde.',
    cause: 'Das Profil besteht auf einer Antwort, und der Dienst der CA gab keine.',
    remedy:
      'Versuchen Sie es später oder aus einem anderen Netz; oder fragen Sie Ihren Administrator, ob das Profil weniger streng sein darf.',
    details: [printable(detail)],
  }),
  'wrong-usage': ({ wanted, present, extension }) => ({
    sentence: USAGES[lackingUsage(extension, wanted)],
    cause: `${extension} erlaubt ${listed(present, 'nichts')}; gebraucht wird ${listed(wanted, 'nichts')}.`,
  }),
  'path-too-long': ({ limit, length }) => ({
    sentence: 'Eine CA in der Kette des Gateways darf nicht so weit über ihm stehen.',
    cause: `Sie erlaubt ${limit} CAs unter sich, und es sind ${length}.`,
  }),
  'not-a-ca': ({ detail }) => ({
    sentence: 'Das Zertifikat des Gateways wurde mit einem Zertifikat ausgestellt, das keine CA ist.',
    cause: 'Jemand hat ein Zertifikat benutzt, das keine anderen ausstellen darf.',
    details: [printable(detail)],
  }),
  'name-not-permitted': ({ ca, name }) => ({
    sentence: 'Das Zertifikat des Gateways trägt einen Namen, den seine CA nicht vergeben darf.',
    cause: `${printable(ca)} darf nicht für ${printable(name)} bürgen.`,
  }),
  'unknown-critical-extension': ({ oid }) => ({
    sentence:
      'Das Zertifikat des Gateways enthält eine Regel, die Adit nicht kennt und nicht übergehen darf.',
    cause: 'Es hat eine kritische Erweiterung, die hier niemand versteht.',
    details: [`Erweiterung ${printable(oid)}`],
  }),
  'bad-signature': ({ issuer }) => ({
    sentence: 'Das Zertifikat des Gateways ist gefälscht oder beschädigt.',
    cause: `Die Unterschrift von ${printable(issuer)} darauf stimmt nicht.`,
  }),
  'weak-key': ({ detail }) => ({
    sentence: 'Das Zertifikat des Gateways hat einen zu schwachen Schlüssel.',
    cause: 'Schlüssel wie dieser lassen sich brechen.',
    details: [printable(detail)],
  }),
  'weak-hash': ({ hash }) => ({
    sentence: 'Das Zertifikat des Gateways ist mit einem zu schwachen Hash unterschrieben.',
    cause: `Unterschriften mit ${printable(hash)} lassen sich fälschen.`,
  }),
  'unsupported-algorithm': ({ algorithm }) => ({
    sentence: 'Das Zertifikat des Gateways benutzt ein Verfahren, das Adit nicht kennt.',
    cause: `Es ist mit ${printable(algorithm)} unterschrieben, oder sein Schlüssel ist damit erzeugt.`,
  }),
};
