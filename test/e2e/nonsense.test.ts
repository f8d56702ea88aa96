/**
 * A helper that sends nonsense, or speaks another version of the contract: the window says which, shows nothing of what it
 * was told, lives on, and is whole again as soon as a proper helper answers at the same place.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server, type Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeFrame, FrameDecoder, MAX_FRAME } from '#core/ipc/frame.ts';
import { PROTOCOL } from '#core/ipc/protocol.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';
import { until } from '#test/harness/process.ts';
import { RunningApp } from './driver.ts';
import { barriers } from './page.ts';

const MARKUP = '<img src=x onerror="globalThis.executed=1"><script>globalThis.executed=1</script>';
const HIDDEN = 'Office \u202egnp.exe\u0007\u001b[31m\u200b';
const SHOWN = String.raw`Office \u{202e}gnp.exe\u{7}\u{1b}[31m\u{200b}`;

/** What comes instead of an answer, by the call's name. */
type Say = (method: string, id: number, topic: string) => unknown;

const GREETING = { ...PROTOCOL, helper: 'aditd 9.9' };
const answerOf: Say = (method, _id, topic) =>
  method === 'hello'
    ? GREETING
    : topic === 'profiles'
      ? { sequence: 0, profiles: [summary('work', { name: HIDDEN, gateway: MARKUP.slice(0, 60) })] }
      : { sequence: 0, status: { tunnels: [] } };

let directory: string;
let socketPath: string;
let server: Server;
let app: RunningApp;
const sockets = new Set<Socket>();
let say: Say = answerOf;
let raw: Uint8Array | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'adit-nonsense-'));
  socketPath = join(directory, 'aditd.sock');
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    if (raw) socket.write(raw);
    const decoder = new FrameDecoder();
    socket.on('data', (chunk: Buffer) => {
      for (const message of decoder.feed(chunk)) {
        const { id, method, params } = message as {
          id: number;
          method: string;
          params: { topic?: string };
        };
        socket.write(
          encodeFrame({ jsonrpc: '2.0', id, result: say(method, id, params.topic ?? '') ?? null }),
        );
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  app = await RunningApp.start({ socket: socketPath });
});

afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  for (const socket of sockets) socket.destroy();
  server.close();
  await rm(directory, { recursive: true });
});

const heading = (name: string | RegExp) => app.page.getByRole('heading', { name });

/** Ends what there is; whoever comes next meets this helper. */
function become(next: Say, octets?: Uint8Array): void {
  say = next;
  raw = octets;
  for (const socket of sockets) socket.destroy();
}

const tell = (params: unknown): void => {
  for (const socket of sockets) socket.write(encodeFrame({ jsonrpc: '2.0', method: 'event', params }));
};

async function recovers(): Promise<void> {
  become(answerOf);
  // Not by the button: the page may be gone by itself before it is pressed.
  await app.page.evaluate(async () => {
    const { adit } = globalThis as unknown as {
      adit: { call(name: string, params: object): Promise<object> };
    };
    await adit.call('app.reconnect', {});
  });
  await heading('Not connected').waitFor();
  expect(await app.page.evaluate(() => 'executed' in globalThis)).toBe(false);
}

const huge = new Uint8Array(4);
new DataView(huge.buffer).setUint32(0, MAX_FRAME + 1);

describe('a helper', () => {
  it.each<readonly [what: string, say: Say, raw: Uint8Array | undefined]>([
    [
      'whose hello has the wrong types',
      (method) => (method === 'hello' ? { major: 'one' } : null),
      undefined,
    ],
    ['that answers nothing but null', () => null, undefined],
    ['that announces a frame of more than the limit', answerOf, huge],
    ['that speaks HTTP', answerOf, Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['that sends what is no UTF-8', answerOf, Buffer.from([0, 0, 0, 2, 0xff, 0xfe])],
    ['that sends markup for JSON', answerOf, encodeFrame(MARKUP)],
    [
      'whose list of profiles is a text',
      (method, id, topic) =>
        topic === 'profiles' ? { sequence: 0, profiles: MARKUP } : answerOf(method, id, topic),
      undefined,
    ],
  ])('%s: told, and nothing of it used', async (_, next, octets) => {
    become(next, octets);
    await heading('The background service does not answer properly').waitFor();
    expect(await app.page.locator('img, #root script').count()).toBe(0);
    expect(await barriers(app.page)).toEqual([]);
    await recovers();
  });

  it.each<readonly [what: string, status: unknown]>([
    ['a state', { ...bare('connected'), state: 'quantum-entangled' }],
    ['a cause of failure', bare('failed', { failure: { cause: 'gremlins', protocol: 'IKE' } as never })],
    [
      'a kind of question',
      bare('connecting', { question: { id: 1, kind: 'dna', prompt: MARKUP, retry: false } as never }),
    ],
    [
      'counters that are no numbers',
      { ...CONNECTED, children: [{ ...CONNECTED.children[0], bytesIn: '9' }] },
    ],
    ['a list without end', { ...CONNECTED, virtualIps: { length: 1e9 } }],
  ])('that tells of %s which this version does not know: told, and it survives', async (_, tunnel) => {
    tell({ topic: 'status', sequence: 1, status: { tunnels: [tunnel] } });
    await heading('The background service does not answer properly').waitFor();
    expect(await app.page.locator('img, #root script').count()).toBe(0);
    await recovers();
  });

  it('of another major version: says so, and what to do', async () => {
    become((method, id, topic) =>
      method === 'hello' ? { ...GREETING, major: PROTOCOL.major + 1 } : answerOf(method, id, topic),
    );
    await heading('The background service has another version').waitFor();
    await app.page
      .getByText(`it speaks protocol ${PROTOCOL.major + 1}, this application ${PROTOCOL.major}`)
      .waitFor();
    expect(await barriers(app.page)).toEqual([]);
    await recovers();
  });

  it('that is newer in what it adds alone is understood', async () => {
    tell({
      topic: 'status',
      sequence: 1,
      status: { tunnels: [{ ...bare('connecting'), novelty: { level: 9 } }], weather: 'fine' },
    });
    await heading('Connecting…').waitFor();
    expect(await app.page.getByText('weather').count()).toBe(0);
    tell({ topic: 'status', sequence: 2, status: { tunnels: [] } });
    await heading('Not connected').waitFor();
  });

  it('whose texts turn, hide and ring has them shown as they are, everywhere', async () => {
    const profile = { id: 'work', name: HIDDEN };
    const visible = async (): Promise<string> => await app.page.locator('body').innerText();
    const expectHarmless = async (): Promise<void> => {
      expect(await visible()).toContain(SHOWN);
      expect(await visible()).not.toMatch(HARMFUL);
      expect(await app.page.locator('img, #root script').count()).toBe(0);
    };
    await expectHarmless();
    await app.page.getByRole('button', { name: 'Profiles' }).click();
    await expectHarmless();
    await app.page.getByRole('button', { name: /^Delete Office/ }).click();
    await app.page.getByRole('dialog').waitFor();
    await expectHarmless();
    await app.page.keyboard.press('Escape');
    await app.page.keyboard.press('Escape');
    const prompt = `${MARKUP}${HIDDEN}`;
    const asks = bare('connecting', {
      profile,
      step: HIDDEN,
      question: { id: 1, kind: 'one-time-code', prompt, retry: false, user: HIDDEN },
    });
    tell({ topic: 'status', sequence: 3, status: { tunnels: [asks] } });
    await app.page.getByRole('dialog').waitFor();
    await expectHarmless();
    const up = {
      ...CONNECTED,
      profile,
      gateway: { address: '203.0.113.1', port: 4500, id: HIDDEN },
      dns: { servers: [HIDDEN], domains: [HIDDEN], backend: HIDDEN },
    };
    tell({ topic: 'status', sequence: 4, status: { tunnels: [up] } });
    await heading(/^Connected$/).waitFor();
    await expectHarmless();
    await app.page.getByRole('button', { name: 'Details' }).click();
    await expectHarmless();
    await app.page.keyboard.press('Escape');
    const refused = {
      cause: 'no-proposal',
      protocol: 'IKE',
      saidBy: 'peer',
      wanted: [HIDDEN],
      offered: [MARKUP],
    };
    // Who does not see the window is notified.
    await app.window.hide();
    tell({
      topic: 'status',
      sequence: 5,
      status: { tunnels: [bare('failed', { profile, failure: refused as never })] },
    });
    if (app.offers('notifications'))
      await until('it is notified', async () => (await app.host.notifications()).length > 0);
    await app.window.show();
    await heading('Could not connect').waitFor();
    await app.page.getByRole('button', { name: 'Technical details' }).click();
    await expectHarmless();
    if (app.offers('tray') && app.offers('notifications')) await expectHarmlessOutside();
    expect(await app.page.evaluate(() => 'executed' in globalThis)).toBe(false);
    expect(app.complaints).toEqual([]);
  });
});

/** What tray and notifications say. */
async function expectHarmlessOutside(): Promise<void> {
  const tray = [JSON.stringify(await app.tray.tooltip()), await app.tray.menu()];
  const said = [...tray, ...(await app.host.notifications())].join('\n');
  expect(said).toContain(JSON.stringify(SHOWN).slice(1, -1));
  expect(said).not.toMatch(HARMFUL);
  expect(said).not.toMatch(/(?<!\\)\\u00/);
}

/** Marks that turn or hide text, and control characters other than a line's end. */
// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/;
