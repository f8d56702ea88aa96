/**
 * Answers against the contract's schemas. Loads the validator, so only what prints JSON for machines, and what went
 * wrong, comes here.
 */
import { calls } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { Answer } from './client.ts';
import { CliError } from './errors.ts';

/** What is wrong with an answer, or undefined. */
export function checkAnswer({ name, result }: Answer): CliError | undefined {
  const checked = calls[name].result.safeParse(result);
  if (checked.success) return undefined;
  const [issue] = checked.error.issues;
  const where = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  return new CliError(
    `The helper’s answer to ${name} is not what the contract says: ${printable(`${where}${issue?.message ?? ''}`)}.`,
    'Check that adit and aditd are of the same version.',
  );
}
