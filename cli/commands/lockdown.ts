/** `adit lockdown [on [--lan]|off]`: without a word it says how it is. */
import type { LockdownStatus } from '#core/ipc/contract.ts';
import type { Client } from '../client.ts';
import { type Context, flag } from '../context.ts';
import { CliError, EXIT, UsageError } from '../errors.ts';
import { lockdownLines } from '../output/lockdown-view.ts';
import { isOverSsh } from '../over-ssh.ts';

export async function run(context: Context): Promise<number> {
  const [wish] = context.operands;
  const lan = flag(context, 'lan');
  if (wish !== undefined && wish !== 'on' && wish !== 'off') {
    throw new UsageError(`“${wish}” is neither on nor off.`, 'Usage: adit lockdown [on|off].');
  }
  if (lan && wish !== 'on') {
    throw new UsageError(
      '--lan says what stays within reach in lockdown.',
      'Switch it on: adit lockdown on --lan',
    );
  }
  if (wish === 'on' && !flag(context, 'yes') && isOverSsh()) throw cutsOff(lan);
  const client = await context.connect();
  // A helper that has none says so here, before it is asked for what it does not know.
  const before = await current(client);
  const lockdown =
    wish === undefined ? before : await client.call('lockdown.set', { on: wish === 'on', lan });
  if (context.json) await context.printAnswer('lockdown.set', lockdown);
  else context.print(...lockdownLines(lockdown, context.style));
  return lockdown.fault === null ? EXIT.ok : EXIT.failed;
}

async function current(client: Client): Promise<LockdownStatus> {
  const { lockdown } = await client.call('status.get', {});
  if (lockdown) return lockdown;
  throw new CliError(
    'This helper knows no lockdown: it is older than this adit.',
    'Bring both to the same version.',
  );
}

const cutsOff = (lan: boolean): UsageError =>
  new UsageError(
    'You are here by SSH: lockdown cuts that connection unless a tunnel carries it.',
    `With --yes it is switched on all the same${lan ? '' : '; with --lan, too, the local network stays within reach'}.`,
  );
