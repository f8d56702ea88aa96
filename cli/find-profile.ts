/** PROFILE on the command line: an id, a name, or the beginning of exactly one. */
import type { ProfileSummary } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { Client } from './client.ts';
import { CliError } from './errors.ts';
import { nearest } from './nearest.ts';

/** Throws CliError that names the candidates. */
export async function findProfile(client: Client, given: string): Promise<ProfileSummary> {
  return choose(await client.profiles(), given);
}

export function choose(profiles: readonly ProfileSummary[], given: string): ProfileSummary {
  const wanted = given.toLowerCase();
  const tests: readonly ((profile: ProfileSummary) => boolean)[] = [
    ({ id }) => id === given,
    ({ name }) => name === given,
    ({ name }) => name.toLowerCase() === wanted,
    ({ id, name }) => wanted !== '' && (id.startsWith(wanted) || name.toLowerCase().startsWith(wanted)),
  ];
  for (const test of tests) {
    const [found, ...others] = profiles.filter(test);
    if (found && others.length === 0) return found;
    if (found) {
      const ids = [found, ...others].map(({ id, name }) => `${id} (${printable(name, 64)})`).join(', ');
      throw new CliError(`“${printable(given, 64)}” could be any of ${ids}.`, 'Use an id.');
    }
  }
  const near = nearest(
    wanted,
    profiles.map(({ id }) => id),
  );
  const remedy =
    near === undefined
      ? 'adit profiles lists those there are; adit import FILE adds one.'
      : `Did you mean “${near}”?`;
  throw new CliError(`There is no profile “${printable(given, 64)}”.`, remedy);
}
