/**
 * The files that effects read and change: calls of node:fs as an interface, so that a test can stop at each of them,
 * and the places where Linux keeps them, so that a test can have its own.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { FileCalls } from '../whole-file.ts';

export type Files = FileCalls &
  Pick<
    typeof fs,
    | 'readFileSync'
    | 'readdirSync'
    | 'lstatSync'
    | 'readlinkSync'
    | 'symlinkSync'
    | 'fchmodSync'
    | 'fchownSync'
    | 'ftruncateSync'
  >;

export const systemFiles: Files = fs;

export interface SystemPaths {
  /** The helper's own directory, 0700. */
  readonly stateDir: string;
  readonly procSys: string;
  readonly resolvConf: string;
  readonly nsswitch: string;
  /** Socket that systemd-resolved listens on while it runs. */
  readonly resolvedSocket: string;
  readonly tunDevice: string;
  /** Status of this process, for its capabilities. */
  readonly selfStatus: string;
}

export function linuxPaths(stateDir: string): SystemPaths {
  return {
    stateDir,
    procSys: '/proc/sys',
    resolvConf: '/etc/resolv.conf',
    nsswitch: '/etc/nsswitch.conf',
    resolvedSocket: '/run/systemd/resolve/io.systemd.Resolve',
    tunDevice: '/dev/net/tun',
    selfStatus: '/proc/self/status',
  };
}

export const exists = (files: Files, path: string): boolean =>
  files.lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** The text of a file, or undefined where there is none (or a directory on the way is missing). */
export function readText(files: Files, path: string): string | undefined {
  return readOctets(files, path)?.toString('utf8');
}

export function readOctets(files: Files, path: string): Buffer | undefined {
  try {
    return files.readFileSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error))) return undefined;
    throw error;
  }
}

export const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** IPv6 as an adapter has it: by sysctl switched off, or not in the kernel (or its MTU is below 1280). */
export function adapterIpv6(files: Files, paths: SystemPaths, tun: string): 'on' | 'disabled' | 'absent' {
  const value = readText(files, join(paths.procSys, 'net/ipv6/conf', tun, 'disable_ipv6'));
  if (value === undefined) return 'absent';
  return value.trim() === '0' ? 'on' : 'disabled';
}
