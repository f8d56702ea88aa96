/** `adit set-secret PROFILE [--secret-stdin]` */
import { printable } from '#core/text/printable.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';
import { findProfile } from '../find-profile.ts';
import { givenOrAskedSecret, noTerminal } from '../input.ts';

export async function run(context: Context): Promise<number> {
  const client = await context.connect();
  const { id, name } = await findProfile(client, context.operands[0] ?? '');
  const psk = await givenOrAskedSecret(context, printable(name));
  if (psk === undefined) throw noTerminal(`set-secret ${id}`);
  await client.call('profiles.setSecret', { id, psk });
  if (context.json) context.printJson({ stored: { id, name, secret: 'psk' } });
  else context.print(`Stored the pre-shared key of ${printable(name)}.`);
  return EXIT.ok;
}
