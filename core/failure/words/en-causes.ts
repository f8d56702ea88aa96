/** Failures in English. */
import { printable } from '#core/text/printable.ts';
import { refusals } from './en-refusals.ts';
import { addresses, allClosed, asSentence, endpointText, listed, refusalOf } from './parts.ts';
import type { FailureOf, FailureWords } from './words.ts';

const quoted = (text: string): string => `“${printable(text)}”`;
const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
const seconds = (count: number): string => (count === 1 ? '1 second' : `${count} seconds`);

/** `offered` against `wanted`, for a comparison at one glance. */
function proposals(failure: FailureOf<'no-proposal'>): string[] {
  return [
    `we ${failure.saidBy === 'peer' ? 'offered' : 'accept'}: ${listed(failure.wanted, 'nothing')}`,
    failure.offered.length > 0
      ? `the gateway ${failure.saidBy === 'peer' ? 'accepts' : 'chose'}: ${listed(failure.offered, '')}`
      : 'the gateway does not say what it would accept',
  ];
}

function proposalRemedy({ protocol, missing, narrowed }: FailureOf<'no-proposal'>): string {
  const field = protocol === 'IKE' ? 'ike.proposals' : 'child.proposals';
  if (missing !== undefined) {
    return `Add ${listed(missing, '')} to ${field} in the profile, if the administrator calls that sound: no more is missing.`;
  }
  const ask = `ask the administrator for the gateway’s ${protocol} proposals and write them there`;
  return narrowed === true
    ? `Remove ${field} from the profile: Adit then offers all that it holds sound. If that is refused, too, ${ask}.`
    : `Adit has offered all that it holds sound for ${field}: ${ask}.`;
}

const SECRETS: Readonly<Record<string, string>> = {
  psk: 'pre-shared key',
  ppk: 'post-quantum pre-shared key (RFC 8784)',
  'one-time-code': 'one-time code',
  'new-password': 'new password',
  user: 'user name',
  'pkcs12-password': 'password of the PKCS#12 file',
  'private-key-password': 'password of the private key',
};

const TLS_FAULTS: Readonly<Record<FailureOf<'tls-certificate-rejected'>['reason'], string>> = {
  untrusted: 'shows a certificate that nobody we trust has issued',
  expired: 'shows a certificate that has expired',
  'not-yet-valid': 'shows a certificate that is not valid yet',
  revoked: 'shows a certificate that was revoked',
  'revocation-unknown': 'shows a certificate of which nobody could say whether it was revoked',
  'wrong-usage': 'shows a certificate that is not meant for servers',
  'wrong-name': 'shows a certificate of another name',
};

type TlsRemedies = Readonly<Partial<typeof TLS_FAULTS>>;

/** Mistakes more often than attacks. */
const TLS_REMEDIES: TlsRemedies = {
  'wrong-name': 'Ask the administrator for the server’s name and set authentication.aaaId in the profile.',
  'revocation-unknown':
    'Try again later or from another network; or ask the administrator whether the profile may be less strict.',
};

const RESTRICTIONS: Readonly<
  Record<FailureOf<'account-restricted'>['restriction'], (user: string) => string>
> = {
  'logon-hours': (user) => `${user} may not log in at this hour.`,
  disabled: (user) => `The account of ${user} is disabled.`,
  'no-dialin': (user) => `${user} has no permission to connect from outside.`,
};

const said = (text: string | undefined): string[] =>
  text === undefined || text === '' ? [] : [`the server says: ${printable(text)}`];

export const causes: FailureWords['causes'] = {
  'no-answer': (failure) => ({
    ...(allClosed(failure)
      ? {
          sentence: `Nobody listens for a VPN at ${listed(failure.tried.map(endpointText), '')}.`,
          cause:
            'A machine is there, and says that this port is closed: it is not the gateway, or its VPN service does not run.',
          remedy:
            'Check address and port of the gateway in the profile; if they are right, tell the administrator that its service is down.',
        }
      : {
          sentence: `The gateway at ${addresses(failure.tried, 'an unknown address')} did not answer.`,
          cause:
            'The address is wrong, the gateway is off, or something on the way drops UDP ports 500 and 4500.',
          remedy: 'Check the gateway address in the profile; then try from another network.',
        }),
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
    cause: failure.lockdown
      ? 'Lockdown is on, so no name server is within reach, and no earlier connection tells where this name leads.'
      : 'The name is misspelt, or this network’s name service does not work.',
    remedy: failure.lockdown
      ? 'Switch lockdown off, connect once, and switch it on again: the address is remembered.'
      : 'Check the name in the profile, and that other names resolve on this network.',
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
    remedy: proposalRemedy(failure),
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
    ...refusals[refusalOf(failure)](failure),
    details: [
      `method: ${printable(failure.method)}`,
      `we are: ${printable(failure.localId)}`,
      `we asked for: ${failure.remoteId === undefined ? 'any identity' : printable(failure.remoteId)}`,
    ],
  }),
  'peer-authentication-failed': (failure) => ({
    sentence: `The gateway could not prove that it is ${quoted(failure.remoteId)}.`,
    cause:
      failure.method === 'psk'
        ? 'It holds another pre-shared key than the profile, or somebody else answers in its place.'
        : 'Its signature is not that of its certificate, or somebody else answers in its place.',
    remedy:
      failure.method === 'psk'
        ? 'Type the pre-shared key again (adit set-secret). If it is right, do not connect: tell the administrator.'
        : 'Do not connect: tell the administrator.',
    details: [
      `method: ${printable(failure.method)}`,
      `it claims to be: ${printable(failure.remoteId)}`,
      ...(failure.detail === undefined ? [] : [printable(failure.detail)]),
    ],
  }),
  'certificate-unusable': (failure) => ({
    sentence: 'Our own certificate cannot be used with this gateway.',
    cause: asSentence(failure.detail),
    remedy:
      'Import the certificate with its private key again; if it is right, ask the administrator what the gateway accepts.',
    details: [],
  }),
  'tls-certificate-rejected': (failure) => ({
    sentence: `The server that checks the login ${TLS_FAULTS[failure.reason]}.`,
    cause:
      failure.reason === 'revocation-unknown'
        ? 'The profile insists on an answer, and the CA’s service did not give one.'
        : 'Its certificate is not one the profile trusts, or somebody else answers in its place.',
    remedy:
      TLS_REMEDIES[failure.reason] ?? 'Do not type the password elsewhere either: tell the administrator.',
    details: [
      `inside EAP-${printable(failure.method)}`,
      `certificate: ${printable(failure.subject)}`,
      ...(failure.detail === '' ? [] : [printable(failure.detail)]),
      ...(failure.expected === undefined ? [] : [`expected: ${printable(failure.expected)}`]),
      ...(failure.names === undefined ? [] : [`it carries: ${listed(failure.names, 'no name')}`]),
    ],
  }),
  'tls-failed': (failure) => ({
    sentence:
      failure.saidBy === 'peer'
        ? 'The server that checks the login ended the secure channel.'
        : 'No secure channel to the server that checks the login could be made.',
    cause:
      failure.saidBy === 'peer'
        ? 'It does not accept our certificate, or has no TLS version or cipher in common with us.'
        : 'It has no TLS version or cipher in common with us, or broke the protocol.',
    remedy: 'Ask the administrator which certificate the login needs, and for the server’s log.',
    details: [`inside EAP-${printable(failure.method)}`, printable(failure.detail)],
  }),
  'wrong-password': (failure) => ({
    sentence: `The gateway does not accept the password of ${quoted(failure.user)}.`,
    cause: 'User name or password is mistyped, or the account is locked or does not exist.',
    remedy: 'Type both again; after some wrong tries wait before the next one, since accounts lock.',
    details: [`method: EAP-${printable(failure.method)}`, ...said(failure.message)],
  }),
  'account-restricted': (failure) => ({
    sentence: RESTRICTIONS[failure.restriction](quoted(failure.user)),
    cause: 'The password is not the matter: the server knows the account and refuses it.',
    remedy: 'Ask the administrator to allow this account to connect.',
    details: said(failure.message),
  }),
  'password-expired': (failure) => ({
    sentence: `The password of ${quoted(failure.user)} has expired.`,
    cause: 'It has to be changed before the next connection, and nobody gave a new one.',
    remedy: 'Connect again where you can type a new password, or change it at a computer of the company.',
    details: said(failure.message),
  }),
  'password-not-changed': (failure) => ({
    sentence: `The server did not take the new password of ${quoted(failure.user)}.`,
    cause: 'It is too short, too simple, or was used before.',
    remedy: 'Choose another one that follows the company’s rules.',
    details: said(failure.message),
  }),
  'eap-method-refused': (failure) => ({
    sentence: 'Gateway and profile know no way to log in that both accept.',
    cause: `One offers ${listed(failure.offered, 'nothing')}, the other takes ${listed(failure.wanted, 'nothing')}.`,
    remedy: `Ask the administrator whether ${listed(failure.offered, 'it')} is safe to use here, and add it to authentication.methods in the profile.`,
    details: [
      `offered: ${listed(failure.offered, 'nothing')}`,
      `wanted: ${listed(failure.wanted, 'nothing')}`,
    ],
  }),
  'eap-refused': (failure) => ({
    sentence: 'The gateway refused the login.',
    ...(failure.method === 'TLS'
      ? {
          cause: 'Its server does not accept our certificate, or the account may not connect.',
          remedy: 'Ask the administrator which certificate the login needs, and for the login server’s log.',
        }
      : {
          cause: 'The user name is unknown, the account may not connect, or its server does not work.',
          remedy: 'Check the user name; then ask the administrator to look into the log of the login server.',
        }),
    details: [
      ...(failure.method === undefined ? [] : [`method: EAP-${printable(failure.method)}`]),
      ...said(failure.message),
    ],
  }),
  'eap-server-unproven': (failure) => ({
    sentence: 'The server that checks the login does not know our password itself.',
    cause: 'It has another password for this user, or somebody else answers in its place.',
    remedy: 'Do not connect: tell the administrator.',
    details: [`method: EAP-${printable(failure.method)}`, printable(failure.detail)],
  }),
  'eap-premature-success': (failure) => ({
    sentence: 'The gateway let us in without having checked anything.',
    cause: 'It is misconfigured, or somebody else answers in its place.',
    remedy: 'Do not connect: tell the administrator.',
    details: failure.method === undefined ? [] : [`in the middle of EAP-${printable(failure.method)}`],
  }),
  'roaming-unsupported': () => ({
    sentence: 'The gateway cannot follow a tunnel to another address.',
    cause: 'Our network has changed, and the gateway does not offer MOBIKE (RFC 4555).',
    remedy: 'Connect anew.',
    details: [],
  }),
  'second-authentication-unsupported': () => ({
    sentence: 'The gateway cannot ask for a certificate and a login one after the other.',
    cause: 'The profile wants both (RFC 4739), and the gateway does not offer it.',
    remedy: 'Ask the administrator which of the two the gateway wants, and use that alone in the profile.',
    details: [],
  }),
  'ppk-unsupported': () => ({
    sentence: 'The gateway does not use post-quantum keys.',
    cause: 'The profile insists on one (RFC 8784), and the gateway does not know of any, or has none set up.',
    remedy: 'Ask the administrator whether the gateway has the post-quantum key of this profile.',
    details: [],
  }),
  'ppk-declined': () => ({
    sentence: 'The gateway did not use our post-quantum key.',
    cause: 'The profile insists on it (RFC 8784), and the gateway does not know it under this name.',
    remedy: 'Compare the name of the post-quantum key in the profile with the gateway’s.',
    details: [],
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
    sentence: `The profile needs its ${SECRETS[failure.what] ?? printable(failure.what)}, which is not stored.`,
    cause: 'Profiles are kept without their secrets, and nobody could be asked.',
    remedy:
      failure.what === 'ppk'
        ? 'Store it once with adit set-secret --ppk-stdin.'
        : failure.what === 'psk' || failure.what === 'pre-shared key'
          ? 'Store it once with adit set-secret, or give it with adit up --secret-stdin.'
          : 'Connect where you can be asked, or give what you know: adit up --user NAME --password-stdin; adit set-secret stores passwords.',
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
  'redirect-refused': (failure) => ({
    sentence: `The gateway sends us to ${quoted(failure.to)}, where the profile does not let us go.`,
    cause: 'The gateway is busy or about to be switched off, or somebody pretends to speak for it.',
    remedy: 'Ask the administrator whether that gateway is theirs; if so, permit it in the profile.',
    details: [`sent there by ${printable(failure.from)}`],
  }),
  'redirect-loop': (failure) => ({
    sentence: 'The gateways send us from one to another without an end.',
    cause: 'Each of them believes that another one has more room.',
    remedy: 'Try again later, and tell the administrator.',
    details: [`sent to: ${listed(failure.seen, 'nowhere')}`],
  }),
};
