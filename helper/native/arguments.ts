/**
 * Checks of what a data plane is given, shared by data-plane-linux.ts and data-plane-fake.ts so that both refuse the
 * same. A TypeError names the field, what it was and what was expected; nothing secret stands in it.
 */
import type { ChildSa, DirectionKeys } from '#core/esp/child-sa.ts';
import { MAX_REPLAY_WINDOW } from '#core/esp/replay.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import { parseIp } from '#core/net/address.ts';
import type { DataPlane, EspPath, UdpOptions } from './data-plane.ts';

const U32 = 0xffffffff;
/** RFC 4303 §2.1: SPIs up to 255 are reserved. */
const FIRST_SPI = 256;

const refuse = (field: string, problem: string): never => {
  throw new TypeError(`${field}: ${problem}`);
};

function checkInteger(value: number, field: string, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    refuse(field, `${value} is not an integer from ${least} to ${most}`);
  }
}

export function checkSpi(value: number, field: string): void {
  checkInteger(value, field, FIRST_SPI, U32);
}

export function checkSockets(sockets: readonly UdpOptions[]): void {
  sockets.forEach(({ family, address, port, mark, protocol }, index) => {
    const field = `sockets[${index}]`;
    checkInteger(port, `${field}.port`, 0, protocol === 'esp' ? 0 : 65535);
    if (mark !== undefined) checkInteger(mark, `${field}.mark`, 0, U32);
    if (address !== undefined) checkAddress(address, family, `${field}.address`);
  });
}

function checkAddress(address: string, family: 4 | 6, field: string): void {
  if (parseIp(address)?.length !== (family === 4 ? 4 : 16)) {
    refuse(field, `'${address}' is not an address of IPv${family}`);
  }
}

export function checkPath({ socket, remote, burst = 1 }: EspPath, sockets: DataPlane['sockets']): void {
  const open = sockets[socket] ?? refuse('socket', `${socket} is not the index of an open socket`);
  checkInteger(remote.port, 'remote.port', 1, 65535);
  checkAddress(remote.address, open.family, 'remote.address');
  checkInteger(burst, 'burst', 1, 64);
}

/** Where IKE goes. */
export function checkIkePath(path: EspPath, sockets: DataPlane['sockets']): void {
  checkPath(path, sockets);
  if (sockets[path.socket]?.protocol === 'esp') refuse('socket', `${path.socket} carries ESP only, not IKE`);
}

/** A socket that has a port. */
export function checkUdpSocket(socket: number, sockets: DataPlane['sockets']): void {
  const open = sockets[socket] ?? refuse('socket', `${socket} is not the index of an open socket`);
  if (open.protocol === 'esp') refuse('socket', `${socket} carries ESP only, and has no port`);
}

/** Throws TypeError on impossible values. */
export function checkChild(child: ChildSa): void {
  checkSpi(child.spiIn, 'spiIn');
  checkSpi(child.spiOut, 'spiOut');
  checkProtection(child);
}

/** What the packet functions alone depend on. Throws TypeError. */
export function checkProtection(child: ChildSa): void {
  const { suite, hardLimit, lifetimeSec = 1 } = child;
  checkKeys(child, 'keysIn');
  checkKeys(child, 'keysOut');
  if ((suite.integrity !== undefined) === (suite.encryption.kind === 'aead')) {
    const problem = suite.integrity ? 'carries its own ICV' : 'needs an integrity algorithm';
    refuse('suite.integrity', `${suite.encryption.name} ${problem}`);
  }
  checkInteger(child.replayWindow, 'replayWindow', 0, MAX_REPLAY_WINDOW);
  checkSelectors(child.localTs, 'localTs');
  checkSelectors(child.remoteTs, 'remoteTs');
  if (!(lifetimeSec > 0 && lifetimeSec <= U32))
    refuse('lifetimeSec', `${lifetimeSec} is not a number of seconds above 0, up to ${U32}`);
  for (const limit of ['bytes', 'packets'] as const) {
    const value = hardLimit[limit] ?? 0n;
    if (BigInt.asUintN(64, value) !== value) refuse(`hardLimit.${limit}`, `${value} does not fit 64 bits`);
  }
}

function checkKeys({ suite, ...child }: ChildSa, field: 'keysIn' | 'keysOut'): void {
  const keys: DirectionKeys = child[field];
  const { encryption, integrity } = suite;
  const wanted = {
    encryption: encryption.keyBytes + encryption.saltBytes,
    integrity: integrity?.keyBytes ?? 0,
  };
  for (const part of ['encryption', 'integrity'] as const) {
    if (keys[part].length !== wanted[part]) {
      refuse(`${field}.${part}`, `${keys[part].length} octets, where the suite needs ${wanted[part]}`);
    }
  }
}

function checkSelectors(selectors: readonly TrafficSelector[], field: string): void {
  if (selectors.length === 0) refuse(field, 'empty, so no packet could ever match');
  selectors.forEach(({ protocol, startPort, endPort, start, end }, index) => {
    const at = `${field}[${index}]`;
    checkInteger(protocol, `${at}.protocol`, 0, 255);
    checkInteger(startPort, `${at}.startPort`, 0, 65535);
    checkInteger(endPort, `${at}.endPort`, 0, 65535);
    if ((start.length !== 4 && start.length !== 16) || start.length !== end.length) {
      refuse(at, `start and end are ${start.length} and ${end.length} octets, not addresses of one family`);
    }
  });
}
