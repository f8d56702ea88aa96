/** `adit set-secret PROFILE [--secret-stdin | --ppk-stdin | --password-stdin | --p12-password-stdin | --private-key-password-stdin]` */
import type { ProfileSummary } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../errors.ts';
import { findProfile } from '../find-profile.ts';
import { askedAtTerminal, secretFromStdin, stdinOption } from '../input.ts';

/** Secrets that people type: their name in the call, in a summary, and for people. */
const ROWS = [
  { option: 'secret-stdin', param: 'psk', name: 'psk', what: 'pre-shared key' },
  { option: 'ppk-stdin', param: 'ppk', name: 'ppk', what: 'post-quantum pre-shared key' },
  { option: 'password-stdin', param: 'password', name: 'password', what: 'password' },
  {
    option: 'p12-password-stdin',
    param: 'p12Password',
    name: 'pkcs12Password',
    what: 'password of the PKCS#12 file',
  },
  {
    option: 'private-key-password-stdin',
    param: 'privateKeyPassword',
    name: 'privateKeyPassword',
    what: 'password of the private key',
  },
] as const;
type Row = (typeof ROWS)[number];

export async function run(context: Context): Promise<number> {
  const option = stdinOption(
    context,
    ROWS.map((row) => row.option),
  );
  const client = await context.connect();
  const summary = await findProfile(client, context.operands[0] ?? '');
  const { id, name } = summary;
  const row = ROWS.find((each) => each.option === option) ?? wantedBy(summary);
  const mayBeEmpty = row.param === 'p12Password';
  const question = `${row.what.charAt(0).toUpperCase()}${row.what.slice(1)} of ${printable(name)}: `;
  const secret =
    option === undefined
      ? await askedAtTerminal(question, { mayBeEmpty })
      : await secretFromStdin(mayBeEmpty);
  if (secret === undefined) {
    throw new UsageError(
      `There is no terminal to ask for the ${row.what}.`,
      `Pipe it: adit set-secret ${id} --${row.option} < ${row.param === 'psk' || row.param === 'ppk' ? 'key' : 'password'}.txt`,
    );
  }
  await client.call('profiles.setSecret', { id, [row.param]: secret });
  if (context.json) context.printJson({ stored: { id, name, secret: row.name } });
  else context.print(`Stored the ${row.what} of ${printable(name)}.`);
  return EXIT.ok;
}

/** What is missing, or else what is stored already and gets a new value. */
function wantedBy({ missingSecrets, storedSecrets }: ProfileSummary): Row {
  const among = (names: readonly string[]): Row | undefined => ROWS.find(({ name }) => names.includes(name));
  return among(missingSecrets) ?? among(storedSecrets) ?? ROWS[1];
}
