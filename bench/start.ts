/**
 * How long the command line takes to start and answer: `adit status` with no tunnel, in turns with strongSwan's
 * `swanctl --list-sas` and with a bare start of the same Node, which no program on it can undercut.
 */
import { join } from 'node:path';
import { ADIT, Adit } from '#test/harness/adit.ts';
import type { Host } from '#test/harness/host.ts';
import { World } from '#test/harness/world.ts';
import { StrongSwan } from '#test/harness/strongswan.ts';
import { run } from '#test/harness/process.ts';
import { median, type Row } from './report.ts';

const ROUNDS = 21;

async function took(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  const began = performance.now();
  await run(argv, { env });
  return performance.now() - began;
}

export async function start(): Promise<Row[]> {
  await using world = await World.create();
  const host: Host = await world.host('client');
  await using adit = await Adit.start(world, host, { socket: join(world.directory, 'aditd.sock') });
  const charon = await StrongSwan.start(world, host, { swanctl: { connections: {} } });
  const vici = ['swanctl', '--list-sas', '--uri', `unix://${join(charon.directory, 'vici')}`];
  const environment = { STRONGSWAN_CONF: join(charon.directory, 'strongswan.conf') };
  const ours: number[] = [];
  const theirs: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await took([ADIT, '--socket', adit.socket, 'status']));
    theirs.push(await took(vici, environment));
    bare.push(await took([process.execPath, '-e', '0']));
  }
  return [
    {
      subject: '`adit status`, process start included',
      unit: 'ms',
      adit: median(ours),
      peer: { name: 'swanctl --list-sas', value: median(theirs) },
    },
    { subject: '`adit status`, the goal in ms', unit: 'ms', adit: median(ours), goal: { atMost: 120 } },
    {
      subject: '`adit status` and the runtime alone',
      unit: 'ms',
      adit: median(ours),
      peer: { name: 'node -e 0', value: median(bare) },
    },
  ];
}
