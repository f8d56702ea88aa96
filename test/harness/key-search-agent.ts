/**
 * Runs on a host of the lab, as root: puts SAs into a native data plane, carries packets with them, takes them out, and
 * looks for their keys in the memory of its own process (/proc/self/mem). Prints KeySearch as JSON.
 * test/system/key-wiping.test.ts calls it with the ESP keywords as arguments.
 */
import { randomFillSync } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { openSync, readFileSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { linuxPlatform } from '#helper/native/data-plane-linux.ts';
import { run } from './process.ts';
import { selector, suite } from './esp-children.ts';

/** How often each key stood in memory beside the copy that the agent itself keeps. */
export interface KeySearch {
  readonly esp: string;
  readonly part: 'encryption' | 'integrity';
  readonly before: number;
  readonly installed: number;
  readonly removed: number;
  /** After an SA with these keys had met its limit of time, while it was still installed and JavaScript busy. */
  readonly ended: number;
  /** Packets that the SA had sealed before it was removed. */
  readonly packetsOut: number;
}

const CHUNK = 1 << 20;
/** A key that lies across two chunks is found, too. */
const OVERLAP = 64;
/** Of an AES key: the schedule of the inverse cipher has no more of a long key as it was. */
const SOUGHT = 16;
const chunk = Buffer.alloc(CHUNK);
const memory = openSync('/proc/self/mem', 'r');

/** How often each of the keys stands in memory that this process may write. */
function occurrences(keys: readonly Uint8Array[]): number[] {
  const found = keys.map(() => 0);
  for (const line of readFileSync('/proc/self/maps', 'latin1').split('\n')) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    if (!range) continue;
    const [start, end] = [BigInt(`0x${range[1]}`), BigInt(`0x${range[2]}`)];
    for (let at = start; at < end; at += BigInt(CHUNK - OVERLAP)) {
      const last = at + BigInt(CHUNK) >= end;
      const bytes = readAt(at, last ? Number(end - at) : CHUNK);
      for (const [index, key] of keys.entries()) {
        for (let hit = chunk.indexOf(key); hit >= 0 && hit < bytes; hit = chunk.indexOf(key, hit + 1)) {
          if (last || hit < CHUNK - OVERLAP) found[index] = (found[index] ?? 0) + 1;
        }
      }
      chunk.fill(0); // or else it would be found here
      if (last) break;
    }
  }
  return found;
}

/** 0 where the mapping is one that cannot be read. */
function readAt(position: bigint, length: number): number {
  try {
    return readSync(memory, chunk, 0, length, position);
  } catch {
    return 0;
  }
}

/** Outside of V8's heap, whose collector copies what lies in it. */
const offHeap = (bytes: number): Uint8Array => new Uint8Array(new ArrayBuffer(4096), 0, bytes);

const platform = linuxPlatform(process.env.ADIT_NATIVE);
const tun = platform.openTun('adit%d');
const plane = platform.openDataPlane({
  tun,
  sockets: [{ family: 4, port: 0 }],
  events: { onIke: () => undefined, onExpired: () => undefined, onFatal: () => undefined },
});
await run(['ip', 'addr', 'add', '10.9.0.1', 'peer', '10.9.0.2', 'dev', tun.name]);
await run(['ip', 'link', 'set', tun.name, 'up']);
const user = createSocket('udp4');
const path = { socket: 0, remote: { address: '127.0.0.1', port: 9 } };
const everything = [selector('0.0.0.0/0'), selector('::/0')];

async function search(esp: string, spi: number): Promise<KeySearch[]> {
  const chosen = suite(esp);
  const { encryption, integrity } = chosen;
  const keys = () => ({
    encryption: randomFillSync(offHeap(encryption.keyBytes + encryption.saltBytes)),
    integrity: randomFillSync(offHeap(integrity?.keyBytes ?? 0)),
  });
  const [keysIn, keysOut] = [keys(), keys()];
  const parts = (['encryption', 'integrity'] as const).flatMap((part) =>
    [keysIn, keysOut]
      .map((one) =>
        one[part].subarray(0, part === 'encryption' ? Math.min(encryption.keyBytes, SOUGHT) : undefined),
      )
      .filter((key) => key.length > 0)
      .map((key) => ({ part, key })),
  );
  const count = () => occurrences(parts.map(({ key }) => key)).map((times) => times - 1);
  const before = count();
  const install = (lifetime: { readonly lifetimeSec?: number }): void =>
    plane.installChild(
      {
        spiIn: spi,
        spiOut: spi,
        mode: 'tunnel',
        suite: chosen,
        keysIn,
        keysOut,
        replayWindow: 64,
        localTs: everything,
        remoteTs: everything,
        encapsulation: 'udp',
        hardLimit: {},
        ...lifetime,
      },
      path,
    );
  install({});
  const packetsOut = () => Number(plane.stats().children[0]?.packetsOut ?? 0n);
  for (let i = 0; i < 200 && packetsOut() < 5; i++) {
    user.send('a packet to seal', 9, '10.9.0.2');
    await sleep(10);
  }
  const carried = packetsOut();
  const installed = count();
  plane.removeChild(spi);
  const removed = count();
  install({ lifetimeSec: 0.02 });
  // Without a turn of the event loop; on a busy machine the data plane's thread may be late.
  const patience = performance.now() + 5_000;
  let ended = count();
  while (ended.some((times) => times > 0) && performance.now() < patience) ended = count();
  if (plane.stats().children.length !== 1) throw new Error('the SA is not there any more');
  plane.removeChild(spi);
  return parts.map(({ part }, at) => ({
    esp,
    part,
    before: before[at] ?? NaN,
    installed: installed[at] ?? NaN,
    removed: removed[at] ?? NaN,
    ended: ended[at] ?? NaN,
    packetsOut: carried,
  }));
}

const results: KeySearch[] = [];
for (const [at, esp] of process.argv.slice(2).entries()) results.push(...(await search(esp, 0x100 + at)));
process.stdout.write(JSON.stringify(results));
user.close();
plane.close();
process.exit(0);
