/** The soak that scripts/soak.sh runs in namespaces of its own. Prints its table; exit code 1 where a zero is none. */
import { parseArgs } from 'node:util';
import { describeMachine } from '../bench/report.ts';
import { soakTable, wrongs } from '#test/soak/report.ts';
import { soak } from '#test/soak/soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    short: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    keep: { type: 'string' },
  },
});
const minutes = Number(values.minutes ?? 60);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error('--minutes wants a number, --seed an integer');
const result = await soak({
  minutes,
  seed,
  short: values.short,
  ...(values.only === undefined ? {} : { only: values.only }),
  ...(values.keep === undefined ? {} : { keep: values.keep }),
  simulatedDays: values.short ? 20 : 365,
  say: (line) => process.stderr.write(`soak: ${line}\n`),
});
process.stdout.write(
  `Taken ${new Date().toISOString().slice(0, 10)} on ${describeMachine()}.\n\n${soakTable(result)}\n`,
);
for (const sentence of wrongs(result)) {
  process.stdout.write(`WRONG: ${sentence}\n`);
  process.exitCode = 1;
}
