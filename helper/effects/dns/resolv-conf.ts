/**
 * Name servers in a plain /etc/resolv.conf (resolv.conf(5)). What stood there is kept in the state directory before
 * it is replaced, with what we write: so a helper that was killed between any two steps still knows whether the file
 * is the old one, ours, or somebody else's since. Several tunnels share one file. Called by linux.ts beside it.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { removeWhole, writeWhole } from '../../whole-file.ts';
import { SystemFailure, type Warnings } from '../effects.ts';
import { errorCode, exists, readText, type Files, type SystemPaths } from '../files.ts';
import type { DnsBackendEffect } from './backend.ts';
import {
  look,
  ordinaryFile,
  put,
  sameStanding,
  standingSchema,
  sweep,
  torn,
  type Standing,
} from './resolv-conf-file.ts';
import type { VettedDns } from './vet.ts';

const stateSchema = z.strictObject({
  /** What stood there before the first tunnel. */
  original: standingSchema,
  /** Everything of ours that may stand there now, as base64. */
  written: z.array(z.base64()),
  /** What of ours somebody has written over, and what was beneath it then: whoever saved that puts it back. The newest first. */
  earlier: z.array(z.strictObject({ content: z.base64(), original: standingSchema })).default([]),
  /** Those that are up, the newest first. */
  tunnels: z.array(
    z.strictObject({
      tun: z.string(),
      servers: z.array(z.string()),
      domains: z.array(z.string()),
      all: z.boolean(),
    }),
  ),
});
type State = z.infer<typeof stateSchema>;

/** Of what somebody has written over. */
const MAX_EARLIER = 8;

/** More name servers the C library does not read (MAXNS). */
const MAX_SERVERS = 3;

export class ResolvConf implements DnsBackendEffect {
  readonly #files: Files;
  readonly #path: string;
  readonly #statePath: string;

  constructor(files: Files, paths: SystemPaths) {
    this.#files = files;
    this.#path = paths.resolvConf;
    this.#statePath = join(paths.stateDir, 'resolv.conf.json');
  }

  async apply({ tun, servers, domains, all }: VettedDns): Promise<Warnings> {
    const known = this.#load();
    const standing = look(this.#files, this.#path);
    const others = (known?.tunnels ?? []).filter((tunnel) => tunnel.tun !== tun);
    const state: State = {
      ...beneath(known, standing),
      tunnels: [{ tun, servers: [...servers], domains: [...domains], all }, ...others],
    };
    try {
      this.#write(state);
    } catch (error) {
      this.#takeBack(known, standing);
      throw error;
    }
    return all
      ? []
      : [
          `${this.#path} cannot send only some domains into the tunnel: its DNS servers are asked first for every name`,
        ];
  }

  async undo(tun: string): Promise<Warnings> {
    const state = this.#load();
    if (state === undefined) return [];
    sweep(this.#files, this.#path);
    const tunnels = state.tunnels.filter((tunnel) => tunnel.tun !== tun);
    const standing = look(this.#files, this.#path);
    const original = originalOf(state, standing);
    const ours = original !== undefined;
    if (tunnels.length > 0) {
      if (ours) this.#write({ ...state, original, written: [standing.content], tunnels });
      else this.#save({ ...state, tunnels });
    } else {
      if (ours) put(this.#files, this.#path, original);
      removeWhole(this.#statePath, this.#files);
    }
    return ours || sameStanding(state.original, standing)
      ? []
      : [`${this.#path} was changed by something else while the tunnel was up: it stays as it is now`];
  }

  /** Of each tunnel; the first that looks puts back what all of them need. */
  async restore(tun: string): Promise<Warnings> {
    const state = this.#load();
    if (state?.tunnels.every((tunnel) => tunnel.tun !== tun) !== false) return [];
    const standing = look(this.#files, this.#path);
    if (standing.kind === 'file' && standing.content === this.#file(state).content) return [];
    const now = beneath(state, standing);
    this.#write({ ...state, ...now });
    const after = sameStanding(now.original, state.original) ? '' : ', and its change after the tunnel';
    return [
      `${this.#path} was changed by something else: the tunnel's name servers stand there again${after}`,
    ];
  }

  /** What is about to stand there is on disk before it does. */
  #write(state: State): void {
    const next = this.#file(state);
    this.#save({ ...state, written: [...state.written, next.content] });
    put(
      this.#files,
      this.#path,
      state.original.kind === 'file' ? { ...state.original, content: next.content } : next,
    );
  }

  #file(state: State): Standing {
    return ordinaryFile(render(state, this.#statePath));
  }

  /** After a failure: what stood there stands again. Where even that fails, the state stays and undo knows. */
  #takeBack(known: State | undefined, standing: Standing): void {
    try {
      if (!sameStanding(look(this.#files, this.#path), standing)) put(this.#files, this.#path, standing);
      if (known !== undefined) this.#save(known);
      else if (exists(this.#files, this.#statePath)) removeWhole(this.#statePath, this.#files);
    } catch (error) {
      if (!(error instanceof SystemFailure)) throw error;
    }
  }

  #save(state: State): void {
    try {
      writeWhole(this.#statePath, JSON.stringify(state), this.#files);
    } catch (error) {
      throw new SystemFailure(
        `${this.#path} cannot be kept before it is changed`,
        (error as Error).message,
        errorCode(error) === 'ENOSPC' ? 'The disk is full: make room' : 'Check the state directory of aditd',
      );
    }
  }

  #load(): State | undefined {
    const text = readText(this.#files, this.#statePath);
    if (text === undefined) return undefined;
    const read = stateSchema.safeParse(parsed(text));
    if (read.success) return read.data;
    throw new SystemFailure(
      `What stood in ${this.#path} before the tunnel cannot be read`,
      `${this.#statePath} is damaged`,
      `Look whether ${this.#path} is right, then remove ${this.#statePath}`,
    );
  }
}

function isOurs({ original, written }: State, standing: Standing): boolean {
  if (standing.kind !== 'file') return false;
  if (written.includes(standing.content)) return true;
  return !sameStanding(original, standing) && torn(standing.content, [original.content, ...written]);
}

/** What is to come back where this is what stands there; undefined where somebody else wrote it. */
function originalOf(state: State, standing: Standing): Standing | undefined {
  if (isOurs(state, standing)) return state.original;
  if (standing.kind !== 'file') return undefined;
  const whole = textOf(standing.content);
  const [ours] = everOurs(state)
    .map(({ content, original }) => ({ text: textOf(content), original }))
    .filter(({ text }) => text !== '' && whole.startsWith(text))
    .toSorted((a, b) => b.text.length - a.text.length);
  // Changed beyond that it would only leave servers behind that nobody reaches.
  if (ours === undefined) return whole.startsWith(WRITTEN_BY) ? state.original : undefined;
  if (ours.text === whole) return ours.original;
  // Lines behind ours are meant for what stood there before.
  const before = textOf(ours.original.content).replace(/(?<=[^\n])$/, '\n');
  const content = Buffer.from(before + whole.slice(ours.text.length), 'latin1').toString('base64');
  return { ...standing, content };
}

const everOurs = ({ original, written, earlier }: State): State['earlier'] => [
  ...written.map((content) => ({ content, original })),
  ...earlier,
];

/** What is known of the file before something of ours takes the place of what stands there. */
function beneath(
  known: State | undefined,
  standing: Standing,
): Pick<State, 'original' | 'written' | 'earlier'> {
  if (known === undefined) return { original: standing, written: [], earlier: [] };
  const original = originalOf(known, standing);
  return original === undefined
    ? { original: standing, written: [], earlier: everOurs(known).slice(0, MAX_EARLIER) }
    : { original, written: [standing.content], earlier: known.earlier };
}

/** An octet a character, whatever they mean. */
const textOf = (content: string): string => Buffer.from(content, 'base64').toString('latin1');

const WRITTEN_BY = '# Written by Adit for ';

function render({ original, tunnels }: State, statePath: string): string {
  const before = parseOriginal(original);
  const all = tunnels.filter((tunnel) => tunnel.all);
  const some = tunnels.filter((tunnel) => !tunnel.all);
  const ours = [...all, ...some];
  // A tunnel for every name leaves no server outside that could be asked instead.
  const outside = all.length === 0 ? before : { servers: [], search: [] };
  const servers = unique([...ours.flatMap((tunnel) => tunnel.servers), ...outside.servers]).slice(
    0,
    MAX_SERVERS,
  );
  const search = unique([...ours.flatMap((tunnel) => tunnel.domains), ...outside.search]);
  return [
    `${WRITTEN_BY}${ours.map(({ tun }) => tun).join(', ')}. It puts back what stood here when the tunnel ends.`,
    `# What stood here is kept in ${statePath}.`,
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length === 0 ? [] : [`search ${search.join(' ')}`]),
    ...(before.options.length === 0 ? [] : [`options ${before.options.join(' ')}`]),
    '',
  ].join('\n');
}

function parseOriginal({ content }: Standing): { servers: string[]; search: string[]; options: string[] } {
  const lines = Buffer.from(content, 'base64').toString('utf8').split('\n');
  const words = (keyword: string) =>
    lines.map((line) => line.trim().split(/\s+/)).filter(([first]) => first === keyword);
  return {
    servers: words('nameserver').flatMap(([, server]) => server ?? []),
    // The last of them counts.
    search: ([...words('domain'), ...words('search')].at(-1) ?? []).slice(1),
    // The trust in AD bits was given to other servers.
    options: words('options')
      .flatMap(([, ...each]) => each)
      .filter((option) => option !== 'trust-ad'),
  };
}

const unique = (list: readonly string[]): string[] => [...new Set(list)];

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
