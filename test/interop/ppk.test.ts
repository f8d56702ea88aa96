/** A post-quantum pre-shared key (RFC 8784) with a real strongSwan gateway, which has them since 5.7. */
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LAB, Lab, POOLS } from '#test/harness/lab.ts';
import { type Daemon, until } from '#test/harness/process.ts';
import type { Settings } from '#test/harness/settings.ts';
import { AUTH_PLUGINS, StrongSwan } from '#test/harness/strongswan.ts';

const PSK = 'lab secret';
const NAME = 'client-2026';
const PPK = `${NAME}:a post-quantum secret of the lab`;
const [, SECRET = ''] = PPK.split(':');
const LOGIN = 'alice:password';
const AGENT = fileURLToPath(new URL('../harness/ikev2-udp-agent.ts', import.meta.url));

interface Told {
  readonly type: string;
  readonly ppk?: true;
  readonly failure?: { readonly cause: string };
}

interface Gateway {
  /** How clients log in. */
  readonly remote?: Settings;
  readonly required?: boolean;
  /** Its post-quantum keys by name. */
  readonly ppks?: Readonly<Record<string, string>>;
}

describe('a post-quantum pre-shared key and strongSwan', () => {
  let lab: Lab;
  let strongswan: StrongSwan;
  let client: Daemon | undefined;

  beforeAll(async () => {
    lab = await Lab.create();
    strongswan = await StrongSwan.start(lab.world, lab.gateway, {
      swanctl: { connections: {} },
      charon: { load: AUTH_PLUGINS },
    });
  });
  afterEach(async () => {
    await client?.stop();
    client = undefined;
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  const told = (type: string): Told[] =>
    (client?.output ?? '')
      .split('\n')
      .filter((line) => line.startsWith(`{"type":"${type}"`))
      .map((line) => JSON.parse(line) as Told);
  const heard = async (type: string, count = 1) =>
    until(`${count} ${type}`, () => told(type).length >= count, { context: () => client?.output ?? '' });

  const gateway = async ({ remote = { auth: 'psk' }, required = false, ppks = {} }: Gateway): Promise<void> =>
    strongswan.load({
      connections: {
        lab: {
          version: 2,
          pools: ['p4'],
          ppk_required: required ? 'yes' : 'no',
          local: { auth: 'psk', id: 'gw.lab' },
          remote,
          children: { net: { local_ts: [LAB.inner.net4], esp_proposals: 'aes256gcm16' } },
        },
      },
      pools: POOLS,
      secrets: {
        'ike-lab': { secret: PSK },
        'eap-alice': { id: 'alice', secret: 'password' },
        ...Object.fromEntries(Object.entries(ppks).map(([id, secret]) => [`ppk-${id}`, { id, secret }])),
      },
    });

  const connect = (...options: readonly string[]): void => {
    const words = [LAB.client.ip4, LAB.gateway.ip4, PSK, LAB.inner.net4, ...options];
    client = lab.client.start([process.execPath, AGENT, ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
  };
  /** What the gateway has written of PPKs since. */
  const logged = async (command: () => Promise<void>): Promise<string> => {
    const before = (await strongswan.log()).length;
    await command();
    return (await strongswan.log()).slice(before);
  };
  const failure = async (): Promise<Told['failure']> => {
    await heard('closed');
    return told('closed')[0]?.failure;
  };

  it.each([
    ['the pre-shared key', { auth: 'psk' }, []],
    ['EAP-MSCHAPv2, which leaves an MSK', { auth: 'eap-mschapv2', eap_id: '%any' }, ['--login', LOGIN]],
    ['EAP-MD5, which leaves none', { auth: 'eap-md5', eap_id: '%any' }, ['--login', LOGIN]],
  ] as const)('is in the keys of both after %s, and of their heirs', async (_what, remote, options) => {
    for (const required of [true, false]) {
      await gateway({ remote, required, ppks: { [NAME]: SECRET } });
      const log = await logged(async () => {
        connect('--ppk', PPK, ...(required ? ['--ppk-required'] : []), ...options);
        await heard('child-installed');
      });
      expect(log).toContain(`using PPK for PPK_ID '${NAME}'`);
      expect(told('ike-established').map(({ ppk }) => ppk)).toEqual([true]);
      // The heir's keys come from SK_d: what is asked under it would not be answered otherwise.
      client?.child.stdin?.write('rekey\n');
      await heard('ike-rekeyed');
      const [installed] = told('child-installed') as readonly { readonly spiIn?: number }[];
      client?.child.stdin?.write(`rekey ${installed?.spiIn}\n`);
      await heard('child-installed', 2);
      expect(told('ike-rekeyed').map(({ ppk }) => ppk)).toEqual([true]);
      expect(told('closed')).toEqual([]);
      await client?.stop();
    }
  });

  it('is left out where neither insists and the gateway knows another one', async () => {
    await gateway({ ppks: { another: SECRET } });
    const log = await logged(async () => {
      connect('--ppk', PPK);
      await heard('child-installed');
    });
    expect(log).toContain(`no PPK for '${NAME}' found`);
    expect(told('ike-established').map(({ ppk }) => ppk)).toEqual([undefined]);
    client?.child.stdin?.write('rekey\n');
    await heard('ike-rekeyed');
  });

  it('is missed before we say who we are where the gateway has none', async () => {
    await gateway({});
    connect('--ppk', PPK, '--ppk-required');
    expect(await failure()).toEqual({ cause: 'ppk-unsupported' });
  });

  it('is left out where the gateway has none and we do not insist', async () => {
    await gateway({});
    connect('--ppk', PPK);
    await heard('child-installed');
    expect(told('ike-established').map(({ ppk }) => ppk)).toEqual([undefined]);
  });

  it.each([
    ['holds another secret', { ppks: { [NAME]: 'another secret' } }, ['--ppk', PPK]],
    ['insists and does not know it', { ppks: { another: SECRET }, required: true }, ['--ppk', PPK]],
    ['does not know it, and we insist', { ppks: { another: SECRET } }, ['--ppk', PPK, '--ppk-required']],
  ] as const)('is named in the refusal of a gateway that %s', async (_what, settings, options) => {
    await gateway(settings);
    connect(...options);
    expect(await failure()).toMatchObject({ cause: 'authentication-refused', method: 'psk', ppk: true });
  });

  it('is what a gateway that insists misses', async () => {
    await gateway({ required: true, ppks: { [NAME]: SECRET } });
    connect();
    expect(await failure()).toMatchObject({ cause: 'authentication-refused', method: 'psk' });
    expect(await failure()).not.toHaveProperty('ppk');
  });
});
