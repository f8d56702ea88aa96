/** `adit doctor [--rescue]`: every check with its remedy. The first is whether there is a helper to ask. */
import type { Result } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { type Context, flag } from '../context.ts';
import { RefusedError } from '../client-errors.ts';
import { CliError, EXIT } from '../errors.ts';

/** For where it does not come up. */
const OUT_OF_LOCKDOWN = 'If lockdown holds everything back meanwhile: sudo adit doctor --rescue';

type Check = Result<'doctor.run'>['checks'][number];

export async function run(context: Context): Promise<number> {
  if (flag(context, 'rescue')) {
    const { rescue } = await import('../rescue.ts');
    return await rescue(context);
  }
  const checks = await allChecks(context);
  if (context.json) await context.printAnswer('doctor.run', { checks });
  else context.print(...checks.flatMap((check) => lines(check, context)));
  return checks.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
}

async function allChecks(context: Context): Promise<Check[]> {
  const check = 'helper';
  try {
    const client = await context.connect();
    const { checks } = await client.call('doctor.run', {});
    return [{ check, ok: true, found: 'runs and answers' }, ...checks];
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    // One that refuses runs, and ends lockdown itself.
    const way = error instanceof RefusedError ? [] : [OUT_OF_LOCKDOWN];
    const remedy = [...(error.remedy === undefined ? [] : [error.remedy]), ...way].join('\n');
    return [{ check, ok: false, found: error.message, ...(remedy === '' ? {} : { remedy }) }];
  }
}

function lines({ check, ok, found, remedy }: Check, { style }: Context): string[] {
  const mark = ok ? style.good('ok     ') : style.bad('problem');
  return [
    `${mark}  ${style.bold(printable(check))}: ${printable(found, 1024)}`,
    ...(remedy ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `         ${printable(line, 1024)}`),
  ];
}
