/** How the effects speak to iproute2: batches of lines in one process, answers as JSON. Called by link/ and routes/. */
import { formatIp, type IpAddress, type Prefix } from '#core/net/address.ts';
import { refused, runOrFail, type Runner } from './run.ts';

export type Family = 4 | 6;

export const familyOf = (address: IpAddress): Family => (address.length === 4 ? 4 : 6);

/** All lines in one process; the first that the system refuses ends it. Each line's JSON answer in turn. */
export async function ipBatch(runner: Runner, what: string, lines: readonly string[]): Promise<unknown[][]> {
  if (lines.length === 0) return [];
  return answers(await runOrFail(runner, what, 'ip', ['-json', '-batch', '-'], text(lines)));
}

/** As ipBatch for lines that name no family: rules and tables. Numbers stay numbers (`-N`). */
export async function ipFamilyBatch(
  runner: Runner,
  what: string,
  family: Family,
  lines: readonly string[],
): Promise<unknown[][]> {
  if (lines.length === 0) return [];
  return answers(await runOrFail(runner, what, 'ip', [...FAMILY_ARGS[family], '-batch', '-'], text(lines)));
}

/**
 * Lists in one process, a line each. The last may be of a table that does not exist: `ip` calls one without routes an error,
 * some releases after the bracket that opens its answer. It is left out then.
 */
export async function ipLists(
  runner: Runner,
  what: string,
  family: Family,
  lines: readonly string[],
): Promise<unknown[][]> {
  const args = [...FAMILY_ARGS[family], '-batch', '-'];
  const result = await runner.run('ip', args, text(lines));
  if (result.status !== 0 && !/FIB table does not exist/.test(result.stderr)) {
    throw refused(what, 'ip', args, result);
  }
  return answers(result.stdout);
}

const FAMILY_ARGS: Readonly<Record<Family, readonly string[]>> = {
  4: ['-4', '-N', '-json'],
  6: ['-6', '-N', '-json'],
};

/** `10.0.0.0/8`, as `ip` reads and prints it: the whole of a family is `default`, a host goes without a length. */
export function routeText({ address, length }: Prefix): string {
  if (length === 0) return 'default';
  return length === address.length * 8 ? formatIp(address) : `${formatIp(address)}/${length}`;
}

const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

/** `ip -json` prints one array a line of output for each line of a batch that has an answer. */
function answers(output: string): unknown[][] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('[') && line.endsWith(']'))
    .map((line) => JSON.parse(line) as unknown[]);
}
