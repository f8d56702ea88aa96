/** What throughput.ts measures on a pair: iperf3, ping, and what the VPN's processes spent meanwhile. */
import { readFile } from 'node:fs/promises';
import type { VpnPair } from './vpn-pair.ts';

export interface Transfer {
  readonly gigabits: number;
  /** Processor seconds of the VPN's processes, both ends, for a gigabyte that arrived. */
  readonly processorPerGigabyte: number;
  readonly packetsPerSecond: number;
}

interface IperfEnd {
  readonly bytes: number;
  readonly bits_per_second: number;
  readonly packets?: number;
  readonly lost_packets?: number;
}

/**
 * Linux's own congestion control, whatever this machine has set: BBR paces a single stream by what it believes of a path
 * that has no bandwidth of its own, and then a table tells more of BBR than of VPNs.
 */
export const CONGESTION_CONTROL = 'cubic';

/** Runs the iperf3 client of the pair for some seconds; TCP with CONGESTION_CONTROL unless the options say otherwise. */
export async function transfer(
  pair: VpnPair,
  seconds: number,
  options: readonly string[],
): Promise<Transfer> {
  const before = await processorSeconds(pair.pids);
  const udp = options.includes('--udp');
  const argv = ['iperf3', '--json', '--client', pair.server, '--time', String(seconds), ...options];
  if (!udp && !options.includes('--congestion')) argv.push('--congestion', CONGESTION_CONTROL);
  const { end } = JSON.parse(await pair.left.run(argv)) as {
    end: { sum_received?: IperfEnd; sum: IperfEnd };
  };
  const spent = (await processorSeconds(pair.pids)) - before;
  const received = end.sum_received ?? end.sum;
  const arrived = udp ? (end.sum.packets ?? 0) - (end.sum.lost_packets ?? 0) : 0;
  const share = udp ? arrived / Math.max(1, end.sum.packets ?? 0) : 1;
  const bytes = udp ? end.sum.bytes * share : received.bytes;
  return {
    gigabits: (bytes * 8) / seconds / 1e9,
    processorPerGigabyte: spent / (bytes / 1e9),
    packetsPerSecond: arrived / seconds,
  };
}

/** Of the average round trip, in milliseconds. */
export async function roundTrip(pair: VpnPair, count: number): Promise<number> {
  const out = await pair.left.run(['ping', '-q', '-c', String(count), '-i', '0.01', pair.server]);
  const average = /= [\d.]+\/([\d.]+)\//.exec(out)?.[1];
  if (average === undefined) throw new Error(`ping said: ${out}`);
  return Number(average);
}

async function processorSeconds(pids: readonly number[]): Promise<number> {
  const ticks = await Promise.all(
    pids.map(async (pid) => {
      const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
      return Number(fields[11]) + Number(fields[12]);
    }),
  );
  return ticks.reduce((sum, one) => sum + one, 0) / 100;
}
