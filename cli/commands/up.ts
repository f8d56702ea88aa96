/** `adit up PROFILE`: connects and stays until it is known whether that worked. Ctrl-C takes the tunnel down again. */
import type { Failure } from '#core/failure/failure.ts';
import type { Status, TunnelQuestion, TunnelStatus } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { Client } from '../client.ts';
import { type Context, text } from '../context.ts';
import { EXIT, UsageError } from '../errors.ts';
import { findProfile } from '../find-profile.ts';
import { atTerminal, givenOrAskedSecret, noTerminal, secretFromStdin, stdinOption } from '../input.ts';
import { failureLines } from '../output/failure-view.ts';
import { answerQuestion, refuseUnanswerable } from '../questions.ts';
import { Progress } from '../output/progress.ts';
import { STATE_WORDS } from '../output/status-view.ts';
import { tunnelOf } from '../waiting.ts';

/** How it ended; `undefined` in `failure` where somebody took the tunnel down. */
type Ending =
  | { readonly how: 'connected'; readonly tunnel: TunnelStatus }
  | { readonly how: 'failed'; readonly failure: Failure | undefined }
  | { readonly how: 'interrupted' };

export async function run(context: Context): Promise<number> {
  const option = stdinOption(context, ['secret-stdin', 'password-stdin'] as const);
  const user = text(context, 'user');
  const timeoutSec = seconds(text(context, 'timeout'));
  const client = await context.connect();
  const { id, name, missingSecrets } = await findProfile(client, context.operands[0] ?? '');
  const statuses = client.statuses();
  const before = tunnelOf(id, (await statuses.next()).value);
  if (before?.state === 'connected') return report(context, name, { how: 'connected', tunnel: before });

  if (missingSecrets.includes('ppk')) throw noPpk(id);
  const needed = missingSecrets.includes('psk') || option === 'secret-stdin';
  const psk = needed ? await givenOrAskedSecret(context, printable(name)) : undefined;
  if (needed && psk === undefined) throw noTerminal(`up ${id}`);
  if (option === undefined && !atTerminal()) refuseUnanswerable(id, missingSecrets);
  const password = option === 'password-stdin' ? await secretFromStdin() : undefined;
  await client.call('tunnel.up', {
    id,
    ...(psk === undefined ? {} : { psk }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  });
  const progress = new Progress(process.stderr, context.json);
  const over = new AbortController();
  const ask = (question: TunnelQuestion): Promise<boolean> => {
    progress.end();
    return answerQuestion(client, id, question, over.signal);
  };
  const ending = await firstOf(settled(statuses, id, before, progress, ask), timeoutSec, client, id).finally(
    () => over.abort(),
  );
  progress.end();
  return report(context, name, ending);
}

/** Nobody types 256 bits at each `up` (RFC 8784 §6): it is stored, or not there. */
const noPpk = (id: string): UsageError =>
  new UsageError(
    'The post-quantum pre-shared key of the profile is not stored.',
    `Store it: adit set-secret ${id} --ppk-stdin < key.txt`,
  );

function seconds(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const number = Number(given);
  if (!/^\d{1,6}$/.test(given) || number === 0)
    throw new UsageError(`“${given}” is no number of seconds for --timeout.`, 'For example: --timeout 30');
  return number;
}

/** Reads changes until one decides. What stood there before `up` decides nothing. */
async function settled(
  statuses: AsyncGenerator<Status, never>,
  id: string,
  before: TunnelStatus | undefined,
  progress: Progress,
  ask: (question: TunnelQuestion) => Promise<boolean>,
): Promise<Ending> {
  let asked = 0;
  for await (const status of statuses) {
    const tunnel = tunnelOf(id, status);
    if (!tunnel || (tunnel.since === before?.since && tunnel.state === before.state)) continue;
    if (tunnel.state === 'connected') return { how: 'connected', tunnel };
    if (tunnel.state === 'failed' || tunnel.state === 'disconnected') {
      return { how: 'failed', failure: tunnel.failure ?? undefined };
    }
    const { question } = tunnel;
    if (question && question.id > asked) {
      asked = question.id;
      if (!(await ask(question))) return { how: 'interrupted' };
    }
    progress.show(printable(tunnel.step ?? STATE_WORDS[tunnel.state]));
  }
  throw new Error('the statuses never end');
}

/** The ending, unless Ctrl-C or the time comes first; then the tunnel is taken down. */
async function firstOf(
  ending: Promise<Ending>,
  timeoutSec: number | undefined,
  client: Client,
  id: string,
): Promise<Ending> {
  const cut = Promise.withResolvers<Ending>();
  const interrupt = (): void => cut.resolve({ how: 'interrupted' });
  const expire = (sec: number): void =>
    cut.resolve({ how: 'failed', failure: { cause: 'timeout', seconds: sec } });
  const timer = timeoutSec === undefined ? undefined : setTimeout(expire, timeoutSec * 1000, timeoutSec);
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    const first = await Promise.race([ending, cut.promise]);
    const isCut =
      first.how === 'interrupted' || (first.how === 'failed' && first.failure?.cause === 'timeout');
    if (isCut) await client.call('tunnel.down', { id });
    return first;
  } finally {
    clearTimeout(timer);
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

function report(context: Context, name: string, ending: Ending): number {
  if (ending.how === 'connected') return reportConnected(context, ending.tunnel);
  if (ending.how === 'failed') return reportFailure(context, name, ending.failure);
  if (context.json) context.note(JSON.stringify({ failure: null, interrupted: true }));
  else context.note(`Interrupted: ${printable(name)} was taken down.`);
  return EXIT.interrupted;
}

function reportConnected(context: Context, tunnel: TunnelStatus): number {
  if (context.json) {
    context.printJson(tunnel);
    return EXIT.ok;
  }
  const { virtualIps, gateway } = tunnel;
  const to = gateway ? ` to ${printable(gateway.address)}` : '';
  const as = virtualIps.length > 0 ? ` as ${printable(virtualIps.join(', '))}` : '';
  context.print(`${context.style.good('Connected')}${to}${as}.`);
  return EXIT.ok;
}

function reportFailure(context: Context, name: string, failure: Failure | undefined): number {
  if (context.json) context.note(JSON.stringify({ failure: failure ?? null, interrupted: false }));
  else if (failure) context.note(...failureLines(failure, context.errorStyle));
  else context.note(`${printable(name)} was taken down by somebody else.`);
  return EXIT.failed;
}
