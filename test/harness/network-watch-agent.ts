/**
 * Runs on a host of the lab: the real network watch. Each change is a JSON line on stdout; the first line says which
 * parts work. `parts` on stdin prints them again, `cycle N` opens and closes N watches and prints what was left open.
 */
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { systemClock } from '#helper/clock.ts';
import { linuxNetworkWatch } from '#helper/effects/network-watch/linux.ts';
import { Log } from '#helper/log/log.ts';
import { linuxWatchSources } from '#helper/native/watch.ts';
import { isTunnelAdapter, isTunnelTable } from '#helper/tunnel/numbers.ts';

const [bus = '/nonexistent'] = process.argv.slice(2);

const open = () =>
  linuxNetworkWatch({
    sources: linuxWatchSources(),
    clock: systemClock,
    ours: { adapter: isTunnelAdapter, table: isTunnelTable },
    resolvConf: '/etc/resolv.conf',
    log: new Log(systemClock, [({ level, message }) => level === 'warn' && console.error(message)]).logger(
      'network',
    ),
    bus,
  });

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const descriptors = (): number => readdirSync('/proc/self/fd').length;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function cycle(times: number): Promise<void> {
  const before = descriptors();
  for (let n = 0; n < times; n++) {
    const watch = open();
    watch.subscribe(() => undefined)();
    watch.close();
    watch.close();
    await turn();
  }
  say({ before, after: descriptors() });
}

const watch = open();
watch.subscribe(say);
say(watch.parts);
for await (const line of createInterface({ input: process.stdin })) {
  const [word, times] = line.split(' ');
  if (word === 'cycle') await cycle(Number(times));
  else say(watch.parts);
}
// Nothing else may keep the process alive.
watch.close();
