/**
 * `adit export PROFILE [--format F] [-o FILE] [--secret-stdin | --ppk-stdin | --password-stdin]`: the helper writes the file; what it could
 * not express goes to stderr. The helper gives out no secret: whoever wants one in the file brings it.
 */
import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Result } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { type Context, text } from '../context.ts';
import { CliError, EXIT, UsageError } from '../errors.ts';
import { findProfile } from '../find-profile.ts';
import { secretFromStdin, stdinOption } from '../input.ts';
import { reportLines } from '../output/report-view.ts';
import { EXPORT_NAMES } from './index.ts';

const SECRETS = { 'secret-stdin': 'psk', 'ppk-stdin': 'ppk', 'password-stdin': 'password' } as const;

export async function run(context: Context): Promise<number> {
  const wanted = text(context, 'format') ?? EXPORT_NAMES[0];
  const format = EXPORT_NAMES.find((name) => name === wanted);
  if (format === undefined) {
    throw new UsageError(`“${printable(wanted, 64)}” is no format.`, `There are ${EXPORT_NAMES.join(', ')}.`);
  }
  const given = stdinOption(context, Object.keys(SECRETS) as (keyof typeof SECRETS)[]);
  const secret = given === undefined ? undefined : await secretFromStdin();
  const secrets = given === undefined ? {} : { [SECRETS[given]]: secret };
  const client = await context.connect();
  const { id } = await findProfile(client, context.operands[0] ?? '');
  const { files, leftOut } = await client.call('profiles.export', { id, format, ...secrets });
  const output = text(context, 'output');
  if (output !== undefined) write(context, output, files);
  else if (files.length > 1) {
    throw new UsageError(
      `As ${format} this profile is ${files.length} files.`,
      `Say where to: adit export ${id} --format ${format} -o FILE`,
    );
  } else context.print(contentOf(files[0]).toString('utf8').trimEnd());
  if (leftOut.length > 0) {
    context.note(
      `What ${format} cannot say as it is:`,
      ...reportLines({ report: leftOut }, context.errorStyle).map((line) => `  ${line}`),
    );
  }
  return EXIT.ok;
}

type Files = Result<'profiles.export'>['files'];

const contentOf = (file: Files[number] | undefined): Buffer => Buffer.from(file?.content ?? '', 'base64');

/** The first as `output`, certificates and the like beside it, for nobody else to read. Nothing that is there is written over. */
function write(context: Context, output: string, [first, ...others]: Files): void {
  const beside = others.map((file) => [join(dirname(output), basename(file.name)), contentOf(file)] as const);
  for (const [path, content] of [[output, contentOf(first)] as const, ...beside]) {
    try {
      writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST')
        throw new CliError(`${path} exists already.`, 'Choose another name, or remove it.');
      throw new CliError(`${path} cannot be written: ${message}.`);
    }
    context.note(`Wrote ${path}`);
  }
}
