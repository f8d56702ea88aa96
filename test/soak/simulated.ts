/** Simulated days in a process of their own, beside the real hours of the soak. Arguments: days, seed. Prints JSON. */
import { simulatedDays } from '#test/harness/ikev2-long.ts';

const [days = 365, seed = 1] = process.argv.slice(2).map(Number);
process.stdout.write(JSON.stringify(simulatedDays(days, seed)));
