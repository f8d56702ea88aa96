/** `adit show PROFILE`: what it says, without what it keeps secret. */
import { printable } from '#core/text/printable.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';
import { findProfile } from '../find-profile.ts';
import { fields } from '../output/table.ts';

export async function run(context: Context): Promise<number> {
  const client = await context.connect();
  const { id } = await findProfile(client, context.operands[0] ?? '');
  const result = await client.call('profiles.get', { id });
  if (context.json) {
    await context.printAnswer('profiles.get', result);
    return EXIT.ok;
  }
  const { summary, profile } = result;
  context.print(
    context.style.bold(printable(summary.name)),
    ...fields(
      [
        ['id', summary.id],
        ['for', summary.forAll ? 'everyone on this computer' : `uid ${summary.owner}`],
        ['secrets stored', summary.storedSecrets.join(', ') || 'none'],
        ['secrets missing', summary.missingSecrets.join(', ') || 'none'],
        ...leaves(profile, ''),
      ],
      '  ',
    ),
  );
  return EXIT.ok;
}

/** `ike.lifetimeSec` and its value, for every field but those the summary shows. */
function leaves(value: unknown, path: string): [string, string][] {
  if (['format', 'version', 'name'].includes(path)) return [];
  if (Array.isArray(value)) return [[path, printable(value.join(', ') || 'none', 512)]];
  if (typeof value !== 'object' || value === null) return [[path, printable(String(value))]];
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, path === '' ? printable(key) : `${path}.${printable(key)}`),
  );
}
