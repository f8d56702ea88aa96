/**
 * NativePlatform over the addon build/native/adit.node: checks what it is given before C++ sees it, so that a mistake
 * becomes a sentence that names the field. helper/ opens it at start; scripts/build-native.sh makes the addon.
 */
import { closeSync } from 'node:fs';
import type { ChildSa } from '#core/esp/child-sa.ts';
import type { EspCodec, Expiry } from '#core/esp/sa.ts';
import { ADDON_PATH, loadAddon } from './addon.ts';
import {
  checkChild,
  checkIkePath,
  checkPath,
  checkProtection,
  checkSockets,
  checkSpi,
  checkUdpSocket,
} from './arguments.ts';
import type {
  DataPlane,
  DataPlaneEvents,
  EspPath,
  IkeDatagram,
  NativePlatform,
  PacketPath,
  Tun,
  UdpOptions,
} from './data-plane.ts';

/** ChildSa with the suite as IANA's numbers: what napi_sa.cc reads. Arrays of keys are passed as they are, never copied. */
interface FlatChild extends Omit<ChildSa, 'suite' | 'mode' | 'encapsulation' | 'hardLimit' | 'lifetimeSec'> {
  readonly encryptionId: number;
  readonly encryptionName: string;
  readonly integrityId: number | undefined;
  readonly integrityName: string | undefined;
  readonly esn: boolean;
  readonly byteLimit: bigint | undefined;
  readonly packetLimit: bigint | undefined;
  readonly lifetimeMs: bigint | undefined;
}

type AddonEvent =
  | ({ readonly type: 'ike' } & IkeDatagram)
  | { readonly type: 'expired'; readonly spiIn: number; readonly reason: Expiry }
  | { readonly type: 'unreachable' | 'unanswered'; readonly address: string }
  | { readonly type: 'fatal'; readonly what: string };

interface AddonDataPlane extends Omit<DataPlane, 'sendIke' | 'installChild' | 'renewPort'> {
  /** Fewer than `most` when there are no more; `wake` comes with the next one then. Empty once it is closed. */
  takeEvents(most: number): readonly AddonEvent[];
  sendIke(socket: number, remote: EspPath['remote'], bytes: Uint8Array, keepalive: boolean): void;
  installChild(child: FlatChild, path: EspPath, standby: boolean): void;
  /** Returns the new port. */
  renewPort(socket: number): number;
}

interface Addon {
  openTun(name: string): Tun;
  openDataPlane(options: {
    readonly tun: number;
    readonly sockets: readonly UdpOptions[];
    readonly wake: () => void;
  }): AddonDataPlane;
  openEspCodec(child: FlatChild): NativeEspCodec;
  openPacketPath(child: FlatChild, older: FlatChild | undefined): PacketPath;
  peerCredentials(fd: number): { pid: number; uid: number; gid: number };
}

/** An SA that is faster with many packets. */
export interface NativeEspCodec extends EspCodec {
  /** Each as `inbound` would have it, up to 64, which came in one piece. */
  inboundTogether(esp: readonly Uint8Array[]): ReturnType<EspCodec['inbound']>[];
}

/** What only the addon has, and only tests need. */
export interface LinuxPlatform extends NativePlatform {
  openEspCodec(child: ChildSa): NativeEspCodec;
  /**
   * One SA with segmentation and coalescing around it, as a data plane has them: for the comparison with core/esp. `older`:
   * beside another one, which carries what it cannot.
   */
  openPacketPath(child: ChildSa, older?: ChildSa): PacketPath;
}

/** Loads the addon. Throws Error with the remedy where it is not built or was built for another runtime. */
export function linuxPlatform(path: string = ADDON_PATH): LinuxPlatform {
  const addon = loadAddon<Addon>(path);
  return {
    openTun: (name) => addon.openTun(name),
    peerCredentials: (fd) => addon.peerCredentials(fd),
    openEspCodec(child) {
      checkProtection(child);
      return addon.openEspCodec(flatten(child));
    },
    openPacketPath(child, older) {
      checkProtection(child);
      return addon.openPacketPath(flatten(child), older && flatten(older));
    },
    openDataPlane({ tun, sockets, events }) {
      try {
        checkSockets(sockets);
      } catch (error) {
        closeSync(tun.fd); // it is ours, also where we refuse
        throw error;
      }
      const listener: Listener = { events };
      const plane = addon.openDataPlane({ tun: tun.fd, sockets, wake: () => drain(plane, listener) });
      return wrap(plane, listener);
    },
  };
}

/** Events between two turns of the event loop: a flood of them must not keep timers and other sockets waiting. */
const EVENTS_PER_TURN = 64;

/** Nobody listens any more once the data plane is closed, not even to what was taken already. */
interface Listener {
  events: DataPlaneEvents | undefined;
}

function drain(plane: AddonDataPlane, listener: Listener): void {
  const taken = plane.takeEvents(EVENTS_PER_TURN);
  if (taken.length === EVENTS_PER_TURN) setImmediate(drain, plane, listener);
  for (const event of taken) {
    try {
      if (listener.events) tell(event, listener.events);
    } catch (error) {
      // An uncaught exception of whoever listens; the events behind it arrive all the same.
      setImmediate(() => {
        throw error;
      });
    }
  }
}

function tell(event: AddonEvent, events: DataPlaneEvents): void {
  switch (event.type) {
    case 'ike': {
      const { socket, remote, local, bytes } = event;
      events.onIke({ socket, remote, local, bytes });
      break;
    }
    case 'expired':
      events.onExpired(event.spiIn, event.reason);
      break;
    case 'unreachable':
      events.onUnreachable?.(event.address);
      break;
    case 'unanswered':
      events.onUnanswered?.(event.address);
      break;
    case 'fatal':
      events.onFatal(event.what);
      break;
  }
}

function wrap(plane: AddonDataPlane, listener: Listener): DataPlane {
  let { sockets } = plane;
  return {
    get sockets() {
      return sockets;
    },
    features: plane.features,
    sendIke(socket, remote, bytes, options) {
      checkIkePath({ socket, remote }, sockets);
      plane.sendIke(socket, remote, bytes, options?.keepalive ?? false);
    },
    installChild(child, path, options) {
      checkChild(child);
      checkPath(path, sockets);
      plane.installChild(flatten(child), path, options?.standby ?? false);
    },
    removeChild(spiIn) {
      checkSpi(spiIn, 'spiIn');
      plane.removeChild(spiIn);
    },
    retireOutbound(spiIn) {
      checkSpi(spiIn, 'spiIn');
      plane.retireOutbound(spiIn);
    },
    setPath(spiIn, path) {
      checkSpi(spiIn, 'spiIn');
      checkPath(path, sockets);
      plane.setPath(spiIn, path);
    },
    renewPort(socket) {
      checkUdpSocket(socket, sockets);
      const port = plane.renewPort(socket);
      sockets = sockets.map((open, at) => (at === socket ? { ...open, port } : open));
    },
    stats: () => plane.stats(),
    close() {
      listener.events = undefined;
      plane.close();
    },
  };
}

function flatten(child: ChildSa): FlatChild {
  const { spiIn, spiOut, keysIn, keysOut, replayWindow, localTs, remoteTs, suite, hardLimit, lifetimeSec } =
    child;
  return {
    spiIn,
    spiOut,
    keysIn,
    keysOut,
    replayWindow,
    localTs,
    remoteTs,
    encryptionId: suite.encryption.id,
    encryptionName: suite.encryption.name,
    integrityId: suite.integrity?.id,
    integrityName: suite.integrity?.name,
    esn: suite.esn,
    byteLimit: hardLimit.bytes,
    packetLimit: hardLimit.packets,
    lifetimeMs: lifetimeSec === undefined ? undefined : BigInt(Math.round(lifetimeSec * 1000)),
  };
}
