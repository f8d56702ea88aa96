/**
 * Import of swanctl.conf(5): each IKEv2 connection with a pre-shared key becomes a profile, with its secret where the
 * file has one. Every setting of the file is answered in a report. A connection that needs what we do not have is not
 * imported: half a configuration would connect to something else than was meant. Called by import.ts.
 */
import { toBase64 } from '#core/bytes/base64.ts';
import { problemsError } from '#core/profile/bounds.ts';
import { checkProfile } from '#core/profile/check.ts';
import {
  type ImportedProfile,
  ImportError,
  type ProfileInput,
  profileSchema,
} from '#core/profile/profile.ts';
import { sentences } from '#core/profile/schema-sentences.ts';
import { Answers, answerAll, answerSettings, type Table } from '#core/profile/swanctl-answers.ts';
import { CHILD, gatewayItself, newChild } from '#core/profile/swanctl-child.ts';
import { CONNECTION, type Draft, LOCAL, REMOTE } from '#core/profile/swanctl-connection.ts';
import {
  applyChildPackets,
  applyChildTime,
  applyChildVolume,
  applyIkeLifetime,
} from '#core/profile/swanctl-lifetimes.ts';
import { emptySection, parseSettings, type Section } from '#core/profile/swanctl-parser.ts';
import { resolveReferences } from '#core/profile/swanctl-references.ts';
import { answerFound, answerUnused, findSecret } from '#core/profile/swanctl-secrets.ts';
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
export function importSwanctl(files: readonly TextFile[]): ImportedProfile[] {
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
  const all = [...connections].map(([name, section]) => importConnection(name, section, root));
  const imported = all.filter((one) => 'profile' in one);
  const [first] = imported;
  if (!first) throw problemsError(all.flatMap(({ answers }) => answers.problems));
  for (const { name, answers } of all) {
    if (answers.problems.length > 0) {
      first.answers.add(
        'refused',
        `connections.${name}`,
        undefined,
        problemsError(answers.problems).message.replaceAll('\n', '; '),
      );
    }
  }
  const used = new Set(imported.flatMap(({ secretName }) => secretName ?? []));
  answerRest(written, root, used, first.answers);
  return imported.map(({ profile, secrets, answers }) => ({ profile, secrets, report: answers.entries }));
}

interface Refused {
  readonly name: string;
  readonly answers: Answers;
}

interface Accepted extends Refused {
  readonly profile: ProfileInput;
  readonly secrets: ImportedProfile['secrets'];
  readonly secretName: string | undefined;
}

function importConnection(name: string, section: Section, root: Section): Accepted | Refused {
  const answers = new Answers();
  const path = `connections.${name}`;
  const draft: Draft = {
    gateway: { addresses: [] },
    authentication: { method: 'psk' },
    ike: {},
    child: {},
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
  answerRound('local', section, path, LOCAL, draft, answers);
  answerRound('remote', section, path, REMOTE, draft, answers);
  for (const inner of section.sections.keys()) {
    if (/^(local|remote)/i.test(inner) || inner === 'children') continue;
    answers.add('refused', `${path}.${inner}`, undefined, 'this section is unknown to Adit');
  }
  answerChildren(section.sections.get('children'), `${path}.children`, draft, answers);

  const { gateway, authentication, ike, child, request } = draft;
  const profile: ProfileInput = {
    format: 'adit-profile',
    version: 1,
    name: printable(name, 128),
    gateway,
    authentication,
    ike,
    child,
    request,
  };
  const parsed = profileSchema.safeParse(profile);
  if (answers.problems.length === 0) {
    const left = parsed.success ? checkProfile(parsed.data) : sentences(parsed.error, profile);
    for (const sentence of left) answers.problem('', path, sentence);
  }
  if (answers.problems.length > 0) return { name, answers };

  const found = findSecret(root.sections.get('secrets'), {
    local: authentication.localId,
    remote: gateway.id === undefined ? gateway.addresses : [gateway.id],
  });
  if (found) answerFound(found, answers);
  else {
    const whom = printable(gateway.id ?? gateway.addresses.join(', '));
    answers.add('missing', 'psk', undefined, `the file has no pre-shared key for ${whom}: adit set-secret`);
  }
  return {
    name,
    profile,
    secrets: found ? { psk: toBase64(found.octets) } : {},
    secretName: found?.name,
    answers,
  };
}

/** The one `local…` or `remote…` section; a second one is a demand that we cannot meet. */
function answerRound(
  side: 'local' | 'remote',
  section: Section,
  path: string,
  table: Table<Draft>,
  draft: Draft,
  answers: Answers,
): void {
  const rounds = [...section.sections].filter(([name]) => name.toLowerCase().startsWith(side));
  const [first, ...others] = rounds;
  for (const [name] of others) {
    answers.problem(
      '',
      `${path}.${name}`,
      `a second ${side} authentication round is not supported yet (RFC 4739)`,
    );
  }
  const [name, round] = first ?? [side, emptySection()];
  answerSettings(round, `${path}.${name}`, table, draft, answers);
  if (!round.settings.has('auth')) {
    answers.problem(
      '',
      `${path}.${name}.auth`,
      'is missing, and "pubkey", its default, is not supported yet; supported is psk',
    );
  }
  for (const [inner, token] of round.sections) {
    answerAll(
      token,
      `${path}.${name}.${inner}`,
      'refused',
      'certificates on tokens are not supported yet',
      answers,
      true,
    );
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
  authorities: 'for certificates, which are not supported yet',
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
