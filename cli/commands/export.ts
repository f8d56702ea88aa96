/** `adit export PROFILE`: a file of our own format on stdout. */
import { exportProfile } from '#core/profile/export.ts';
import type { Profile } from '#core/profile/profile.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';
import { findProfile } from '../find-profile.ts';

export async function run(context: Context): Promise<number> {
  const client = await context.connect();
  const { id } = await findProfile(client, context.operands[0] ?? '');
  const { profile } = await client.call('profiles.get', { id });
  // Checked by the schema inside: what is no profile is not exported.
  context.print(exportProfile(profile as Profile).trimEnd());
  return EXIT.ok;
}
