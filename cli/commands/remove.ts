/** `adit remove PROFILE` */
import { printable } from '#core/text/printable.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';
import { findProfile } from '../find-profile.ts';

export async function run(context: Context): Promise<number> {
  const client = await context.connect();
  const { id, name } = await findProfile(client, context.operands[0] ?? '');
  await client.call('profiles.remove', { id });
  if (context.json) context.printJson({ removed: { id, name } });
  else context.print(`Removed ${printable(name)} (${id}) and its secrets.`);
  return EXIT.ok;
}
