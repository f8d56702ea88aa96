/**
 * What the schema cannot say: texts inside a profile that must mean something (algorithms, selectors, identities,
 * hosts). The importers and `profiles.update` ask here, so that a profile that was accepted once can always be used.
 */
import { KeywordError, parseProposal } from '#core/crypto/keywords.ts';
import { parseIdentification } from '#core/ike/identification.ts';
import { parseTrafficSelector } from '#core/ike/traffic-selector.ts';
import { parseIp } from '#core/net/address.ts';
import { certificateProblem } from '#core/profile/certificate-shape.ts';
import type { EapInnerMethod, Profile } from '#core/profile/profile.ts';
import { readPermit } from '#core/profile/redirects.ts';
import { printable } from '#core/text/printable.ts';

/** A sentence about what is wrong with a text, or undefined where it is good. */
export type Check = (text: string) => string | undefined;

const quote = (text: string): string => `"${printable(text, 64)}"`;

export const checkProposal =
  (protocol: 'IKE' | 'ESP'): Check =>
  (text) => {
    try {
      parseProposal(text, protocol);
      return undefined;
    } catch (error) {
      if (error instanceof KeywordError) return printable(error.message);
      throw error;
    }
  };

const IDENTITY_FORMS =
  'an address, a name, user@name, a distinguished name such as "C=DE, CN=alice", or "keyid:" before anything else';

export const checkIdentity: Check = (text) =>
  parseIdentification(text) && printable(text, 1024) === text
    ? undefined
    : `${quote(text)} is no identity; expected ${IDENTITY_FORMS}`;

const SELECTOR_FORMS =
  '"10.0.0.0/8", "10.0.0.1-10.0.0.9", "fd00::/64" or "dynamic", then perhaps "[tcp/443]"';

/** `dynamic` stands for our own address, so it belongs to the local side only. */
export const checkSelector =
  (side: 'local' | 'remote'): Check =>
  (text) => {
    const selector = parseTrafficSelector(text);
    if (!selector) return `${quote(text)} is no selector; expected ${SELECTOR_FORMS}`;
    return selector.kind === 'dynamic' && side === 'remote'
      ? '"dynamic" is our own address; expected the networks behind the gateway'
      : undefined;
  };

/** RFC 1123 §2.1, with the underscore that people use. */
const LABEL = /^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$/;

function isDomain(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return name.length <= 253 && name.split('.').every((label) => LABEL.test(label));
}

/** Digits and dots alone are a mistyped address, not a name (RFC 3696 §2). */
export const checkHost: Check = (text) =>
  parseIp(text) || (isDomain(text) && !/^[\d.]+$/.test(text))
    ? undefined
    : `${quote(text)} is neither a host name nor an IP address`;

/** Where a gateway may send us. */
export const checkRedirect: Check = (text) =>
  readPermit(text, (name) => isDomain(name) && !/^[\d.]+$/.test(name))
    ? undefined
    : `${quote(text)} permits nothing; expected an address, a prefix such as "192.0.2.0/24", a name, or "*.example.org"`;

/** An EAP identity is octets for its server; here it must be shown as it is. */
export const checkUser: Check = (text) =>
  printable(text, 1024) === text ? undefined : `${quote(text)} is no user name; expected visible characters`;

export const checkAddress: Check = (text) => (parseIp(text) ? undefined : `${quote(text)} is no IP address`);

export const checkDomain: Check = (text) => (isDomain(text) ? undefined : `${quote(text)} is no domain name`);

/** What is wrong with one text; the field is `child.remoteTs.1`, or `gateway.id`. */
export interface TextProblem {
  readonly field: string;
  readonly problem: string;
  readonly remedy?: string;
}

/** Everything wrong with a profile that fits the schema, a sentence each, with the field's name in front. */
export const checkProfile = (profile: Profile): string[] =>
  profileProblems(profile).map(({ field, problem, remedy }) =>
    [`${field.replace(/\.\d+$/, '')}: ${problem}`, ...(remedy === undefined ? [] : [remedy])].join('; '),
  );

/** The same, apart for a form. */
export function profileProblems(profile: Profile): TextProblem[] {
  const { gateway, authentication } = profile;
  const proof = gateway.authentication;
  const certified = authentication.method === 'psk' ? undefined : authentication;
  const eap = 'methods' in authentication ? authentication : undefined;
  const rows: readonly Row[] = [
    ['gateway.addresses', gateway.addresses, checkHost],
    ['gateway.redirects', gateway.redirects ?? [], checkRedirect],
    ['gateway.id', gateway.id, checkIdentity],
    ['gateway.authentication.ca', proof && 'ca' in proof ? proof.ca : [], certificateProblem],
    [
      'gateway.authentication.certificate',
      proof && 'certificate' in proof ? proof.certificate : undefined,
      certificateProblem,
    ],
    ['authentication.localId', authentication.localId, checkIdentity],
    ['authentication.user', eap?.user, checkUser],
    ['authentication.anonymousIdentity', eap?.anonymousIdentity, checkUser],
    ['authentication.aaaId', eap?.aaaId, checkIdentity],
    ['authentication.certificate', certified?.certificate, certificateProblem],
    ['authentication.chain', certified?.chain ?? [], certificateProblem],
    ['ike.proposals', profile.ike.proposals, checkProposal('IKE')],
    ['child.proposals', profile.child.proposals, checkProposal('ESP')],
    ['child.localTs', profile.child.localTs, checkSelector('local')],
    ['child.remoteTs', profile.child.remoteTs, checkSelector('remote')],
    ['dns.servers', profile.dns.servers, checkAddress],
    ['dns.domains', profile.dns.domains, checkDomain],
  ];
  return [...rows.flatMap(problemsOf), ...eapOnlyProblem(profile), ...innerMethodProblem(eap)];
}

type Row = readonly [field: string, value: string | undefined | readonly string[], check: Check];

function problemsOf([field, value, check]: Row): TextProblem[] {
  const texts = typeof value === 'string' ? [value] : (value ?? []);
  return texts.flatMap((text, at) => {
    const sentence = check(text);
    if (sentence === undefined) return [];
    return [{ field: typeof value === 'string' ? field : `${field}.${at}`, ...inParts(sentence, text) }];
  });
}

/** Many checks quote the text, which may hold anything, and then say what they expected. */
function inParts(sentence: string, text: string): Omit<TextProblem, 'field'> {
  const quoted = quote(text);
  const at = sentence.indexOf('; expected ', sentence.startsWith(quoted) ? quoted.length : 0);
  return at < 0 ? { problem: sentence } : { problem: sentence.slice(0, at), remedy: sentence.slice(at + 2) };
}

/** RFC 5998 leaves the gateway's proof to the EAP method: without EAP there is none. */
const eapOnlyProblem = ({ gateway, authentication }: Profile): TextProblem[] =>
  gateway.authentication?.method === 'eap-only' && authentication.method !== 'eap'
    ? [
        {
          field: 'gateway.authentication.method',
          problem: `"eap-only" needs authentication.method "eap", found "${authentication.method}"`,
        },
      ]
    : [];

/** PEAP carries EAP alone, and no gateway serves MD5 in it. */
const PEAP_INNER: readonly EapInnerMethod[] = ['eap-mschapv2', 'eap-gtc', 'eap-tls'];

type EapLogin = Extract<Profile['authentication'], { readonly methods: unknown }>;

/** Where one of the tunnels in the list could not run it, the profile would mean less than it says. */
function innerMethodProblem(login: EapLogin | undefined): TextProblem[] {
  const inner = login?.innerMethod;
  if (login === undefined || inner === undefined) return [];
  const { methods } = login;
  const field = 'authentication.innerMethod';
  if (!methods.includes('ttls') && !methods.includes('peap')) {
    const remedy = 'name one of them in authentication.methods';
    return [{ field, problem: `"${inner}" runs inside of ttls or peap`, remedy }];
  }
  if (!methods.includes('peap') || PEAP_INNER.includes(inner)) return [];
  const remedy = `expected one of ${PEAP_INNER.join(', ')}, or authentication.methods without peap`;
  return [{ field, problem: `"${inner}" does not run inside of peap`, remedy }];
}
