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
      'events.subscribe'(_, from) {
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

  it('that changes profiles reads them again', async () => {
    let removed = false;
    const { client, changes } = await start({
      'profiles.list': () => ({ profiles: removed ? [] : [summary('work')] }),
      'profiles.remove'() {
        removed = true;
        return {};
      },
    });
    await until('it is up', () => client.link.state === 'up');
    await client.call('profiles.remove', { id: 'work' });
    expect(client.profiles).toEqual([]);
    expect(changes.filter((what) => what === 'profiles')).toHaveLength(2);
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

  it('is in the list afterwards, whatever page it is on', async () => {
    let name = 'Work';
    const { client } = await start({
      'profiles.list': ({ after }) =>
        after === undefined
          ? { profiles: [summary('lab')], next: 'lab' }
          : { profiles: [{ ...summary('work'), name }] },
      'profiles.update': () => {
        name = 'Büro';
        return { summary: summary('work'), appliesAt: 'now' };
      },
    });
    await until('it is up', () => client.link.state === 'up');
    expect(client.profiles.map((each) => each.name)).toContain('Work');
    expect(await page(client)).toMatchObject({ ok: true });
    expect(client.profiles.map(({ id }) => id)).toEqual(['lab', 'work']);
    expect(client.profiles[1]?.name).toBe('Büro');
  });
});
