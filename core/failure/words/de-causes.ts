/** Failures in German. */
import { printable } from '#core/text/printable.ts';
import { refusals } from './de-refusals.ts';
import { addresses, allClosed, asSentence, endpointText, listed, refusalOf } from './parts.ts';
import type { FailureOf, FailureWords } from './words.ts';

const quoted = (text: string): string => `„${printable(text)}“`;
const times = (count: number): string => (count === 1 ? 'einmal' : `${count}-mal`);
const seconds = (count: number): string => (count === 1 ? '1 Sekunde' : `${count} Sekunden`);
const ASK_NOBODY_ELSE = 'Verbinden Sie sich nicht: Informieren Sie Ihren Administrator.';
const IMPOSTOR = 'oder jemand anderes antwortet an seiner Stelle';

function proposals(failure: FailureOf<'no-proposal'>): string[] {
  return [
    `wir ${failure.saidBy === 'peer' ? 'boten an' : 'nehmen an'}: ${listed(failure.wanted, 'nichts')}`,
    failure.offered.length > 0
      ? `das Gateway ${failure.saidBy === 'peer' ? 'nimmt an' : 'wählte'}: ${listed(failure.offered, '')}`
      : 'das Gateway sagt nicht, was es annähme',
  ];
}

function proposalRemedy({ protocol, missing, narrowed }: FailureOf<'no-proposal'>): string {
  const field = protocol === 'IKE' ? 'ike.proposals' : 'child.proposals';
  if (missing !== undefined) {
    return `Fügen Sie ${listed(missing, '')} im Profil zu ${field} hinzu, wenn Ihr Administrator das für sicher hält: Mehr fehlt nicht.`;
  }
  const ask = `fragen Sie Ihren Administrator nach den ${protocol}-Vorschlägen des Gateways und tragen Sie sie dort ein`;
  return narrowed === true
    ? `Entfernen Sie ${field} aus dem Profil: Adit bietet dann alles an, was es für sicher hält. Wird auch das abgelehnt, ${ask}.`
    : `Adit hat für ${field} alles angeboten, was es für sicher hält: Bitte ${ask}.`;
}

const SECRETS: Readonly<Record<string, string>> = {
  psk: 'den vorinstallierten Schlüssel',
  ppk: 'den quantensicheren vorinstallierten Schlüssel (RFC 8784)',
  'pre-shared key': 'den vorinstallierten Schlüssel',
  password: 'das Passwort',
  'one-time-code': 'den Einmalcode',
  'new-password': 'ein neues Passwort',
  user: 'den Benutzernamen',
  'pkcs12-password': 'das Passwort der PKCS#12-Datei',
  'private-key-password': 'das Passwort des privaten Schlüssels',
};

const TLS_FAULTS: Readonly<Record<FailureOf<'tls-certificate-rejected'>['reason'], string>> = {
  untrusted: 'ein Zertifikat, das niemand ausgestellt hat, dem wir vertrauen',
  expired: 'ein abgelaufenes Zertifikat',
  'not-yet-valid': 'ein Zertifikat, das noch nicht gilt',
  revoked: 'ein widerrufenes Zertifikat',
  'revocation-unknown': 'ein Zertifikat, von dem niemand sagen konnte, ob es widerrufen wurde',
  'wrong-usage': 'ein Zertifikat, das nicht für Server gedacht ist',
  'wrong-name': 'ein Zertifikat mit einem anderen Namen',
};

type TlsRemedies = Readonly<Partial<typeof TLS_FAULTS>>;

/** Mistakes more often than attacks. */
const TLS_REMEDIES: TlsRemedies = {
  'wrong-name':
    'Fragen Sie Ihren Administrator nach dem Namen des Servers und setzen Sie authentication.aaaId im Profil.',
  'revocation-unknown':
    'Versuchen Sie es später oder aus einem anderen Netz; oder fragen Sie Ihren Administrator, ob das Profil weniger streng sein darf.',
};

const RESTRICTIONS: Readonly<
  Record<FailureOf<'account-restricted'>['restriction'], (user: string) => string>
> = {
  'logon-hours': (user) => `${user} darf sich zu dieser Uhrzeit nicht anmelden.`,
  disabled: (user) => `Das Konto ${user} ist gesperrt.`,
  'no-dialin': (user) => `${user} darf sich nicht von außen verbinden.`,
};

const said = (text: string | undefined): string[] =>
  text === undefined || text === '' ? [] : [`der Server sagt: ${printable(text)}`];

export const causes: FailureWords['causes'] = {
  'no-answer': (failure) => ({
    ...(allClosed(failure)
      ? {
          sentence: `Unter ${listed(failure.tried.map(endpointText), '')} nimmt niemand VPN-Verbindungen an.`,
          cause:
            'Dort ist ein Rechner, der meldet, dass dieser Port geschlossen ist: Er ist nicht das Gateway, oder dessen VPN-Dienst läuft nicht.',
          remedy:
            'Prüfen Sie Adresse und Port des Gateways im Profil; stimmen sie, sagen Sie Ihrem Administrator, dass der Dienst nicht läuft.',
        }
      : {
          sentence: `Das Gateway ${addresses(failure.tried, 'mit unbekannter Adresse')} antwortet nicht.`,
          cause:
            'Die Adresse ist falsch, das Gateway ist aus, oder etwas auf dem Weg verwirft die UDP-Ports 500 und 4500.',
          remedy:
            'Prüfen Sie die Adresse des Gateways im Profil und versuchen Sie es dann aus einem anderen Netz.',
        }),
    details: [
      `${printable(failure.exchange)} wurde ${times(failure.attempts)} gesendet`,
      `versucht: ${listed(failure.tried.map(endpointText), 'keine Adresse')}`,
    ],
  }),
  'peer-dead': (failure) => ({
    sentence: 'Das Gateway ist verstummt.',
    cause: 'Das Gateway wurde neu gestartet, oder das Netz dazwischen ist unterbrochen.',
    remedy: 'Prüfen Sie, ob dieser Computer online ist, und verbinden Sie sich erneut.',
    details: [`zuletzt gehört vor ${seconds(failure.lastSeenSecAgo)}`],
  }),
  'name-not-resolved': (failure) => ({
    sentence: `Der Name des Gateways ${quoted(failure.host)} hat keine Adresse.`,
    cause: failure.lockdown
      ? 'Der Sperrmodus ist eingeschaltet, deshalb ist kein Namensserver erreichbar, und keine frühere Verbindung sagt, wohin dieser Name führt.'
      : 'Der Name ist falsch geschrieben, oder die Namensauflösung dieses Netzes funktioniert nicht.',
    remedy: failure.lockdown
      ? 'Schalten Sie ihn aus, verbinden Sie sich einmal und schalten Sie ihn wieder ein: Die Adresse wird gemerkt.'
      : 'Prüfen Sie den Namen im Profil und ob sich andere Namen in diesem Netz auflösen lassen.',
    details: [printable(failure.detail)],
  }),
  'network-unreachable': (failure) => ({
    sentence: `Von diesem Computer führt kein Weg zu ${printable(failure.address)}.`,
    cause: 'Der Computer ist offline, oder sein Netz hat keine Route für diese Art von Adresse.',
    remedy: 'Verbinden Sie sich zuerst mit einem Netz; für ein IPv6-Gateway muss das Netz IPv6 beherrschen.',
    details: [printable(failure.detail)],
  }),
  'no-proposal': (failure) => ({
    sentence:
      failure.saidBy === 'peer'
        ? `Das Gateway nimmt keines der ${failure.protocol}-Verfahren an, die wir angeboten haben.`
        : `Das Gateway antwortete mit ${failure.protocol}-Verfahren, die wir nicht angeboten haben.`,
    cause: 'Profil und Gateway haben keine Kombination von Verfahren gemeinsam.',
    remedy: proposalRemedy(failure),
    details: proposals(failure),
  }),
  'invalid-ke': (failure) => ({
    sentence: `Das Gateway besteht auf dem Schlüsselaustausch ${quoted(failure.asked)}, den das Profil nicht erlaubt.`,
    cause:
      'Die Diffie-Hellman-Gruppe des Gateways ist keine aus dem Profil, oder es ändert immer wieder seine Meinung.',
    remedy:
      'Wenn Sie dieser Gruppe vertrauen, tragen Sie sie unter ike.proposals im Profil ein; sonst bitten Sie Ihren Administrator um eine stärkere.',
    details: [
      `wir boten an: ${listed(failure.wanted, 'nichts')}`,
      `das Gateway verlangt: ${printable(failure.asked)}`,
    ],
  }),
  'authentication-refused': (failure) => ({
    ...refusals[refusalOf(failure)](failure),
    details: [
      `Verfahren: ${printable(failure.method)}`,
      `wir sind: ${printable(failure.localId)}`,
      `wir verlangten: ${failure.remoteId === undefined ? 'irgendeine Identität' : printable(failure.remoteId)}`,
    ],
  }),
  'peer-authentication-failed': (failure) => ({
    sentence: `Das Gateway konnte nicht beweisen, dass es ${quoted(failure.remoteId)} ist.`,
    cause:
      failure.method === 'psk'
        ? `Es hat einen anderen vorinstallierten Schlüssel als das Profil, ${IMPOSTOR}.`
        : `Seine Signatur passt nicht zu seinem Zertifikat, ${IMPOSTOR}.`,
    remedy:
      failure.method === 'psk'
        ? 'Geben Sie den vorinstallierten Schlüssel neu ein (adit set-secret). Stimmt er, verbinden Sie sich nicht: Informieren Sie Ihren Administrator.'
        : ASK_NOBODY_ELSE,
    details: [
      `Verfahren: ${printable(failure.method)}`,
      `es gibt sich aus als: ${printable(failure.remoteId)}`,
      ...(failure.detail === undefined ? [] : [printable(failure.detail)]),
    ],
  }),
  'certificate-unusable': (failure) => ({
    sentence: 'Unser eigenes Zertifikat lässt sich mit diesem Gateway nicht verwenden.',
    cause: asSentence(failure.detail),
    remedy:
      'Importieren Sie das Zertifikat mit seinem privaten Schlüssel neu; stimmt es, fragen Sie Ihren Administrator, was das Gateway annimmt.',
    details: [],
  }),
  'tls-certificate-rejected': (failure) => ({
    sentence: `Der Server, der die Anmeldung prüft, zeigt ${TLS_FAULTS[failure.reason]}.`,
    cause:
      failure.reason === 'revocation-unknown'
        ? 'Das Profil besteht auf einer Antwort, und der Dienst der CA gab keine.'
        : `Sein Zertifikat gehört nicht zu denen, denen das Profil vertraut, ${IMPOSTOR}.`,
    remedy:
      TLS_REMEDIES[failure.reason] ??
      'Geben Sie das Passwort auch anderswo nicht ein: Informieren Sie Ihren Administrator.',
    details: [
      `innerhalb von EAP-${printable(failure.method)}`,
      `Zertifikat: ${printable(failure.subject)}`,
      ...(failure.detail === '' ? [] : [printable(failure.detail)]),
      ...(failure.expected === undefined ? [] : [`erwartet: ${printable(failure.expected)}`]),
      ...(failure.names === undefined ? [] : [`es trägt: ${listed(failure.names, 'keinen Namen')}`]),
    ],
  }),
  'tls-failed': (failure) => ({
    sentence:
      failure.saidBy === 'peer'
        ? 'Der Server, der die Anmeldung prüft, hat den sicheren Kanal beendet.'
        : 'Zum Server, der die Anmeldung prüft, kam kein sicherer Kanal zustande.',
    cause:
      failure.saidBy === 'peer'
        ? 'Er akzeptiert unser Zertifikat nicht oder hat keine TLS-Version und kein Verfahren mit uns gemeinsam.'
        : 'Er hat keine TLS-Version und kein Verfahren mit uns gemeinsam oder verletzt das Protokoll.',
    remedy:
      'Fragen Sie Ihren Administrator, welches Zertifikat die Anmeldung braucht, und nach dem Protokoll des Servers.',
    details: [`innerhalb von EAP-${printable(failure.method)}`, printable(failure.detail)],
  }),
  'wrong-password': (failure) => ({
    sentence: `Das Gateway akzeptiert das Passwort von ${quoted(failure.user)} nicht.`,
    cause: 'Benutzername oder Passwort ist vertippt, oder das Konto ist gesperrt oder existiert nicht.',
    remedy:
      'Geben Sie beides neu ein; warten Sie nach einigen Fehlversuchen, denn Konten werden sonst gesperrt.',
    details: [`Verfahren: EAP-${printable(failure.method)}`, ...said(failure.message)],
  }),
  'account-restricted': (failure) => ({
    sentence: RESTRICTIONS[failure.restriction](quoted(failure.user)),
    cause: 'Am Passwort liegt es nicht: Der Server kennt das Konto und lehnt es ab.',
    remedy: 'Bitten Sie Ihren Administrator, diesem Konto die Verbindung zu erlauben.',
    details: said(failure.message),
  }),
  'password-expired': (failure) => ({
    sentence: `Das Passwort von ${quoted(failure.user)} ist abgelaufen.`,
    cause: 'Es muss vor der nächsten Verbindung geändert werden, und niemand gab ein neues an.',
    remedy:
      'Verbinden Sie sich dort, wo Sie ein neues Passwort eingeben können, oder ändern Sie es an einem Computer der Firma.',
    details: said(failure.message),
  }),
  'password-not-changed': (failure) => ({
    sentence: `Der Server hat das neue Passwort von ${quoted(failure.user)} nicht angenommen.`,
    cause: 'Es ist zu kurz, zu einfach oder wurde schon einmal benutzt.',
    remedy: 'Wählen Sie ein anderes, das den Regeln der Firma entspricht.',
    details: said(failure.message),
  }),
  'eap-method-refused': (failure) => ({
    sentence: 'Gateway und Profil kennen kein Anmeldeverfahren, das beide akzeptieren.',
    cause: `Die eine Seite bietet ${listed(failure.offered, 'nichts')}, die andere nimmt ${listed(failure.wanted, 'nichts')}.`,
    remedy: `Fragen Sie Ihren Administrator, ob ${listed(failure.offered, 'es')} hier sicher ist, und tragen Sie es unter authentication.methods im Profil ein.`,
    details: [
      `angeboten: ${listed(failure.offered, 'nichts')}`,
      `verlangt: ${listed(failure.wanted, 'nichts')}`,
    ],
  }),
  'eap-refused': (failure) => ({
    sentence: 'Das Gateway hat die Anmeldung abgelehnt.',
    ...(failure.method === 'TLS'
      ? {
          cause: 'Sein Server akzeptiert unser Zertifikat nicht, oder das Konto darf sich nicht verbinden.',
          remedy:
            'Fragen Sie Ihren Administrator, welches Zertifikat die Anmeldung braucht, und nach dem Protokoll des Anmeldeservers.',
        }
      : {
          cause:
            'Der Benutzername ist unbekannt, das Konto darf sich nicht verbinden, oder der Anmeldeserver funktioniert nicht.',
          remedy:
            'Prüfen Sie den Benutzernamen; bitten Sie dann Ihren Administrator, in das Protokoll des Anmeldeservers zu sehen.',
        }),
    details: [
      ...(failure.method === undefined ? [] : [`Verfahren: EAP-${printable(failure.method)}`]),
      ...said(failure.message),
    ],
  }),
  'eap-server-unproven': (failure) => ({
    sentence: 'Der Server, der die Anmeldung prüft, kennt unser Passwort selbst nicht.',
    cause: `Er hat für diesen Benutzer ein anderes Passwort, ${IMPOSTOR}.`,
    remedy: ASK_NOBODY_ELSE,
    details: [`Verfahren: EAP-${printable(failure.method)}`, printable(failure.detail)],
  }),
  'eap-premature-success': (failure) => ({
    sentence: 'Das Gateway ließ uns ein, ohne etwas geprüft zu haben.',
    cause: `Es ist falsch eingerichtet, ${IMPOSTOR}.`,
    remedy: ASK_NOBODY_ELSE,
    details: failure.method === undefined ? [] : [`mitten in EAP-${printable(failure.method)}`],
  }),
  'roaming-unsupported': () => ({
    sentence: 'Das Gateway kann einem Tunnel nicht an eine andere Adresse folgen.',
    cause: 'Unser Netz hat gewechselt, und das Gateway bietet MOBIKE (RFC 4555) nicht an.',
    remedy: 'Verbinden Sie sich neu.',
    details: [],
  }),
  'second-authentication-unsupported': () => ({
    sentence: 'Das Gateway kann nicht nacheinander ein Zertifikat und eine Anmeldung verlangen.',
    cause: 'Das Profil will beides (RFC 4739), und das Gateway bietet es nicht an.',
    remedy:
      'Fragen Sie Ihren Administrator, welches der beiden das Gateway will, und verwenden Sie im Profil nur dieses.',
    details: [],
  }),
  'ppk-unsupported': () => ({
    sentence: 'Das Gateway verwendet keine Post-Quanten-Schlüssel.',
    cause:
      'Das Profil besteht auf einem (RFC 8784); das Gateway kennt so etwas nicht oder hat keinen eingerichtet.',
    remedy: 'Fragen Sie Ihren Administrator, ob das Gateway den Post-Quanten-Schlüssel dieses Profils hat.',
    details: [],
  }),
  'ppk-declined': () => ({
    sentence: 'Das Gateway hat unseren Post-Quanten-Schlüssel nicht verwendet.',
    cause: 'Das Profil besteht darauf (RFC 8784), und das Gateway kennt ihn unter diesem Namen nicht.',
    remedy: 'Vergleichen Sie den Namen des Post-Quanten-Schlüssels im Profil mit dem des Gateways.',
    details: [],
  }),
  'identity-mismatch': (failure) => ({
    sentence: `Das Gateway ist ${quoted(failure.presented)}, nicht ${quoted(failure.expected)}.`,
    cause: 'Das Profil nennt eine andere Identität, oder unter dieser Adresse antwortet ein anderes Gateway.',
    remedy:
      'Fragen Sie Ihren Administrator nach der Identität des Gateways und berichtigen Sie gateway.id im Profil.',
    details: [`erwartet: ${printable(failure.expected)}`, `gezeigt: ${printable(failure.presented)}`],
  }),
  'ts-unacceptable': (failure) => ({
    sentence:
      failure.saidBy === 'peer'
        ? 'Das Gateway bedient die Netze nicht, die das Profil verlangt.'
        : 'Das Gateway antwortete mit Netzen, die das Profil nicht verlangt.',
    cause: 'Die Traffic Selectors von Profil und Gateway haben nichts gemeinsam.',
    remedy:
      'Fragen Sie Ihren Administrator nach den Netzen hinter dem Gateway und setzen Sie child.remoteTs im Profil.',
    details: [`lokal: ${listed(failure.local, 'keine')}`, `entfernt: ${listed(failure.remote, 'keine')}`],
  }),
  'no-address': (failure) => ({
    sentence: 'Das Gateway hat keine innere Adresse für diesen Computer.',
    cause: 'Sein Adressvorrat ist erschöpft, oder es vergibt keine Adressen dieser Art.',
    remedy: 'Versuchen Sie es in einigen Minuten erneut; bleibt es so, informieren Sie Ihren Administrator.',
    details: [`verlangt: ${listed(failure.asked, 'nichts')}`],
  }),
  'closed-by-peer': (failure) => ({
    sentence: 'Das Gateway hat die Verbindung geschlossen.',
    cause:
      'Ein Administrator hat sie beendet, das Gateway startet neu, oder dieselbe Identität hat sich anderswo verbunden.',
    remedy: 'Verbinden Sie sich erneut.',
    details: [printable(failure.detail)],
  }),
  'protocol-error': (failure) => ({
    sentence:
      failure.sentBy === 'peer'
        ? 'Das Gateway hat eine Nachricht gesendet, die das Protokoll verletzt.'
        : 'Das Gateway sagt, unsere Nachricht verletze das Protokoll.',
    cause: 'Gateway und Client verstehen IKEv2 verschieden; einer von beiden hat einen Fehler.',
    remedy:
      'Speichern Sie das Protokoll (adit log) und melden Sie es zusammen mit Hersteller und Version des Gateways.',
    details: [printable(failure.detail)],
  }),
  'peer-error': (failure) => ({
    sentence: `Das Gateway hat mit ${printable(failure.notify)} abgelehnt.`,
    cause: 'Mehr als diesen Code gibt das Gateway nicht an.',
    remedy: 'Bitten Sie Ihren Administrator, zu dieser Uhrzeit in das Protokoll des Gateways zu sehen.',
    details: [`Notify ${failure.code} (${printable(failure.notify)}) in ${printable(failure.exchange)}`],
  }),
  'secret-missing': (failure) => ({
    sentence: `Das Profil braucht ${SECRETS[failure.what] ?? printable(failure.what)}; gespeichert ist nichts.`,
    cause: 'Profile werden ohne ihre Geheimnisse aufbewahrt, und niemand konnte gefragt werden.',
    remedy:
      failure.what === 'ppk'
        ? 'Speichern Sie ihn einmal mit adit set-secret --ppk-stdin.'
        : failure.what === 'psk' || failure.what === 'pre-shared key'
          ? 'Speichern Sie ihn einmal mit adit set-secret, oder geben Sie ihn mit adit up --secret-stdin an.'
          : 'Verbinden Sie sich dort, wo Sie gefragt werden können, oder geben Sie an, was Sie wissen: adit up --user NAME --password-stdin; adit set-secret speichert Passwörter.',
    details: [],
  }),
  system: (failure) => ({
    sentence: asSentence(failure.what),
    cause: asSentence(failure.detail),
    remedy: asSentence(failure.remedy),
    details: [],
  }),
  timeout: (failure) => ({
    sentence: `Der Tunnel stand nicht innerhalb von ${failure.seconds === 1 ? '1 Sekunde' : `${failure.seconds} Sekunden`}.`,
    cause: 'Das Gateway antwortet langsam oder gar nicht.',
    remedy: 'Geben Sie ihm mit adit up --timeout mehr Zeit, oder sehen Sie mit adit log, wie weit es kam.',
    details: [],
  }),
  expired: (failure) => ({
    sentence: 'Der Tunnel hat das Ende seiner Lebensdauer erreicht.',
    cause: `Er darf ${seconds(failure.lifetimeSec)} dauern; seine Schlüssel dürfen nicht länger benutzt werden.`,
    remedy: 'Verbinden Sie sich erneut, oder erhöhen Sie ike.lifetimeSec im Profil.',
    details: [],
  }),
  'redirect-refused': (failure) => ({
    sentence: `Das Gateway schickt uns zu ${quoted(failure.to)}; dorthin lässt uns das Profil nicht gehen.`,
    cause: 'Das Gateway ist ausgelastet oder wird bald abgeschaltet, oder jemand spricht in seinem Namen.',
    remedy:
      'Fragen Sie Ihren Administrator, ob jenes Gateway dazugehört; wenn ja, erlauben Sie es im Profil.',
    details: [`dorthin geschickt von ${printable(failure.from)}`],
  }),
  'redirect-loop': (failure) => ({
    sentence: 'Die Gateways schicken uns ohne Ende von einem zum anderen.',
    cause: 'Jedes von ihnen hält ein anderes für weniger ausgelastet.',
    remedy: 'Versuchen Sie es später erneut, und sagen Sie es Ihrem Administrator.',
    details: [`geschickt zu: ${listed(failure.seen, 'nirgendwohin')}`],
  }),
};
