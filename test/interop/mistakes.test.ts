/**
 * Deliberate mistakes in what a company hands out, end to end: `adit import` and `adit up` through the helper against a
 * strongSwan set up as the public guides do it. Each has a sentence of its own, its cause, what to do, and exit code 1.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explain } from '#core/failure/explain.ts';
import { type Failure, failureSchema } from '#core/failure/failure.ts';
import { LANGUAGES } from '#core/text/languages.ts';
import { EmbeddedGateway } from '#test/harness/embedded-gateway.ts';
import { RADIUS, startFreeRadius } from '#test/harness/freeradius.ts';
import { LAB } from '#test/harness/lab.ts';
import { type Finished, until } from '#test/harness/process.ts';
import { PSK, Scene } from '#test/harness/scene.ts';
import { AUTH_PLUGINS } from '#test/harness/strongswan.ts';
import {
  ACCOUNTS,
  ca,
  CRL_PORT,
  GATEWAYS,
  gatewayFiles,
  type Mistake,
  MISTAKES,
  ODD,
  PASSWORD,
  pki,
  SILENT,
  USER,
  WAYS,
} from './mistakes.ts';

/** What came of a mistake. */
interface Outcome {
  /** Of the command for people and of the one with `--json`. */
  readonly codes: readonly (number | null)[];
  readonly words: string;
  readonly json: string;
}

/** So many at once: the slowest wait for an answer that never comes. */
const AT_ONCE = 5;

let scene: Scene;
let odd: EmbeddedGateway;
const outcomes = new Map<string, Promise<Outcome>>();

beforeAll(async () => {
  scene = await Scene.create({
    ways: WAYS,
    // So many mistakes at once from one address would look like a flood; 0 would let it take one at a time.
    charon: { load: AUTH_PLUGINS, cookie_threshold_ip: 100 },
    plugins: {
      'eap-radius': {
        servers: { lab: { address: '127.0.0.1', auth_port: RADIUS.port, secret: RADIUS.secret } },
      },
    },
    secrets: { 'eap-alice': { id: USER, secret: PASSWORD } },
    files: gatewayFiles(),
  });
  const { gateway, router, world } = scene.lab;
  await world.block(router, `ip daddr ${SILENT}`);
  const folder = join(world.directory, 'web');
  mkdirSync(folder);
  writeFileSync(join(folder, 'ca.crl'), pki.crl(ca, [{ ...GATEWAYS.revoked, revoked: true }]));
  const agent = fileURLToPath(new URL('../harness/file-server-agent.ts', import.meta.url));
  const web = gateway.start([process.execPath, agent, folder, String(CRL_PORT)]);
  await until('the file server listens', () => web.output.includes('ready'));
  odd = await EmbeddedGateway.start(router, {
    localId: ODD.id,
    keys: { 'psk.lab': PSK },
    pools: { ip4: LAB.pool.ip4, ip6: LAB.pool.ip6 },
    dns: [],
    localTs: [LAB.inner.net4],
  });
  const insister = router.start([
    process.execPath,
    fileURLToPath(new URL('../harness/group-insister.ts', import.meta.url)),
    String(ODD.insistsAt),
    String(ODD.group),
  ]);
  await until('the gateway that insists listens', () => insister.output.includes('ready'));
  await startFreeRadius(gateway, {
    directory: join(world.directory, 'radius'),
    ca: ca.certificates,
    server: GATEWAYS.good,
    users: Object.fromEntries(Object.keys(ACCOUNTS).map((user) => [user, PASSWORD])),
    accounts: ACCOUNTS,
    saysWhy: true,
  });
  makeAll();
});
afterAll(async () => {
  await Promise.allSettled(outcomes.values());
  await odd?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
  pki[Symbol.dispose]();
});

/** Those that wait long first. */
function makeAll(): void {
  const slow = (mistake: Mistake): number => (JSON.stringify(mistake.data).includes('no-answer') ? 0 : 1);
  const queue = MISTAKES.toSorted((a, b) => slow(a) - slow(b));
  const waiting = new Map(queue.map(({ name }) => [name, Promise.withResolvers<Outcome>()]));
  for (const [name, { promise }] of waiting) outcomes.set(name, promise);
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const done = waiting.get(next.name);
      await make(next).then(done?.resolve, done?.reject);
    }
  };
  for (let at = 0; at < AT_ONCE; at++) void work();
}

const outcomeOf = ([words, json]: readonly Finished[]): Outcome => ({
  codes: [words?.code ?? null, json?.code ?? null],
  words: words?.stderr ?? '',
  json: json?.stderr ?? '',
});

async function make({ files, importWith, up }: Mistake): Promise<Outcome> {
  const folder = mkdtempSync(join(scene.lab.world.directory, 'mistake-'));
  const paths = Object.entries(files).map(([name, content]) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  });
  const [option, input = ''] = importWith ?? [];
  const words = ['import', ...paths, ...(option === undefined ? [] : [option])];
  const run = (more: readonly string[], stdin: string): Promise<Finished> =>
    scene.adit.try(more, { input: stdin, timeoutMs: 60_000 });
  if (up === undefined) {
    return outcomeOf(await Promise.all([run(words, input), run([...words, '--json'], input)]));
  }
  // Two of the same, so that those who wait do so once.
  const both = await Promise.all(
    [[], ['--json']].map(async (more) => {
      const { imported } = JSON.parse(await scene.adit.run([...words, '--json'], { input })) as {
        imported: readonly { id: string }[];
      };
      const id = imported[0]?.id ?? '';
      const [upOption, upInput = ''] = up;
      return run(['up', id, ...(upOption === undefined ? [] : [upOption]), ...more], upInput);
    }),
  );
  return outcomeOf(both);
}

const failureOf = (outcome: Outcome): Failure =>
  failureSchema.parse((JSON.parse(outcome.json) as { failure: unknown }).failure);

/** The lines under those of progress. */
const told = (words: string): readonly string[] => words.split('\n').filter((line) => !line.endsWith('…'));

const rows = (atImport: boolean) =>
  MISTAKES.filter(({ up }) => (up === undefined) === atImport).map((row) => [row.name, row] as const);

describe('mistakes', () => {
  it.each(rows(true))('at import: %s', async (name, { sentence, because, remedy }) => {
    const outcome = (await outcomes.get(name)) as Outcome;
    expect(outcome.codes).toEqual([1, 1]);
    const { error } = JSON.parse(outcome.json) as { error: { message: string } };
    expect(told(outcome.words)[0]).toBe(`adit: ${error.message}`);
    expect(error.message.startsWith(sentence)).toBe(true);
    for (const part of [because, remedy]) expect(error.message).toMatch(part);
    // Other users read what the log says of no profile: not which file, nor why.
    expect(scene.adit.output).toContain('an import of uid 0 was refused');
    expect(scene.adit.output).not.toContain(sentence);
  });

  it.each(rows(false))('%s', async (name, { data, sentence, because, remedy }) => {
    const outcome = (await outcomes.get(name)) as Outcome;
    expect(outcome.codes).toEqual([1, 1]);
    const failure = failureOf(outcome);
    expect(failure).toMatchObject(data);
    const explained = explain(failure);
    expect(explained.sentence).toBe(sentence);
    expect(explained.cause).toMatch(because);
    expect(explained.remedy).toMatch(remedy);
    expect(told(outcome.words).slice(0, 3)).toEqual([sentence, explained.cause, `Try: ${explained.remedy}`]);
    expect(scene.adit.output).toContain(sentence);
  });

  it('have a sentence each, in every language', async () => {
    const own = MISTAKES.filter(({ like }) => like === undefined);
    expect(own.length).toBeGreaterThanOrEqual(20);
    expect(new Set(own.map(({ sentence }) => sentence)).size).toBe(own.length);
    const connected = own.filter(({ up }) => up !== undefined);
    const failures = await Promise.all(
      connected.map(async ({ name }) => failureOf((await outcomes.get(name)) as Outcome)),
    );
    for (const language of LANGUAGES) {
      const sentences = failures.map((failure) => explain(failure, language).sentence);
      expect(new Set(sentences).size).toBe(sentences.length);
    }
  });

  it('that look alike to the gateway are told alike', () => {
    const alike = MISTAKES.flatMap((row) => {
      const other = MISTAKES.find(({ name }) => name === row.like);
      return other === undefined ? [] : [[row.sentence.replace('mallory', USER), other.sentence]];
    });
    expect(alike).toHaveLength(2);
    for (const [sentence, other] of alike) expect(sentence).toBe(other);
  });
});
