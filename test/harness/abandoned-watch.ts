/**
 * A process of its own for the addon that AddressSanitizer watches (ADIT_NATIVE): a worker that ends with its watches open, so
 * that the environment closes them before their objects go. Prints `ended`. sanitizers.test.ts starts it.
 */
import { once } from 'node:events';
import { isMainThread, Worker } from 'node:worker_threads';
import { linuxWatchSources, NETLINK_ROUTE } from '#helper/native/watch.ts';

/** RTNLGRP_LINK. */
const LINKS = 1;

if (isMainThread) {
  await once(new Worker(new URL(import.meta.url)), 'exit');
  process.stdout.write('ended');
} else {
  const sources = linuxWatchSources(process.env.ADIT_NATIVE);
  sources.openNetlink(NETLINK_ROUTE, [LINKS], () => undefined);
  sources.openClockWatch(() => undefined);
  process.exit();
}
