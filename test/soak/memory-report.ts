/** Preloaded into the helper that is soaked: SIGWINCH collects its garbage and writes its memory into $ADIT_MEMORY. */
import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const file = process.env['ADIT_MEMORY'] ?? '';
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('SIGWINCH', () => {
  collect();
  collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  writeFileSync(file, JSON.stringify({ rss, heapUsed, external }));
});
