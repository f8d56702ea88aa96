/** `adit status [--watch]` */
import type { Status } from '#core/ipc/contract.ts';
import { type Context, flag } from '../context.ts';
import { EXIT } from '../errors.ts';
import { statusLines } from '../output/status-view.ts';

export async function run(context: Context): Promise<number> {
  const client = await context.connect();
  if (!flag(context, 'watch')) {
    const status = await client.call('status.get', {});
    if (context.json) await context.printAnswer('status.get', status);
    else show(context, status);
    return EXIT.ok;
  }
  const redraw = process.stdout.isTTY && !context.json;
  for await (const status of client.statuses()) {
    // Home, draw over, clear what is left: no flicker.
    if (redraw) process.stdout.write('\u001b[H\u001b[2J');
    show(context, status);
    if (!redraw && !context.json) context.print('');
  }
  return EXIT.ok;
}

function show(context: Context, status: Status): void {
  if (context.json) context.printJson(status);
  else context.print(...statusLines(status, Date.now(), context.style));
}
