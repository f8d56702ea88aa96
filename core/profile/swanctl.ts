/**
 * Import of swanctl.conf(5): each IKEv2 connection becomes a profile, with its secrets where the files have them. Every setting of the file is answered in a report. A connection that needs what we do not have is not
 * imported: half a configuration would connect to something else than was meant. Called by import.ts.
 */
import { toBase64 } from '#core/bytes/base64.ts';
import { Answers, answerAll, answerSettings } from '#core/profile/answers.ts';
import { checkUser } from '#core/profile/check.ts';
import type { Companions } from '#core/profile/companions.ts';
import { accepted, type Candidate, type Draft, finish, newDraft } from '#core/profile/draft.ts';
import { type ImportedProfile, ImportError } from '#core/profile/profile.ts';
import { CHILD, gatewayItself, newChild } from '#core/profile/swanctl-child.ts';
import { CONNECTION, type SwanctlDraft } from '#core/profile/swanctl-connection.ts';
import { LOCAL, localProof, REMOTE, remoteProof } from '#core/profile/swanctl-rounds.ts';
import {
  applyChildPackets,
  applyChildTime,
  applyChildVolume,
  applyIkeLifetime,
} from '#core/profile/swanctl-lifetimes.ts';
import { emptySection, parseSettings, type Section } from '#core/profile/swanctl-parser.ts';
import { resolveReferences } from '#core/profile/swanctl-references.ts';
import { answerFound, answerUnused, findSecret, takeSecrets } from '#core/profile/swanctl-secrets.ts';
import { printable } from '#core/text/printable.ts';

export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/** A `connections` or `secrets` section, or at least an `include`. */
export const looksLikeSwanctl = (text: string): boolean =>
  /^[ \t]*((connections|secrets)\s*[{:]|include[ \t]+[^=\s])/m.test(text);

/**
 * Profiles for the connections in `files`, which count as one configuration (connections in one file, secrets in
 * another). Throws ImportError where none can be imported, with all problems, a line each.
 */
export function importSwanctl(files: readonly TextFile[], companions: Companions): ImportedProfile[] {
  const written = emptySection();
  for (const { name, text } of files) parseSettings(text, name, written);
  const root = resolveReferences(written);
  const names = files.map(({ name }) => printable(name, 80)).join(', ');
  const connections = root.sections.get('connections')?.sections;
  if (!connections || connections.size === 0) {
    const includes = root.includes
      .map(({ value }) => `; it includes ${printable(value)}: import those files`)
      .join('');
    throw new ImportError(`${names}: there is no connection in the "connections" section${includes}`);
  }
  const all = [...connections].map(([name, section]) => importConnection(name, section, root, companions));
  const [first, ...others] = accepted(all);
  if (!first) return [];
  const rest = new Answers();
  answerRest(written, root, new Set(all.flatMap(({ used }) => used)), rest);
  return [{ ...first, report: [...first.report, ...rest.entries] }, ...others];
}

interface Imported extends Candidate {
  readonly used: readonly string[];
}

function importConnection(name: string, section: Section, root: Section, companions: Companions): Imported {
  const answers = new Answers();
  const path = `connections.${name}`;
  const draft: SwanctlDraft = {
    ...newDraft(name, companions),
    // Without `vips` nothing is asked for.
    request: { ip4: false, ip6: false, dns: false },
    ikeLifetimes: {},
  };
  answerSettings(section, path, CONNECTION, draft, answers);
  applyIkeLifetime(draft.ikeLifetimes, draft.ike);
  if (!section.settings.has('remote_addrs')) {
    answers.problem(
      '',
      `${path}.remote_addrs`,
      'is missing; expected the gateway, a host name or an address',
    );
  }
  answerRounds('local', section, path, draft, answers);
  answerRounds('remote', section, path, draft, answers);
  for (const inner of section.sections.keys()) {
    if (/^(local|remote)/i.test(inner) || inner === 'children') continue;
    answers.add('refused', `${path}.${inner}`, undefined, 'this section is unknown to Adit');
  }
  answerChildren(section.sections.get('children'), `${path}.children`, draft, answers);
  // strongSwan's EAP identity is the IKE identity unless said otherwise.
  if (draft.local.proofs.includes('eap')) userFromIdentity(draft);

  const secrets = root.sections.get('secrets');
  const used = answers.problems.length > 0 ? [] : takeSecrets(secrets, draft, answers);
  const { gateway, local, remote } = draft;
  const keyed = local.proofs[0] === 'psk' || remote.proof === 'psk';
  const found = keyed
    ? findSecret(secrets, {
        local: local.localId,
        remote: gateway.id === undefined ? gateway.addresses : [gateway.id],
      })
    : undefined;
  if (found) {
    answerFound(found, answers);
    draft.secrets.psk = toBase64(found.octets);
    used.push(found.name);
  }
  const ppkId = [...section.settings].find(([key]) => key.toLowerCase() === 'ppk_id')?.[1].value;
  const ppk =
    draft.ppk.id === undefined ? undefined : findSecret(secrets, { local: ppkId, remote: [] }, 'ppk');
  if (ppk) {
    answerFound(ppk, answers);
    draft.secrets.ppk = toBase64(ppk.octets);
    used.push(ppk.name);
  }
  return { path, imported: finish(draft, answers, path), answers, used };
}

function userFromIdentity({ local }: SwanctlDraft): void {
  if (local.user !== undefined || local.localId === undefined || checkUser(local.localId) !== undefined)
    return;
  local.user = local.localId.slice(0, 256);
}

/** The `local…` or `remote…` sections in the order of `round`; where there is none, the default: a key pair. */
function answerRounds(
  side: 'local' | 'remote',
  section: Section,
  path: string,
  draft: SwanctlDraft,
  answers: Answers,
): void {
  const [table, prove] = side === 'local' ? [LOCAL, localProof] : [REMOTE, remoteProof];
  const number = (round: Section): number => Number(round.settings.get('round')?.value ?? 0);
  const found = [...section.sections].filter(([name]) => name.toLowerCase().startsWith(side));
  const rounds =
    found.length > 0
      ? found.sort(([, a], [, b]) => number(a) - number(b))
      : [[side, emptySection()] as const];
  for (const [at, [name, round]] of rounds.entries()) {
    if (side === 'remote' && at > 0) {
      answers.problem('', `${path}.${name}`, 'a second proof of the gateway is not supported (RFC 4739)');
      continue;
    }
    answerSettings(round, `${path}.${name}`, table, draft, answers);
    if (!round.settings.has('auth')) prove('pubkey', undefined, draft);
    for (const [inner, token] of round.sections) {
      const place = `${path}.${name}.${inner}`;
      answerAll(token, place, 'refused', 'files by handle or on tokens are not supported yet', answers, true);
    }
  }
}

const isTunnel = (child: Section): boolean =>
  (child.settings.get('mode')?.value ?? 'tunnel').toLowerCase() === 'tunnel';

/** The first child in tunnel mode; the others are refused by name. */
function answerChildren(children: Section | undefined, path: string, draft: Draft, answers: Answers): void {
  const all = [...(children?.sections ?? [])];
  const chosen = all.find(([, child]) => isTunnel(child));
  if (!chosen) {
    const modes = all.map(([name]) => `"${printable(name, 64)}"`).join(', ');
    answers.problem(
      '',
      path,
      modes === ''
        ? 'has no child; expected a section with remote_ts'
        : `${modes}: only mode = tunnel is supported`,
    );
    return;
  }
  const [name, child] = chosen;
  for (const [other, section] of all) {
    if (other === name) continue;
    const reason = isTunnel(section)
      ? `a second child is not supported yet; "${printable(name, 64)}" is taken`
      : 'only mode = tunnel is supported';
    answers.add('refused', `${path}.${other}`, undefined, reason);
  }
  if (children) answerSettings({ ...children, sections: new Map() }, path, {}, draft, answers);
  const childDraft = newChild(draft);
  draft.child.name = printable(name, 64);
  answerSettings(child, `${path}.${name}`, CHILD, childDraft, answers);
  applyChildTime(childDraft.times, draft.child);
  applyChildVolume(childDraft.volumes, draft.child);
  applyChildPackets(childDraft.packets, draft.child);
  for (const [inner, section] of child.sections) {
    answerAll(section, `${path}.${name}.${inner}`, 'refused', 'unknown to Adit', answers);
  }
  if (!child.settings.get('remote_ts')?.value && draft.gateway.addresses.length > 0) {
    draft.child.remoteTs = gatewayItself(draft);
    answers.add(
      'changed',
      `${path}.${name}.remote_ts`,
      undefined,
      `absent, so the gateway itself is meant: ${draft.child.remoteTs.join(', ')}`,
    );
  }
}

const OTHER_SECTIONS: Readonly<Record<string, string>> = {
  pools: 'for gateways only',
  authorities:
    'authorities are trusted where a connection names their certificates, or where they are imported alone',
};

/** What stands outside of connections. Sections that were referred to are answered where they were inherited. */
function answerRest(written: Section, root: Section, used: ReadonlySet<string>, answers: Answers): void {
  const secrets = root.sections.get('secrets');
  if (secrets) answerUnused(secrets, used, answers);
  const connections = root.sections.get('connections');
  if (connections) answerSettings(connections, 'connections', {}, undefined, answers);
  const templates = new Set(referencesIn(written));
  for (const [name, section] of root.sections) {
    if (name === 'connections' || name === 'secrets' || templates.has(name)) continue;
    const reason = Object.hasOwn(OTHER_SECTIONS, name) ? OTHER_SECTIONS[name] : undefined;
    answerAll(
      section,
      name,
      reason === undefined ? 'refused' : 'ignored',
      reason ?? 'unknown to Adit',
      answers,
    );
  }
  answerSettings({ ...root, sections: new Map() }, 'file', {}, undefined, answers);
}

/** First names of everything referred to below `section`. */
function referencesIn(section: Section): string[] {
  const own = section.references.map(({ name }) => name.split('.')[0] ?? name);
  return [...own, ...[...section.sections.values()].flatMap(referencesIn)];
}
