/**
 * A real strongSwan, 5.9.8 or 6, on a host of the lab: Debian's charon-systemd with ESP in user space (kernel-libipsec),
 * its own strongswan.conf, swanctl directory and vici socket, so that several run on one machine. Gateway or client.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Host } from './host.ts';
import { type Daemon, until } from './process.ts';
import { type Settings, settingsText } from './settings.ts';
import { STRONGSWAN, type StrongSwanVersion } from './strongswan-versions.ts';
import { Vici, type ViciMessage } from './vici.ts';
import type { World } from './world.ts';

/** What swanctl.conf may hold here; keys as strongSwan spells them. */
export interface SwanctlConfig {
  readonly connections: Settings;
  readonly secrets?: Settings;
  readonly pools?: Settings;
}

export interface StrongSwanChild {
  readonly name: string;
  readonly state: string;
  readonly suite: string;
  readonly spiIn: string;
  readonly spiOut: string;
  readonly encapsulated: boolean;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly localTs: readonly string[];
  readonly remoteTs: readonly string[];
}

interface StrongSwanIke {
  readonly name: string;
  readonly uniqueId: string;
  readonly state: string;
  readonly spiI: string;
  readonly spiR: string;
  readonly suite: string;
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly remoteId: string;
  /** Addresses that this charon gave to the peer. */
  readonly remoteVips: readonly string[];
  readonly localVips: readonly string[];
  readonly children: readonly StrongSwanChild[];
}

/** For certificates and EAP with version 5, version 6 has them anyway; libcharon-extauth-plugins brings eap-mschapv2. */
export const AUTH_PLUGINS: string = `${STRONGSWAN[5].plugins} x509 pubkey pem pkcs1 pkcs8 md5 sha1 sha2 revocation constraints eap-identity eap-mschapv2 eap-md5 eap-tls eap-ttls eap-gtc xauth-generic eap-radius`;

export class StrongSwan implements AsyncDisposable {
  readonly host: Host;
  readonly directory: string;
  #daemon: Daemon;
  readonly #version: StrongSwanVersion;
  readonly #environment: Record<string, string>;
  readonly #preload: string | undefined;

  private constructor(
    host: Host,
    directory: string,
    version: StrongSwanVersion,
    preload: string | undefined,
  ) {
    this.host = host;
    this.directory = directory;
    this.#version = version;
    this.#environment = {
      ...STRONGSWAN[version].environment,
      STRONGSWAN_CONF: join(directory, 'strongswan.conf'),
      SWANCTL_DIR: join(directory, 'swanctl'),
    };
    this.#preload = preload;
    this.#daemon = this.#spawn();
  }

  /** Of charon. */
  get pid(): number {
    return this.#daemon.pid;
  }

  /** Writes the configuration, starts charon on `host`, loads the connections. `charon` adds to strongswan.conf. */
  static async start(
    world: World,
    host: Host,
    options: {
      readonly swanctl: SwanctlConfig;
      /** 5, the default, is Debian 12's; 6 has ML-KEM and several key exchanges (RFC 9370). */
      readonly version?: StrongSwanVersion;
      readonly charon?: Settings;
      /** Settings of single plugins. */
      readonly plugins?: Settings;
      /** Contents by their place in swanctl's folder: `x509/gw.pem`. */
      readonly files?: Readonly<Record<string, string>>;
      /** A shared library that charon is started with (LD_PRELOAD). */
      readonly preload?: string;
    },
  ): Promise<StrongSwan> {
    const { version = 5 } = options;
    const directory = join(world.directory, `strongswan-${host.name}`);
    await mkdir(join(directory, 'swanctl'), { recursive: true });
    for (const [place, content] of Object.entries(options.files ?? {})) {
      await mkdir(dirname(join(directory, 'swanctl', place)), { recursive: true });
      await writeFile(join(directory, 'swanctl', place), content, { mode: 0o600 });
    }
    const filelog = { path: join(directory, 'log'), default: 1, ike: 2, knl: 1, flush_line: true };
    const charon: Settings = {
      load: STRONGSWAN[version].plugins,
      // A lab wants failures now: first resend after 0.5 s, the last one given up after about 4 s.
      retransmit_timeout: 0.5,
      retransmit_tries: 3,
      // Tests open SAs faster than the default bounds of half-open ones per peer allow.
      block_threshold: 0,
      cookie_threshold: 0,
      filelog: { log: filelog },
      ...options.charon,
      plugins: { ...options.plugins, vici: { socket: `unix://${join(directory, 'vici')}` } },
    };
    await writeFile(
      join(directory, 'strongswan.conf'),
      settingsText({
        'charon-systemd': charon,
        swanctl: { load: 'random openssl x509 pubkey pem pkcs1 pkcs8' },
      }),
    );
    const strongswan = new StrongSwan(host, directory, version, options.preload);
    await strongswan.#ready();
    await strongswan.load(options.swanctl);
    return strongswan;
  }

  /** Replaces every connection, pool and secret. */
  async load(config: SwanctlConfig): Promise<void> {
    await this.loadText(settingsText({ ...config }));
  }

  /** The same from the text of a swanctl.conf. */
  async loadText(text: string): Promise<void> {
    await writeFile(join(this.directory, 'swanctl', 'swanctl.conf'), text);
    await this.#loadAll();
  }

  /** What charon says that it is, such as 5.9.8. */
  async version(): Promise<string> {
    using vici = await Vici.connect(join(this.directory, 'vici'));
    return text(await vici.command('version'), 'version');
  }

  /** IKE SAs of this charon, or those of one connection. */
  async sas(connection?: string): Promise<StrongSwanIke[]> {
    using vici = await Vici.connect(join(this.directory, 'vici'));
    const messages = await vici.stream(
      'list-sas',
      'list-sa',
      connection === undefined ? {} : { ike: connection },
    );
    return messages.flatMap((message) =>
      Object.entries(message).map(([name, sa]) => readIke(name, sa as ViciMessage)),
    );
  }

  /** The only SA of `connection`; throws when there is none or more than one. */
  async sa(connection: string): Promise<StrongSwanIke> {
    const sas = await this.sas(connection);
    const [sa] = sas;
    if (sa === undefined || sas.length > 1) throw new Error(`${connection} has ${sas.length} SAs, wanted 1`);
    return sa;
  }

  /** Acts as the client: returns when the Child SA is there, throws charon's reason otherwise. */
  async initiate(child: string, timeoutMs = 10_000): Promise<void> {
    using vici = await Vici.connect(join(this.directory, 'vici'));
    await vici.command('initiate', { child, timeout: String(timeoutMs) });
  }

  /** Deletes by connection (`ike`) or child name; waits for the peer's answer unless `force`. */
  async terminate(what: { ike: string } | { child: string }, force = false): Promise<void> {
    using vici = await Vici.connect(join(this.directory, 'vici'));
    await vici.command('terminate', { ...what, timeout: '10000', ...(force ? { force: 'yes' } : {}) });
  }

  async rekey(what: { ike: string } | { child: string }): Promise<void> {
    using vici = await Vici.connect(join(this.directory, 'vici'));
    await vici.command('rekey', what);
  }

  /** Sends the peers of a connection to another gateway (RFC 5685). */
  async redirect(ike: string, gateway: string): Promise<void> {
    using vici = await Vici.connect(join(this.directory, 'vici'));
    await vici.command('redirect', { ike, gateway });
  }

  async log(): Promise<string> {
    return await readFile(join(this.directory, 'log'), 'utf8').catch(() => '');
  }

  /** Ends charon without a word to its peers. */
  async kill(): Promise<void> {
    await this.#daemon.stop('SIGKILL');
  }

  /** Ends charon; it deletes its SAs first. */
  async stop(): Promise<void> {
    await this.#daemon.stop('SIGTERM', 10_000);
  }

  /** Starts charon again with what was loaded last. */
  async restart(): Promise<void> {
    this.#daemon = this.#spawn();
    await this.#ready();
    await this.#loadAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #spawn(): Daemon {
    const env = { ...this.#environment };
    if (this.#preload !== undefined) env.LD_PRELOAD = this.#preload;
    return this.host.start(STRONGSWAN[this.#version].argv('charon-systemd'), { env });
  }

  async #loadAll(): Promise<void> {
    const swanctl = STRONGSWAN[this.#version].argv('swanctl');
    await this.host.run(
      [...swanctl, '--load-all', '--noprompt', '--uri', `unix://${join(this.directory, 'vici')}`],
      { env: this.#environment },
    );
  }

  async #ready(): Promise<void> {
    await until(
      `charon on ${this.host.name} answers`,
      async () => {
        if (!this.#daemon.running) throw new Error('charon ended');
        using vici = await Vici.connect(join(this.directory, 'vici'));
        return await vici.command('version');
      },
      { context: () => this.#daemon.output },
    );
    if (this.#preload === undefined) return;
    // The dynamic linker only warns of what it cannot load.
    const maps = await readFile(`/proc/${this.pid}/maps`, 'utf8');
    const loaded = maps.includes(basename(this.#preload));
    if (!loaded) throw new Error(`charon on ${this.host.name} runs without ${this.#preload}`);
  }
}

function text(message: ViciMessage, key: string): string {
  const value = message[key];
  return typeof value === 'string' ? value : '';
}

function texts(message: ViciMessage, key: string): readonly string[] {
  const value = message[key];
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

/** Additional key exchanges (RFC 9370), which version 6 lists. */
const ADDITIONAL = ['ake1', 'ake2', 'ake3', 'ake4', 'ake5', 'ake6', 'ake7'];

function suiteText(message: ViciMessage, keys: readonly string[]): string {
  return keys
    .map((key) =>
      [text(message, key), text(message, `${key.replace('-alg', '')}-keysize`)].filter(Boolean).join('_'),
    )
    .filter(Boolean)
    .join('/');
}

function readIke(name: string, sa: ViciMessage): StrongSwanIke {
  const children = (sa['child-sas'] ?? {}) as ViciMessage;
  return {
    name,
    uniqueId: text(sa, 'uniqueid'),
    state: text(sa, 'state'),
    spiI: text(sa, 'initiator-spi'),
    spiR: text(sa, 'responder-spi'),
    suite: suiteText(sa, ['encr-alg', 'integ-alg', 'prf-alg', 'dh-group', ...ADDITIONAL]),
    remoteHost: text(sa, 'remote-host'),
    remotePort: Number(text(sa, 'remote-port')),
    remoteId: text(sa, 'remote-id'),
    remoteVips: texts(sa, 'remote-vips'),
    localVips: texts(sa, 'local-vips'),
    children: Object.values(children).map((child) => readChild(child as ViciMessage)),
  };
}

function readChild(child: ViciMessage): StrongSwanChild {
  return {
    name: text(child, 'name'),
    state: text(child, 'state'),
    suite: suiteText(child, ['encr-alg', 'integ-alg', 'dh-group', ...ADDITIONAL]),
    spiIn: text(child, 'spi-in'),
    spiOut: text(child, 'spi-out'),
    encapsulated: text(child, 'encap') === 'yes',
    bytesIn: Number(text(child, 'bytes-in')),
    bytesOut: Number(text(child, 'bytes-out')),
    packetsIn: Number(text(child, 'packets-in')),
    packetsOut: Number(text(child, 'packets-out')),
    localTs: texts(child, 'local-ts'),
    remoteTs: texts(child, 'remote-ts'),
  };
}
