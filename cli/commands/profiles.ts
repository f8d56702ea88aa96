/** `adit profiles` */
import { printable } from '#core/text/printable.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';
import { table } from '../output/table.ts';

export async function run(context: Context): Promise<number> {
  const client = await context.connect();
  const profiles = await client.profiles();
  if (context.json) {
    await context.printAnswer('profiles.list', { profiles });
  } else if (profiles.length === 0) {
    context.print('There are no profiles yet. adit import FILE adds one.');
  } else {
    const rows = profiles.map(({ id, name, gateway, forAll, missingSecrets }) => [
      id,
      printable(name, 40),
      printable(gateway, 60),
      forAll ? 'everyone' : 'you',
      missingSecrets.length > 0 ? `missing: ${printable(missingSecrets.join(', '))}` : 'stored',
    ]);
    const [heading = '', ...lines] = table(['ID', 'NAME', 'GATEWAY', 'FOR', 'SECRETS'], rows);
    context.print(context.style.bold(heading), ...lines);
  }
  return EXIT.ok;
}
