/**
 * What the schema cannot say: texts inside a profile that must mean something (algorithms, selectors, identities,
 * hosts). The importers and `profiles.update` ask here, so that a profile that was accepted once can always be used.
 */
import { KeywordError, parseProposal } from '#core/crypto/keywords.ts';
import { postQuantumTexts } from '#core/crypto/post-quantum-offer.ts';
import { parseIdentification } from '#core/ike/identification.ts';
import { parseTrafficSelector } from '#core/ike/traffic-selector.ts';
import { parseIp } from '#core/net/address.ts';
import { certificateProblem } from '#core/profile/certificate-shape.ts';
import type { EapInnerMethod, Profile } from '#core/profile/profile.ts';
import { readPermit } from '#core/profile/redirects.ts';
import type { Violation } from '#core/profile/violation.ts';
import { printable } from '#core/text/printable.ts';

/** A sentence about what is wrong with a text, or undefined where it is good. */
export type Check = (text: string) => string | undefined;

/** The same in parts: the words of a form, and which rule it is (violation.ts). */
interface Complaint {
  readonly problem: string;
  readonly remedy?: string;
  readonly violation: Violation;
}
type Rule = (text: string) => Complaint | undefined;

const sentenceOf = ({ problem, remedy }: Complaint): string =>
  remedy === undefined ? problem : `${problem}; ${remedy}`;

const inSentences =
  (rule: Rule): Check =>
  (text) => {
    const complaint = rule(text);
    return complaint && sentenceOf(complaint);
  };

const shown = (text: string): string => printable(text, 64);

/** Where `good` does not hold, the text is quoted and called no such thing. */
const quoting =
  (
    rule: 'identity' | 'selector' | 'host' | 'redirect' | 'user' | 'ppk-id' | 'address' | 'domain',
    good: (text: string) => boolean,
    problem: string,
    remedy?: string,
  ): Rule =>
  (text) =>
    good(text)
      ? undefined
      : {
          problem: `"${shown(text)}" ${problem}`,
          ...(remedy === undefined ? {} : { remedy }),
          violation: { rule, text: shown(text) },
        };

const proposal =
  (protocol: 'IKE' | 'ESP'): Rule =>
  (text) => {
    try {
      parseProposal(text, protocol);
      return undefined;
    } catch (error) {
      if (error instanceof KeywordError)
        return { problem: printable(error.message), violation: violationOf(error) };
      throw error;
    }
  };

/** Its texts are what somebody typed. */
function violationOf({ fault, accepted }: KeywordError): Violation {
  if ('keyword' in fault) return { ...fault, keyword: shown(fault.keyword), accepted: [...accepted] };
  if ('beside' in fault) return { ...fault, beside: shown(fault.beside), accepted: [...accepted] };
  return fault;
}

const identity = quoting(
  'identity',
  (text) => parseIdentification(text) !== undefined && printable(text, 1024) === text,
  'is no identity',
  'expected an address, a name, user@name, a distinguished name such as "C=DE, CN=alice", or "keyid:" before anything else',
);

const network = quoting(
  'selector',
  (text) => parseTrafficSelector(text) !== undefined,
  'is no selector',
  'expected "10.0.0.0/8", "10.0.0.1-10.0.0.9", "fd00::/64" or "dynamic", then perhaps "[tcp/443]"',
);

/** `dynamic` stands for our own address, so it belongs to the local side only. */
const selector =
  (side: 'local' | 'remote'): Rule =>
  (text) =>
    network(text) ??
    (side === 'remote' && parseTrafficSelector(text)?.kind === 'dynamic'
      ? {
          problem: '"dynamic" is our own address',
          remedy: 'expected the networks behind the gateway',
          violation: { rule: 'dynamic-is-ours' },
        }
      : undefined);

/** RFC 1123 §2.1, with the underscore that people use. */
const LABEL = /^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$/;

function isDomain(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return name.length <= 253 && name.split('.').every((label) => LABEL.test(label));
}

/** Digits and dots alone are a mistyped address, not a name (RFC 3696 §2). */
const isHostName = (text: string): boolean => isDomain(text) && !/^[\d.]+$/.test(text);

const host = quoting(
  'host',
  (text) => parseIp(text) !== undefined || isHostName(text),
  'is neither a host name nor an IP address',
);

/** Where a gateway may send us. */
const redirect = quoting(
  'redirect',
  (text) => readPermit(text, isHostName) !== undefined,
  'permits nothing',
  'expected an address, a prefix such as "192.0.2.0/24", a name, or "*.example.org"',
);

/** An EAP identity is octets for its server; here it must be shown as it is. */
const user = quoting(
  'user',
  (text) => printable(text, 1024) === text,
  'is no user name',
  'expected visible characters',
);

/** Octets for the gateway; here it must be shown as it is. */
const ppkId = quoting(
  'ppk-id',
  (text) => printable(text, 1024) === text,
  'is no PPK_ID',
  'expected visible characters',
);

const address = quoting('address', (text) => parseIp(text) !== undefined, 'is no IP address');
const domain = quoting('domain', isDomain, 'is no domain name');

const certificate: Rule = (text) => {
  const problem = certificateProblem(text);
  return problem && { ...problem, violation: { rule: 'certificate' } };
};

export const checkProposal = (protocol: 'IKE' | 'ESP'): Check => inSentences(proposal(protocol));
export const checkIdentity = inSentences(identity);
export const checkSelector = (side: 'local' | 'remote'): Check => inSentences(selector(side));
export const checkHost = inSentences(host);
export const checkRedirect = inSentences(redirect);
export const checkUser = inSentences(user);
export const checkPpkId = inSentences(ppkId);
export const checkAddress = inSentences(address);
export const checkDomain = inSentences(domain);

/** What is wrong with one text; the field is `child.remoteTs.1`, or `gateway.id`. */
interface TextProblem extends Complaint {
  readonly field: string;
}

/** Everything wrong with a profile that fits the schema, a sentence each, with the field's name in front. */
export const checkProfile = (profile: Profile): string[] =>
  profileProblems(profile).map(
    (complaint) => `${complaint.field.replace(/\.\d+$/, '')}: ${sentenceOf(complaint)}`,
  );

/** The same, apart for a form. */
export function profileProblems(profile: Profile): TextProblem[] {
  const { gateway, authentication } = profile;
  const proof = gateway.authentication;
  const certified = authentication.method === 'psk' ? undefined : authentication;
  const eap = 'methods' in authentication ? authentication : undefined;
  const rows: readonly Row[] = [
    ['gateway.addresses', gateway.addresses, host],
    ['gateway.redirects', gateway.redirects ?? [], redirect],
    ['gateway.id', gateway.id, identity],
    ['gateway.authentication.ca', proof && 'ca' in proof ? proof.ca : [], certificate],
    [
      'gateway.authentication.certificate',
      proof && 'certificate' in proof ? proof.certificate : undefined,
      certificate,
    ],
    ['authentication.localId', authentication.localId, identity],
    ['authentication.user', eap?.user, user],
    ['authentication.anonymousIdentity', eap?.anonymousIdentity, user],
    ['authentication.aaaId', eap?.aaaId, identity],
    ['authentication.certificate', certified?.certificate, certificate],
    ['authentication.chain', certified?.chain ?? [], certificate],
    ['ike.proposals', profile.ike.proposals, proposal('IKE')],
    ['ike.ppk.id', profile.ike.ppk?.id, ppkId],
    ['child.proposals', profile.child.proposals, proposal('ESP')],
    ['child.localTs', profile.child.localTs, selector('local')],
    ['child.remoteTs', profile.child.remoteTs, selector('remote')],
    ['dns.servers', profile.dns.servers, address],
    ['dns.domains', profile.dns.domains, domain],
  ];
  return [
    ...rows.flatMap(problemsOf),
    ...eapOnlyProblem(profile),
    ...innerMethodProblem(eap),
    ...postQuantumProblem(profile.ike),
  ];
}

type Row = readonly [field: string, value: string | undefined | readonly string[], rule: Rule];

function problemsOf([field, value, rule]: Row): TextProblem[] {
  const texts = typeof value === 'string' ? [value] : (value ?? []);
  return texts.flatMap((text, at) => {
    const complaint = rule(text);
    return complaint ? [{ field: typeof value === 'string' ? field : `${field}.${at}`, ...complaint }] : [];
  });
}

/** RFC 5998 leaves the gateway's proof to the EAP method: without EAP there is none. */
const eapOnlyProblem = ({ gateway, authentication }: Profile): TextProblem[] =>
  gateway.authentication?.method === 'eap-only' && authentication.method !== 'eap'
    ? [
        {
          field: 'gateway.authentication.method',
          problem: `"eap-only" needs authentication.method "eap", found "${authentication.method}"`,
          violation: { rule: 'eap-only-needs-eap', method: authentication.method },
        },
      ]
    : [];

/** Where every proposal names other additional key exchanges, or leaves them to the gateway, nothing could be offered. */
const postQuantumProblem = ({ proposals, postQuantum }: Profile['ike']): TextProblem[] =>
  postQuantum === 'require' && proposals.length > 0 && postQuantumTexts(proposals, 'require').length === 0
    ? [
        {
          field: 'ike.postQuantum',
          problem: '"require" leaves none of ike.proposals',
          remedy: 'expected one with ke1_mlkem768, or one without additional key exchanges',
          violation: { rule: 'post-quantum-absent' },
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
    const violation = { rule: 'inner-method-needs-tunnel', method: inner } as const;
    return [{ field, problem: `"${inner}" runs inside of ttls or peap`, remedy, violation }];
  }
  if (!methods.includes('peap') || PEAP_INNER.includes(inner)) return [];
  const remedy = `expected one of ${PEAP_INNER.join(', ')}, or authentication.methods without peap`;
  return [
    {
      field,
      problem: `"${inner}" does not run inside of peap`,
      remedy,
      violation: { rule: 'inner-method-not-in-peap', method: inner, accepted: [...PEAP_INNER] },
    },
  ];
}
