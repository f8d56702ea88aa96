/** The helper as the interface holds it: found, lost, found again; nonsense shown to nobody. */
import { afterEach, describe, expect, it } from 'vitest';
import { answer } from '#electron/bridge.ts';
import { HelperClient } from '#electron/helper-client.ts';
import {
  type Answers,
  FakeHelper,
  type FakeHelperOptions,
  type FakePeer,
  Refusal,
} from '#test/fakes/helper-server.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';
import { until } from '#test/harness/process.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function start(answers: Answers, more: Omit<FakeHelperOptions, 'answers'> = {}) {
  const helper = await FakeHelper.start({
    answers: {
      'events.subscribe': () => ({ sequence: 0, status: { tunnels: [] } }),
      'profiles.list': () => ({ profiles: [summary('work')] }),
      ...answers,
    },
    ...more,
  });
  const changes: string[] = [];
  const client = new HelperClient({
    socket: helper.path,
    client: 'test',
    pauseMs: { first: 5, longest: 20 },
    onChange: (what) => changes.push(what),
  });
  const ended = client.run();
  cleanups.push(async () => {
    client.stop();
    await ended;
    await helper.stop().catch(() => undefined);
  });
  return { helper, client, changes };
}

const problemOf = ({ link }: HelperClient) => (link.state === 'down' ? link.problem : undefined);

describe('the link', () => {
  it('is up with status and profiles known', async () => {
    const { client } = await start({});
    await until('it is up', () => client.link.state === 'up');
    expect(client.status).toEqual({ tunnels: [] });
    expect(client.profiles.map(({ id }) => id)).toEqual(['work']);
  });

  it('tells that the helper is gone, and forgets what it said', async () => {
    const { client, helper } = await start({});
    await until('it is up', () => client.link.state === 'up');
    await helper.stop();
    await until('it is down', () => problemOf(client) === 'missing');
    expect(client.status).toBeUndefined();
    await expect(client.call('tunnel.up', { id: 'work' })).rejects.toThrow(/no connection/);
  });

  it.each([
    ['another major', { major: 9 }, 'incompatible'],
    [
      'nonsense',
      { onConnect: (peer: FakePeer) => peer.sendRaw('HTTP/1.1 400 Bad Request\r\n\r\n') },
      'nonsense',
    ],
    [
      'a refusal',
      {
        onConnect(peer: FakePeer) {
          peer.send({
            jsonrpc: '2.0',
            id: null,
            error: { code: -32003, message: 'you are not in the group adit' },
          });
          peer.end();
        },
      },
      'refused',
    ],
  ] as const)('explains %s', async (_, more, problem) => {
    const { client } = await start({}, more);
    await until(problem, () => problemOf(client) === problem);
    expect(client.status).toBeUndefined();
  });

  it('ends with an answer that breaks the contract', async () => {
    const { client } = await start(
      { 'profiles.list': () => ({ profiles: 'many' }) as never },
      { unchecked: true },
    );
    await until('it is seen', () => problemOf(client) === 'nonsense');
    expect(client.profiles).toEqual([]);
  });
});

describe('the status', () => {
  it('follows events', async () => {
    let peer: FakePeer | undefined;
    const { client } = await start({
      'events.subscribe'(_, from) {
        peer = from;
        return { sequence: 0, status: { tunnels: [] } };
      },
    });
    await until('it is up', () => client.link.state === 'up');
    peer?.sendEvent({ topic: 'status', status: { tunnels: [CONNECTED] } });
    await until('it follows', () => client.status?.tunnels.length === 1);
    expect(client.status).toEqual({ tunnels: [CONNECTED] });
  });

  it('asks again where an event is missing', async () => {
    let subscriptions = 0;
    let peer: FakePeer | undefined;
    const { client } = await start({
      'events.subscribe'({ topic }, from) {
        if (topic !== 'status') return { sequence: 0, profiles: [] };
        peer = from;
        subscriptions++;
        return { sequence: subscriptions * 100, status: { tunnels: subscriptions === 1 ? [] : [CONNECTED] } };
      },
    });
    await until('it is up', () => client.link.state === 'up');
    peer?.sendEvent({ topic: 'status', status: { tunnels: [bare('failed')] } });
    await until('it asked again', () => client.status?.tunnels[0]?.state === 'connected');
    expect(subscriptions).toBe(2);
  });
});

describe('a call', () => {
  it('passes a refusal on in the helper’s words and keeps the connection', async () => {
    const { client } = await start({
      'tunnel.up': () => {
        throw new Refusal('busy', 'too many tunnels');
      },
    });
    await until('it is up', () => client.link.state === 'up');
    await expect(client.call('tunnel.up', { id: 'work' })).rejects.toThrow('too many tunnels');
    expect(client.link.state).toBe('up');
  });
});

describe('the profiles', () => {
  const idsOf = ({ profiles }: HelperClient) => profiles.map(({ id }) => id);

  /** A helper that begins the topic with `all`, again and again. */
  async function following(all: () => ReturnType<typeof summary>[], next?: string) {
    const peers: FakePeer[] = [];
    const started = await start({
      'events.subscribe'({ topic }, peer) {
        if (topic === 'status') return { sequence: 0, status: { tunnels: [] } };
        peers.push(peer);
        // Each begins where the fake goes on numbering.
        return { sequence: (peers.length - 1) * 3, profiles: all(), ...(next === undefined ? {} : { next }) };
      },
      'profiles.list': ({ after }) => ({
        profiles: [summary(after === undefined ? 'beginning' : `after-${after}`)],
      }),
    });
    await until('it is up', () => started.client.link.state === 'up');
    const tell = (changed: ReturnType<typeof summary>[], removed: string[] = [], skip = 0): void =>
      peers.at(-1)?.sendEvent({ topic: 'profiles', changed, removed }, skip);
    return { ...started, peers, tell };
  }

  it('follow what others do, without asking', async () => {
    const { client, helper, changes, tell } = await following(() => [summary('work'), summary('home')]);
    expect(idsOf(client)).toEqual(['home', 'work']);
    tell([summary('lab'), summary('work', { name: 'Office' })], ['home']);
    await until('they are others', () => idsOf(client).join() === 'lab,work');
    expect(client.profiles[1]?.name).toBe('Office');
    expect(changes.filter((what) => what === 'profiles')).toHaveLength(2);
    expect(helper.received.filter(({ name }) => name === 'profiles.list')).toEqual([]);
  });

  it('begin anew where an event is missing', async () => {
    let all = [summary('work')];
    const { client, peers, tell } = await following(() => all);
    all = [summary('found')];
    tell([summary('lab')], [], 1);
    await until('it asked again', () => idsOf(client).join() === 'found');
    expect(peers).toHaveLength(2);
  });

  it('are read to their end where one frame does not hold them', async () => {
    const { client } = await following(() => [summary('a')], 'a');
    expect(idsOf(client)).toEqual(['a', 'after-a']);
  });
});

describe('a profile that is changed', () => {
  const page = async (client: HelperClient) => {
    const services = { helper: client } as unknown as Parameters<typeof answer>[0];
    return answer(services, 'profiles.update', { id: 'work', profile: {} });
  };

  it('and refused says which field, to the page too', async () => {
    const problems = [{ field: 'mtu', problem: 'found 1', remedy: 'expected at least 576' }];
    const { client } = await start({
      'profiles.update': () => {
        throw new Refusal('refused', 'mtu: found 1', { problems });
      },
    });
    await until('it is up', () => client.link.state === 'up');
    expect(await page(client)).toEqual({
      ok: false,
      problem: { kind: 'refused', message: 'mtu: found 1', problems },
    });
  });
});
