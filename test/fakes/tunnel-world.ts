/**
 * A machine for one tunnel manager, in virtual time: the fake platform with its ESP and UDP, effects that only remember,
 * and gateways made of the engine's responder with the same data plane. A datagram takes 5 ms, and so does a gateway to
 * answer it; nothing is lost unless a test says so.
 */
import { join } from 'node:path';
import { createConnection } from '#core/ikev2/connection.ts';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import { peekHeader } from '#core/ikev2/message.ts';
import { notify } from '#core/ikev2/payload-access.ts';
import { refuseInClear } from '#core/ikev2/seal.ts';
import { formatIp, parseIp } from '#core/net/address.ts';
import type { Path } from '#core/net/address.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { FakeClock } from '#helper/clock-fake.ts';
import { Driver } from '#helper/driver.ts';
import { NetworkUnreachable } from '#helper/effects/effects.ts';
import { FakeEffects } from '#helper/effects/fake.ts';
import { FakeNetworkWatch } from '#helper/effects/network-watch/network-watch-fake.ts';
import { JournalFile } from '#helper/effects/journal-file.ts';
import { Log } from '#helper/log/log.ts';
import { FakePlatform } from '#helper/native/data-plane-fake.ts';
import type { FakeTun } from '#helper/native/data-plane-fake.ts';
import type { Connection } from '#core/ikev2/connection-types.ts';
import type { DataPlane, DataPlaneOptions, UdpOptions } from '#helper/native/data-plane.ts';
import { type FakeDatagram, FakeNetwork } from '#helper/native/fake-network.ts';
import { memoryCache } from '#helper/pki/revocation-cache.ts';
import { systemAnchors } from '#helper/pki/trust.ts';
import { nodePkiCrypto } from '#helper/pki/verifier.ts';
import type { ProfileStore } from '#helper/profile-store.ts';
import type { StoredProfile } from '#helper/stored-profile.ts';
import type { Secret } from '#helper/secret.ts';
import type { TunnelPlatform } from '#helper/tunnel/carrier.ts';
import type { Resolver } from '#helper/tunnel/candidates.ts';
import { gatewayAddresses } from '#helper/tunnel/gateway-addresses.ts';
import { Lockdown } from '#helper/lockdown/lockdown.ts';
import { FakeLockdown } from '#helper/effects/lockdown/fake.ts';
import * as certified from '#helper/tunnel/certified.ts';
import { type ManagerDeps, TunnelManager } from '#helper/tunnel-manager.ts';
import type { Typed } from '#helper/tunnel/person.ts';
import { ASSIGNED, responderConfig } from '#test/harness/ikev2-pair.ts';
import type { ResponderOverrides } from '#test/harness/ikev2-pair.ts';
import { ipv4Udp } from '#test/harness/ip-packets.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';
import { entryNamed } from './profiles.ts';
import { temporaryDirectory } from './temporary.ts';

const DELAY_MS = 5;
const OURS = ['192.0.2.2', '2001:db8::2'] as const;
/** Inside what responderConfig protects. */
const INNER_SERVER = '10.1.0.1';
const VIRTUAL_IP = formatIp(ASSIGNED.addresses[0]?.address ?? new Uint8Array(4));

/** The engine's responder and a data plane at one address. */
export class Gateway {
  /** For peers that come from now on. */
  config: ResponderOverrides;
  readonly #clock: FakeClock;
  readonly #random = seededRandom(7);
  readonly #drivers = new Map<string, Driver>();
  readonly #platform: FakePlatform;
  readonly #plane: DataPlane;
  readonly #lines = new Map<Connection, { readonly driver: Driver; readonly children: Set<number> }>();
  readonly #forgotten = new Set<string>();
  /** Takes and says nothing while true; its packets still travel. */
  silent = false;
  /** Says INVALID_IKE_SPI to peers that it does not know any more. */
  disowns = false;
  /** Hears nothing of peers that it does not know. */
  refuseNew = false;

  constructor(address: string, config: ResponderOverrides, clock: FakeClock, network: FakeNetwork) {
    this.config = config;
    this.#clock = clock;
    this.#platform = new FakePlatform({
      network,
      addresses: [address],
      random: this.#random.bytes,
      setTimer: (ms, callback) => clock.setTimer(clock.now() + ms, callback),
    });
    const family = address.includes(':') ? 6 : 4;
    this.#plane = this.#platform.openDataPlane({
      tun: this.#platform.openTun('gw0'),
      sockets: [
        { family, port: 500 },
        { family, port: 4500 },
        { family, port: 0, protocol: 'esp' },
      ],
      events: {
        onIke: ({ bytes, local, remote }) => {
          clock.setTimer(clock.now() + DELAY_MS, () => this.#receive(bytes, { local, remote }));
        },
        onExpired: () => undefined,
        onFatal: () => undefined,
      },
    });
  }

  get tun(): FakeTun {
    return this.#platform.tuns[0] as FakeTun;
  }

  /** Says goodbye to every peer. */
  deleteAll(): void {
    for (const driver of this.#drivers.values()) driver.delete();
  }

  /** Deletes every Child SA, and makes another one `ms` later, as charon does where life_time comes first. */
  replaceChildren(ms: number): void {
    for (const [connection, { driver, children }] of this.#lines) {
      for (const spiIn of children) driver.delete(spiIn);
      this.#clock.setTimer(this.#clock.now() + ms, () => {
        connection.createChild(this.#clock.now(), responderConfig(this.#random, this.config).child);
        driver.checkLiveness(); // which lets the driver look
      });
    }
  }

  /** New keys for every Child SA, begun by this side. */
  rekeyChildren(): void {
    for (const { driver, children } of this.#lines.values()) {
      for (const spiIn of children) driver.rekey({ spiIn });
    }
  }

  /** Starts again after stop(), knowing nobody. */
  restart(): void {
    this.silent = false;
  }

  /** Forgets every peer without a word. */
  stop(): void {
    this.silent = true;
    for (const driver of this.#drivers.values()) driver.abandon();
    for (const spiI of this.#drivers.keys()) this.#forgotten.add(spiI);
  }

  /** Child SAs that it has. */
  get sas(): number {
    return this.#plane.stats().children.length;
  }

  /** Engines that were made for clients so far. */
  get peers(): number {
    return this.#drivers.size;
  }

  #receive(bytes: Uint8Array, path: Path): void {
    if (this.silent) return;
    const spiI = Buffer.from(bytes.subarray(0, 8)).toString('hex');
    if (this.refuseNew && !this.#drivers.has(spiI)) return;
    const header = peekHeader(bytes);
    if (this.disowns && header && this.#forgotten.has(spiI)) {
      const hint = refuseInClear(header, notify(NotifyType.INVALID_IKE_SPI));
      this.#plane.sendIke(path.local.port === 4500 ? 1 : 0, path.remote, hint);
      return;
    }
    const driver = this.#drivers.get(spiI) ?? this.#newDriver();
    this.#drivers.set(spiI, driver);
    driver.receive(bytes, path);
  }

  #newDriver(): Driver {
    let current: Path | undefined;
    const socketOf = (path: Path): number => (path.local.port === 4500 ? 1 : 0);
    const connection = createConnection(responderConfig(this.#random, this.config));
    const children = new Set<number>();
    const driver = new Driver({
      connection,
      clock: this.#clock,
      send: ({ path, bytes, keepalive }) => {
        if (!this.silent) {
          this.#plane.sendIke(socketOf(path), path.remote, bytes, { keepalive: keepalive === true });
        }
      },
      onEvent: (event) => {
        if (event.type === 'path') current = event.path;
        if (event.type === 'child-removed') {
          this.#plane.removeChild(event.spiIn);
          children.delete(event.spiIn);
        }
        if (event.type === 'child-installed' && current) {
          const { child, standby } = event;
          const socket = child.encapsulation === 'udp' ? socketOf(current) : 2;
          const path = { socket, remote: current.remote };
          this.#plane.installChild(child, path, { standby: standby ?? false });
          children.add(child.spiIn);
        }
      },
      onFault: (error) => {
        throw error;
      },
    });
    this.#lines.set(connection, { driver, children });
    return driver;
  }
}

export class TunnelWorld implements TunnelPlatform {
  readonly clock = new FakeClock();
  readonly log = new Log(this.clock, []);
  readonly effects = new FakeEffects();
  readonly watch = new FakeNetworkWatch();
  readonly stateDir = temporaryDirectory();
  readonly journal = JournalFile.open(this.stateDir).journal;
  /** Datagrams that vanish on the way. */
  swallows: (datagram: FakeDatagram) => boolean = () => false;
  readonly network = new FakeNetwork({
    fault: (datagram) => (this.swallows(datagram) ? 'drop' : 'pass'),
    wake: (deliver) => void this.clock.setTimer(this.clock.now() + DELAY_MS, deliver),
  });
  readonly profiles = new Map<string, StoredProfile>();
  /** What the resolver knows. */
  readonly names = new Map<string, readonly string[]>();
  /** What the servers know that the system has without a tunnel. */
  readonly namesOutside = new Map<string, readonly string[]>();
  /** Thrown by a step of the platform, by name. */
  readonly refusals = new Map<'openTun' | 'openDataPlane' | 'installChild', Error>();
  /** The options of every data plane that was asked for, and the keys that each was given. */
  readonly opened: DataPlaneOptions[] = [];
  readonly planes: DataPlane[] = [];
  readonly keys: Uint8Array[] = [];
  readonly tunnels: TunnelManager;
  readonly #platform = new FakePlatform({
    network: this.network,
    addresses: OURS,
    random: seededRandom(2).bytes,
    setTimer: (ms, callback) => this.clock.setTimer(this.clock.now() + ms, callback),
  });
  /** There is no route to anybody. */
  offline = false;
  /** Our addresses as the routes have them; datagrams keep the first ones. */
  ours: readonly [string, string] = OURS;
  /** Of the way to every gateway. */
  outerMtu = 1500;
  /** Passwords that gateways have changed. */
  readonly keptPasswords = new Map<string, Secret>();
  /** What people typed and wanted to be remembered, by profile. */
  readonly remembered = new Map<string, Typed>();
  readonly #gateways: Gateway[] = [];

  /** Addresses where a machine says that nobody listens. */
  readonly closed = new Set<string>();
  readonly resolver: Resolver = {
    lookup: (name) => {
      const found = this.names.get(name);
      return found ? Promise.resolve(found) : Promise.reject(new Error(`getaddrinfo ENOTFOUND ${name}`));
    },
    asNow: () => ({
      lookup: (name) => {
        const found = this.namesOutside.get(name);
        return found ? Promise.resolve(found) : Promise.reject(new Error(`queryA ENOTFOUND ${name}`));
      },
    }),
  };

  readonly lockdownEffect = new FakeLockdown();
  readonly lockdown = new Lockdown({
    stateDir: this.stateDir,
    effect: this.lockdownEffect,
    clock: this.clock,
    log: this.log.logger('lockdown'),
  });

  /** `store` says which profiles a viewer sees; by default everybody sees all of `profiles`. */
  constructor(change: Partial<ManagerDeps> = {}, store?: Pick<ProfileStore, 'get'>) {
    const { routes } = this.effects;
    const sourceFor = routes.sourceFor.bind(routes);
    routes.sourceFor = (remote, mark) => {
      if (this.offline) {
        return Promise.reject(
          new NetworkUnreachable('There is no route', 'Network is unreachable', 'Connect'),
        );
      }
      const own = this.ours[remote.length === 4 ? 0 : 1];
      this.effects.source = { address: parseIp(own) ?? remote, mtu: this.outerMtu, dev: 'eth0' };
      return sourceFor(remote, mark);
    };
    this.tunnels = new TunnelManager(store ?? { get: (id) => this.profiles.get(id) }, {
      platform: this,
      effects: this.effects,
      journal: this.journal,
      clock: this.clock,
      network: this.watch,
      resolver: this.resolver,
      gatewayAddresses: gatewayAddresses(
        join(this.stateDir, 'gateways.json'),
        () => this.lockdown.isOn,
        this.log.logger('tunnel'),
      ),
      passage: (tun) => this.lockdown.passage(tun),
      isPortClosed: (address) => Promise.resolve(this.closed.has(address)),
      createConnection,
      random: seededRandom(1).bytes,
      certified: () => Promise.resolve(certified),
      trust: {
        service: {
          crypto: nodePkiCrypto,
          clock: this.clock,
          fetcher: { fetch: () => Promise.resolve({ failed: 'there is no network here' }) },
          cache: memoryCache(),
        },
        system: systemAnchors(() => []),
      },
      keepPassword: (id, password) => this.keptPasswords.set(id, password),
      remember: (id, typed) => this.remembered.set(id, typed),
      log: this.log.logger('tunnel'),
      ...change,
    });
  }

  openTun(name: string) {
    this.#refuse('openTun');
    return this.#platform.openTun(name);
  }

  openDataPlane(options: DataPlaneOptions): DataPlane {
    if (this.refusals.has('openDataPlane')) {
      // By contract the adapter goes with a data plane that does not open.
      this.#platform.openDataPlane({ ...options, sockets: [{ family: 4, port: 0 }] }).close();
      this.#refuse('openDataPlane');
    }
    const plane = this.#platform.openDataPlane(options);
    this.opened.push(options);
    this.planes.push(plane);
    const install = plane.installChild.bind(plane);
    plane.installChild = (child, path, how) => {
      this.#refuse('installChild');
      this.keys.push(child.keysIn.encryption, child.keysOut.encryption);
      install(child, path, how);
    };
    return plane;
  }

  /** A gateway that answers at `address`. */
  gateway(address: string, config: ResponderOverrides = {}): Gateway {
    const gateway = new Gateway(address, config, this.clock, this.network);
    this.#gateways.push(gateway);
    return gateway;
  }

  /** A stored profile under `id`. */
  profile(id: string, change: Partial<Omit<StoredProfile, 'id'>> = {}): StoredProfile {
    const stored = { ...entryNamed(id, change), id };
    this.profiles.set(id, stored);
    return stored;
  }

  status(id: string): TunnelStatus | undefined {
    return this.tunnels.status({ uid: 0, admin: true }).tunnels.find(({ profile }) => profile.id === id);
  }

  /** Adapters that exist. */
  get tuns(): readonly FakeTun[] {
    return this.#platform.tuns;
  }

  /** The sockets of the last data plane. */
  get sockets(): readonly UdpOptions[] {
    return this.opened.at(-1)?.sockets ?? [];
  }

  /** A packet from our virtual address to the inner server. */
  send(payload = new Uint8Array(100)): void {
    this.tuns[0]?.send(ipv4Udp({ source: VIRTUAL_IP, destination: INNER_SERVER, payload }));
  }

  /** Timers that are ours and not a gateway's. Gateways are stopped for it. */
  ownTimers(): number {
    for (const gateway of this.#gateways) gateway.stop();
    return this.clock.pending;
  }

  #refuse(step: 'openTun' | 'openDataPlane' | 'installChild'): void {
    const refusal = this.refusals.get(step);
    if (refusal) throw refusal;
  }
}

/** A packet from the inner server to the client's virtual address, into the gateway. */
export function reply(gateway: Gateway, payload = new Uint8Array(100)): void {
  gateway.tun.send(ipv4Udp({ source: INNER_SERVER, destination: VIRTUAL_IP, payload }));
}
