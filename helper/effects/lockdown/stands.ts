/** Whether lockdown's rules stand in the kernel, whoever set them: for doctor.ts and startup/rescue.ts. */
import type { Runner } from '../run.ts';
import { LOCKDOWN_TABLE } from './ruleset.ts';

/** Where nft is missing or refuses, nobody sees them. */
export async function lockdownStands(runner: Runner): Promise<boolean> {
  if (runner.find('nft') === undefined) return false;
  const { stdout } = await runner.run('nft', ['list', 'tables']);
  return stdout.split('\n').includes(`table inet ${LOCKDOWN_TABLE}`);
}
