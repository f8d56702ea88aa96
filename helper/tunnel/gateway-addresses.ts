/**
 * What the names of gateways led to when a tunnel was last connected, on disk: under lockdown no name server is within
 * reach until there is a tunnel. Read and written by dialler.ts.
 */
import { z } from 'zod';
import { formatIp, type IpAddress, parseIp } from '#core/net/address.ts';
import { readText, systemFiles, type Files } from '../effects/files.ts';
import type { Logger } from '../log/log.ts';
import { messageOf } from '../log/log.ts';
import { writeWhole } from '../whole-file.ts';

export interface GatewayAddresses {
  /** Lockdown is on. */
  readonly needed: boolean;
  of(name: string): readonly IpAddress[] | undefined;
  /** A tunnel is connected to one of them, which `name` led to. */
  remember(name: string, addresses: readonly IpAddress[]): void;
}

/** The names that were used last. */
const MOST_NAMES = 256;
const MOST_ADDRESSES = 8;

const fileSchema = z.array(
  z.tuple([
    z.string().max(255),
    z
      .array(z.string().refine((text) => parseIp(text) !== undefined))
      .min(1)
      .max(MOST_ADDRESSES),
  ]),
);

/** A file that cannot be read or written costs only what it remembers. */
export function gatewayAddresses(
  path: string,
  isNeeded: () => boolean,
  log: Pick<Logger, 'warn'>,
  files: Files = systemFiles,
): GatewayAddresses {
  let known = read();

  function read(): Map<string, readonly string[]> {
    try {
      const text = readText(files, path);
      return new Map(text === undefined ? [] : fileSchema.parse(JSON.parse(text)));
    } catch (error) {
      log.warn(`${path} cannot be read: ${messageOf(error)}`);
      return new Map();
    }
  }

  return {
    get needed() {
      return isNeeded();
    },
    of: (name) => known.get(name)?.flatMap((text) => parseIp(text) ?? []),
    remember(name, addresses) {
      const texts = addresses.slice(0, MOST_ADDRESSES).map(formatIp);
      if (texts.length === 0 || String(known.get(name)) === String(texts)) return;
      const others = [...known].filter(([each]) => each !== name);
      known = new Map([...others, [name, texts] as const].slice(-MOST_NAMES));
      try {
        writeWhole(path, JSON.stringify([...known]), files);
      } catch (error) {
        log.warn(`${path} cannot be written: ${messageOf(error)}`);
      }
    },
  };
}
