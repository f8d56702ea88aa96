/** `adit log [-f]`; with `--json` one entry a line. */
import type { LogEntry } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { type Context, flag } from '../context.ts';
import { EXIT } from '../errors.ts';
import type { Style } from '../output/style.ts';
import { clockTime } from '../output/units.ts';

export async function run(context: Context): Promise<number> {
  const client = await context.connect();
  const follow = flag(context, 'follow');
  for await (const entry of client.logEntries()) {
    if (!entry) {
      if (follow) continue;
      break;
    }
    if (context.json) context.printJson(entry);
    else context.print(line(entry, context.style));
  }
  return EXIT.ok;
}

function line({ time, level, subsystem, profile, message }: LogEntry, style: Style): string {
  const paint = { error: style.bad, warn: style.warn }[level as string] ?? style.dim;
  const about = profile === undefined ? subsystem : `${subsystem} ${profile}`;
  return `${clockTime(time, Date.now())} ${paint(level.padEnd(5))} ${style.dim(`${printable(about)}:`)} ${printable(message, 2048)}`;
}
