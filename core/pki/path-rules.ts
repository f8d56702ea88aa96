/**
 * The rules along a path whose signatures are good (RFC 5280 §6.1.3 to §6.1.5, RFC 4945 §5.1): a list, in the order in
 * which people want to hear of them. path.ts applies it to every complete path.
 */
import { utf8 } from '#core/bytes/bytes.ts';
import { decodeName, textOf } from '#core/ike/distinguished-name-der.ts';
import { type Certificate, isSelfIssued } from './certificate.ts';
import { formatGeneralName, type GeneralName } from './general-name.ts';
import { forbiddenName } from './name-constraints.ts';
import type { PathPolicy } from './path-policy.ts';
import { weakKeyFault } from './signed.ts';
import { extendedUsageFault, keyUsageFault } from './usage.ts';
import type { ChainFault } from './verdict.ts';

/** A path with the leaf at 0 and the trusted certificate last. */
type Path = readonly [Certificate, ...Certificate[]];
type Rule = (path: Path, at: number, now: number, policy: PathPolicy) => ChainFault | undefined;

const must = (path: Path, at: number): Certificate => path[at] ?? path[0];

const validity: Rule = (path, at, now) => {
  const { subjectText: subject, notBefore, notAfter } = must(path, at);
  if (now < notBefore) return { fault: 'not-yet-valid', subject, notBefore, now };
  return now > notAfter ? { fault: 'expired', subject, notAfter, now } : undefined;
};

const criticalExtensions: Rule = (path, at) => {
  const { subjectText: subject, unknownCritical } = must(path, at);
  const [oid] = unknownCritical;
  return oid === undefined ? undefined : { fault: 'unknown-critical-extension', subject, oid };
};

const keyStrength: Rule = (path, at, _now, policy) => weakKeyFault(must(path, at), policy);

const isCa: Rule = (path, at) => {
  if (at === 0) return undefined;
  const certificate = must(path, at);
  const { subjectText: subject, basicConstraints, version } = certificate;
  const trusted = at === path.length - 1;
  // A root before version 3 cannot say that it is a CA; whoever trusts it has said so (RFC 5280 §6.1.4 k).
  if (basicConstraints === undefined && trusted && version < 3) return undefined;
  if (basicConstraints?.ca !== true)
    return { fault: 'not-a-ca', subject, detail: basicConstraints ? 'CA is false' : 'no basicConstraints' };
  return keyUsageFault(certificate, ['keyCertSign']);
};

/** Intermediates below a CA, those not counted that a CA issued to its own name (RFC 5280 §4.2.1.9). */
const pathLength: Rule = (path, at) => {
  const { subjectText: subject, basicConstraints } = must(path, at);
  const limit = basicConstraints?.pathLength;
  const length = path.slice(1, Math.max(at, 1)).filter((below) => !isSelfIssued(below)).length;
  if (at === 0 || limit === undefined || length <= limit) return undefined;
  return { fault: 'path-too-long', subject, limit, length };
};

const leafUsage: Rule = (path, at) =>
  at === 0 ? keyUsageFault(path[0], ['digitalSignature', 'nonRepudiation']) : undefined;

/** A CA below the root that names purposes limits what is under it, as browsers and OpenSSL read it. */
const extendedUsage: Rule = (path, at, _now, policy) =>
  at > 0 && at === path.length - 1
    ? undefined
    : extendedUsageFault(must(path, at), policy.purpose, at === 0 && policy.requireEku);

const EMAIL_ADDRESS = '1.2.840.113549.1.9.1';

/** The names that constraints speak about: subjectAltName, the subject, and its e-mail address where SAN has none. */
function constrainedNames({ names, subject }: Certificate): GeneralName[] {
  const relative = decodeName(subject);
  const emails = names.some(({ type }) => type === 'email')
    ? []
    : relative.flat().filter(({ oid }) => oid === EMAIL_ADDRESS);
  return [
    ...names,
    ...(relative.length > 0 ? [{ type: 'directory' as const, value: subject }] : []),
    ...emails.map((attribute) => ({ type: 'email' as const, value: utf8(textOf(attribute) ?? '') })),
  ];
}

const nameConstraints: Rule = (path, at) => {
  const { nameConstraints: constraints, subjectText: ca } = must(path, at);
  if (at === 0 || constraints === undefined) return undefined;
  for (const [i, below] of path.slice(0, at).entries()) {
    if (i > 0 && isSelfIssued(below)) continue;
    const name = forbiddenName(constraints, constrainedNames(below));
    if (name)
      return { fault: 'name-not-permitted', subject: below.subjectText, ca, name: formatGeneralName(name) };
  }
  return undefined;
};

const RULES: readonly Rule[] = [
  validity,
  criticalExtensions,
  keyStrength,
  isCa,
  pathLength,
  leafUsage,
  extendedUsage,
  nameConstraints,
];

export function pathFault(path: Path, now: number, policy: PathPolicy): ChainFault | undefined {
  for (const rule of RULES)
    for (const at of path.keys()) {
      const fault = rule(path, at, now, policy);
      if (fault) return fault;
    }
  return undefined;
}
