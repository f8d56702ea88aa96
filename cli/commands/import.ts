/** `adit import FILE…`: reads the files here, as the user, and sends their octets; the helper never sees a path. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { printable } from '#core/text/printable.ts';
import { type Context, flag, text } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';
import { secretFromStdin, stdinOption } from '../input.ts';
import { reportLines } from '../output/report-view.ts';

/** What a frame holds as base64, with room for the rest. */
const MAX_FILES = 180 * 1024;

export async function run(context: Context): Promise<number> {
  const files = context.operands.map(readProfileFile);
  const total = files.reduce((sum, { content }) => sum + content.length, 0);
  if (total > MAX_FILES) {
    throw new CliError(
      `The files have ${total} bytes together; profiles have at most ${MAX_FILES}.`,
      'Import them one by one.',
    );
  }
  const name = text(context, 'name');
  const user = text(context, 'user');
  const secret = await importSecret(context);
  const dryRun = flag(context, 'dry-run');
  const client = await context.connect();
  const result = await client.call('profiles.import', {
    files: files.map((file) => ({ name: file.name, content: file.content.toString('base64') })),
    ...(name === undefined ? {} : { name }),
    ...(user === undefined ? {} : { user }),
    ...secret,
    dryRun,
    forAll: flag(context, 'for-all'),
  });
  if (context.json) {
    await context.printAnswer('profiles.import', result);
    return EXIT.ok;
  }
  for (const imported of result.imported) {
    const label = printable(imported.name);
    context.print(
      context.style.bold(
        imported.id === null ? `${label}: would be imported` : `${label}: imported as ${imported.id}`,
      ),
      ...reportLines(imported, context.style).map((line) => `  ${line}`),
      ...nextStep(imported),
    );
  }
  return EXIT.ok;
}

const SECRETS = {
  'secret-stdin': 'psk',
  'ppk-stdin': 'ppk',
  'password-stdin': 'password',
  'p12-password-stdin': 'p12Password',
  'private-key-password-stdin': 'privateKeyPassword',
} as const;

async function importSecret(
  context: Context,
): Promise<Partial<Record<(typeof SECRETS)[keyof typeof SECRETS], string>>> {
  const option = stdinOption(context, Object.keys(SECRETS) as (keyof typeof SECRETS)[]);
  if (option === undefined) return {};
  return { [SECRETS[option]]: await secretFromStdin(option === 'p12-password-stdin') };
}

function nextStep({
  id,
  missingSecrets,
}: {
  readonly id: string | null;
  readonly missingSecrets: readonly string[];
}): string[] {
  if (id === null) return [];
  return [missingSecrets.length > 0 ? `Next: adit set-secret ${id}` : `Next: adit up ${id}`];
}

function readProfileFile(path: string): { name: string; content: Buffer } {
  try {
    const status = statSync(path);
    if (!status.isFile()) throw new CliError(`${path} is no file.`, 'Name a profile’s file.');
    if (status.size > MAX_FILES)
      throw new CliError(`${path} has ${status.size} bytes; a profile has at most ${MAX_FILES}.`);
    return { name: basename(path).slice(0, 255), content: readFileSync(path) };
  } catch (error) {
    if (error instanceof CliError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CliError(`${path} cannot be read: ${REASONS[code ?? ''] ?? message}.`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  ENOTDIR: 'a part of the path is no folder',
};
