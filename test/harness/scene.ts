/**
 * The scene of the interop tests: the standard lab with a strongSwan gateway, Adit's helper on the client, a server
 * behind the gateway and a user beside Adit. checks.ts says what every connection must stand.
 */
import type { TunnelStatus } from '#core/ipc/contract.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { Adit, type AditOptions } from './adit.ts';
import { gatewayAddress, LAB, Lab, POOLS } from './lab.ts';
import type { Settings } from './settings.ts';
import { snapshot, type Snapshot } from './snapshot.ts';
import { StrongSwan, type StrongSwanChild } from './strongswan.ts';
import type { StrongSwanVersion } from './strongswan-versions.ts';
import { Traffic } from './traffic.ts';

export const PSK = 'correct horse battery staple';
export const CLIENT_ID = 'client.lab';
export const GATEWAY_ID = 'gw.lab';

/** One connection of the gateway and the profile that fits it. Everything absent takes both sides' defaults. */
export interface Way {
  readonly name: string;
  readonly ike?: string;
  readonly esp?: string;
  /** Inner networks of the gateway's selector; default the IPv4 one. */
  readonly inner?: readonly string[];
  readonly pools?: readonly string[];
  /** Our identity. INITIAL_CONTACT ends other SAs of the same two identities: tunnels at once need one each. */
  readonly clientId?: string;
  /** Where the gateway listens; default an IPv4 address of this connection's own. */
  readonly address?: string;
  /** More settings of the gateway's connection. */
  readonly gateway?: Settings;
  /** What the profile says otherwise. */
  readonly profile?: Partial<ProfileInput>;
}

export interface SceneOptions {
  readonly ways: readonly Way[];
  /** Which strongSwan the gateway is: 6 for ML-KEM (strongswan-versions.ts). */
  readonly strongSwan?: StrongSwanVersion;
  readonly charon?: Settings;
  /** Settings of single plugins of charon's. */
  readonly plugins?: Settings;
  readonly adit?: AditOptions;
  /** Pools beside those of lab.ts. */
  readonly pools?: Settings;
  /** Secrets of the gateway's beside the key of all, and files in its swanctl folder: certificates, keys. */
  readonly secrets?: Settings;
  readonly files?: Readonly<Record<string, string>>;
}

/** One Child SA, counted at both of its ends. */
interface Counters {
  readonly here: TunnelStatus['children'][number];
  readonly there: StrongSwanChild;
}

/** Where the helper keeps its socket: its own business, not the tunnel's. */
const OWN_PATHS = ['/run/adit'];

export class Scene implements AsyncDisposable {
  readonly lab: Lab;
  readonly ways: readonly Way[];
  readonly gateway: StrongSwan;
  readonly adit: Adit;
  readonly server: Traffic;
  readonly user: Traffic;
  /** The client before the helper ever ran there. */
  readonly untouched: Snapshot;

  private constructor(lab: Lab, ways: readonly Way[], gateway: StrongSwan, adit: Adit, untouched: Snapshot) {
    this.lab = lab;
    this.ways = ways;
    this.gateway = gateway;
    this.adit = adit;
    this.untouched = untouched;
    this.server = Traffic.on(lab.gateway);
    this.user = Traffic.on(lab.client);
  }

  static async create(options: SceneOptions): Promise<Scene> {
    const lab = await Lab.create({ gatewayAddresses: options.ways.length });
    try {
      const connections = Object.fromEntries(
        options.ways.map((way, at) => [way.name, gatewayConnection(way, at)]),
      );
      const secrets = { 'ike-any': { secret: PSK }, ...options.secrets };
      const gateway = await StrongSwan.start(lab.world, lab.gateway, {
        swanctl: { connections, pools: { ...POOLS, ...options.pools }, secrets },
        ...(options.strongSwan === undefined ? {} : { version: options.strongSwan }),
        ...(options.charon === undefined ? {} : { charon: options.charon }),
        ...(options.plugins === undefined ? {} : { plugins: options.plugins }),
        ...(options.files === undefined ? {} : { files: options.files }),
      });
      const untouched = await snapshot(lab.client);
      const adit = await Adit.start(lab.world, lab.client, options.adit);
      return new Scene(lab, options.ways, gateway, adit, untouched);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The profile that fits a way. `changes` replace whole top-level keys. */
  profile(name: string, changes: Partial<ProfileInput> = {}): ProfileInput {
    const at = this.ways.findIndex((way) => way.name === name);
    const way = this.ways[at];
    if (way === undefined) throw new Error(`this scene has no way called ${name}`);
    return {
      format: 'adit-profile',
      version: 1,
      name,
      gateway: { addresses: [way.address ?? gatewayAddress(at)], id: GATEWAY_ID },
      authentication: { method: 'psk', localId: way.clientId ?? CLIENT_ID },
      ike: way.ike === undefined ? {} : { proposals: [way.ike] },
      child: {
        remoteTs: [...(way.inner ?? [LAB.inner.net4])],
        ...(way.esp === undefined ? {} : { proposals: [way.esp] }),
      },
      ...way.profile,
      ...changes,
    };
  }

  /** Imports the profile of a way and connects. `now` asks for the tunnel's status. */
  async up(name: string): Promise<{ id: string; now: () => Promise<TunnelStatus> }> {
    const id = await this.adit.import(this.profile(name), PSK);
    await this.adit.up(id);
    const now = async (): Promise<TunnelStatus> => {
      const tunnel = await this.adit.tunnel(id);
      if (tunnel === undefined) throw new Error(`no tunnel of ${name}`);
      return tunnel;
    };
    return { id, now };
  }

  /** The client now, without what belongs to the running helper. */
  snapshot(): Promise<Snapshot> {
    return snapshot(this.lab.client, OWN_PATHS);
  }

  /** Ends every tunnel and removes every profile, whatever a failed test left, so that the next one starts clean. */
  async reset(): Promise<void> {
    if (!this.adit.daemon.running) await this.adit.restart();
    await this.adit.run(['down']);
    for (const { id } of await this.adit.profiles()) await this.adit.run(['remove', id]);
    for (const { name } of await this.gateway.sas()) await this.gateway.terminate({ ike: name }, true);
  }

  /** The counters of the newest Child SA, as Adit and, a moment later, as the gateway prints them. */
  async counters(id: string, connection: string): Promise<Counters> {
    const here = (await this.adit.tunnel(id))?.children.at(-1);
    // charon lists a Child SA that was replaced for some seconds more.
    const children = (await this.gateway.sas(connection)).flatMap((sa) => sa.children);
    const there = children.find(({ spiIn }) => spiIn === here?.spiOut);
    if (there === undefined || here === undefined) throw new Error('the ends have no Child SA in common');
    return { here, there };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lab[Symbol.asyncDispose]();
  }
}

function gatewayConnection(way: Way, at: number): Settings {
  const esp = way.esp === undefined ? {} : { esp_proposals: way.esp };
  return {
    version: 2,
    local_addrs: way.address ?? gatewayAddress(at),
    ...(way.ike === undefined ? {} : { proposals: way.ike }),
    pools: way.pools ?? ['p4'],
    local: { auth: 'psk', id: GATEWAY_ID },
    remote: { auth: 'psk', id: way.clientId ?? CLIENT_ID },
    children: { net: { local_ts: way.inner ?? [LAB.inner.net4], ...esp } },
    ...way.gateway,
  };
}
