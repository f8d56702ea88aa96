/** What the profiles, the status and failures name: terms for the redaction, from fields that hold nothing else. Pure. */
import type { KnownTerms } from './redaction.ts';

/** By the name of the field; an object below such a name counts whole. */
const FIELDS: Readonly<Record<string, keyof KnownTerms>> = {
  user: 'users',
  localId: 'users',
  anonymousIdentity: 'users',
  gateway: 'gateways',
  addresses: 'gateways',
  aaaId: 'gateways',
  domains: 'gateways',
  remote: 'gateways',
  remoteId: 'gateways',
  issuer: 'gateways',
  subject: 'gateways',
  expected: 'gateways',
  names: 'gateways',
  name: 'profiles',
  id: 'profiles',
  profile: 'profiles',
  connectAtStart: 'profiles',
};

/** Names that are ours and stand in such fields all the same. */
const OURS: ReadonlySet<string> = new Set(['net']);

/** Of values shaped like the contract's: profiles, summaries, status, log lines. */
export function knownTerms(...given: readonly unknown[]): KnownTerms {
  const terms = { users: new Set<string>(), gateways: new Set<string>(), profiles: new Set<string>() };
  const take = (value: unknown, as: keyof KnownTerms | undefined, path: readonly string[]): void => {
    if (typeof value === 'string') {
      if (as !== undefined && !OURS.has(value)) terms[as].add(value);
    } else if (Array.isArray(value)) {
      for (const one of value) take(one, as, path);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, one] of Object.entries(value)) take(one, meaning(key, as, path), [...path, key]);
    }
  };
  for (const one of given) take(one, undefined, []);
  return terms;
}

function meaning(
  key: string,
  above: keyof KnownTerms | undefined,
  path: readonly string[],
): keyof KnownTerms | undefined {
  const within = path.at(-1);
  // How a gateway proves itself holds settings; an adapter and a Child SA have names of their own.
  if (key === 'authentication' || key === 'port') return undefined;
  if (
    (key === 'name' || key === 'id') &&
    (within === 'interface' || within === 'children' || within === 'child')
  )
    return undefined;
  // Of a post-quantum pre-shared key: it may be a person's own.
  if (key === 'id' && within === 'ppk') return 'users';
  if (key === 'id' && above === 'gateways') return 'gateways';
  return FIELDS[key] ?? (above === 'gateways' ? above : undefined);
}
