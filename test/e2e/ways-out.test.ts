/**
 * Nobody is stranded: whatever state a tunnel is in, with lockdown or without, whatever made it fail, whatever is asked and whatever is wrong with the
 * helper, the view has an enabled control that leads on, in every language. A new member of any of these unions does not
 * compile without its way out.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explain } from '#core/failure/explain.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { TunnelQuestion, TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import { LANGUAGES, type Language } from '#core/text/languages.ts';
import type { LinkProblem } from '#electron/bridge-contract.ts';
import { LOOKS } from '#renderer/features/tunnel/presentation.ts';
import type { MessageId } from '#renderer/i18n/en.ts';
import { FAILURES, FAULTS } from '#test/fakes/failures.ts';
import { bare, CONNECTED, LOCKED, UNLOCKED } from '#test/fakes/statuses.ts';
import { REFUSED, sayIn, sceneNamed } from './scenes.ts';
import { Stage } from './stage.ts';

/** The names of the controls that lead on. */
const BY_STATE: Readonly<Record<TunnelState, readonly MessageId[]>> = {
  disconnected: ['action.connect', 'nav.profiles'],
  connecting: ['action.cancel', 'nav.details'],
  connected: ['action.disconnect', 'nav.details'],
  reconnecting: ['action.cancel', 'action.reconnect-now'],
  // The helper brings it to its end; its own control has nothing to offer meanwhile.
  disconnecting: ['nav.details', 'nav.profiles', 'nav.settings'],
  failed: ['action.retry', 'report.make', 'nav.profiles'],
};

const BY_QUESTION: Readonly<Record<TunnelQuestion['kind'], readonly MessageId[]>> = {
  user: ['action.cancel'],
  password: ['action.cancel'],
  'one-time-code': ['action.cancel'],
  'new-password': ['action.cancel'],
  'pkcs12-password': ['action.cancel'],
  'private-key-password': ['action.cancel'],
};

const BY_LINK: Readonly<Record<LinkProblem, readonly MessageId[]>> = {
  missing: ['helper.retry', 'helper.copy', 'report.make'],
  refused: ['helper.retry', 'helper.copy', 'report.make'],
  incompatible: ['helper.retry', 'helper.copy', 'report.make'],
  nonsense: ['helper.retry', 'helper.copy', 'report.make'],
  lost: ['helper.retry', 'helper.copy', 'report.make'],
};

/** With what the state brings along. */
function inState(state: TunnelState): TunnelStatus {
  const reconnect = { attempt: 2, nextAt: '2100-01-01T00:00:00.000Z', why: null };
  if (state === 'reconnecting') return bare(state, { reconnect });
  return bare(state, state === 'failed' ? { failure: REFUSED } : {});
}

const EVERY_FAILURE: readonly Failure[] = [
  ...Object.values(FAILURES),
  ...Object.values(FAULTS).map(
    (fault): Failure => ({ cause: 'certificate-rejected', remoteId: 'gw.example', fault }),
  ),
];

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage?.close());

/** Those of the named controls that are not there or not to be used. */
async function blocked(language: Language, names: readonly MessageId[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) {
    const control = stage.app.page.getByRole('button', { name: sayIn(language)(name), exact: true });
    if (!(await control.first().isVisible()) || !(await control.first().isEnabled())) found.push(name);
  }
  return found;
}

describe.each(LANGUAGES)('in %s', (language) => {
  const say = sayIn(language);
  const shown = (id: MessageId): Promise<void> =>
    stage.app.page.getByRole('heading', { name: say(id), exact: true }).waitFor();
  beforeAll(async () => {
    await stage.play(sceneNamed('disconnected'), language);
  });

  it('every state', async () => {
    const stranded: string[] = [];
    for (const [state, names] of Object.entries(BY_STATE) as [TunnelState, readonly MessageId[]][]) {
      stage.tellTunnels(inState(state));
      await shown(LOOKS[state].heading);
      stranded.push(...(await blocked(language, names)).map((name) => `${state}: ${name}`));
    }
    expect(stranded).toEqual([]);
  });

  it('every state in lockdown, which one click ends unless an administrator wants it', async () => {
    const stranded: string[] = [];
    const forAdmins = stage.app.page.getByText(say('lockdown.by-admin'), { exact: true });
    for (const [state, names] of Object.entries(BY_STATE) as [TunnelState, readonly MessageId[]][]) {
      // A tunnel that takes everything leaves nothing blocked.
      if (state === 'connected') continue;
      stage.tellTunnels(inState(state));
      for (const fault of [null, 'nft is missing']) {
        stage.tellLockdown({ ...LOCKED, fault, byAdmin: true });
        await forAdmins.waitFor();
        expect(await blocked(language, ['lockdown.off'])).toEqual(['lockdown.off']);
        stage.tellLockdown({ ...LOCKED, fault });
        await forAdmins.waitFor({ state: 'detached' });
        const all = [...names, 'lockdown.off'] as const;
        stranded.push(...(await blocked(language, all)).map((name) => `${state}: ${name}`));
      }
    }
    stage.tellTunnels();
    stage.tellLockdown(LOCKED);
    await shown('state.blocked');
    stage.tellLockdown(UNLOCKED);
    await shown('state.disconnected');
    expect(stranded).toEqual([]);
  });

  it('a failure of which nobody knows more', async () => {
    stage.tellTunnels(bare('failed'));
    await shown('state.failed');
    expect(await blocked(language, ['action.retry', 'nav.settings'])).toEqual([]);
  });

  it('every failure, which is told with what to do about it', async () => {
    const stranded: string[] = [];
    for (const failure of EVERY_FAILURE) {
      stage.tellTunnels(bare('failed', { failure }));
      const { sentence, remedy } = explain(failure, language);
      const { page } = stage.app;
      await page.getByText(sentence, { exact: true }).first().waitFor();
      const told = await page.locator('main').innerText();
      if (!told.includes(remedy.replace(/\s+/g, ' ').trim())) stranded.push(`${failure.cause}: no remedy`);
      stranded.push(...(await blocked(language, BY_STATE.failed)).map((name) => `${failure.cause}: ${name}`));
    }
    expect(stranded).toEqual([]);
    expect(EVERY_FAILURE.length).toBeGreaterThan(40);
  });

  it('every reason to reconnect', async () => {
    const stranded: string[] = [];
    for (const why of EVERY_FAILURE) {
      const tunnel: TunnelStatus = {
        ...CONNECTED,
        state: 'reconnecting',
        reconnect: { attempt: 2, nextAt: '2100-01-01T00:00:00.000Z', why },
      };
      stage.tellTunnels(tunnel);
      await stage.app.page.getByText(explain(why, language).sentence, { exact: true }).first().waitFor();
      stranded.push(
        ...(await blocked(language, BY_STATE.reconnecting)).map((name) => `${why.cause}: ${name}`),
      );
    }
    expect(stranded).toEqual([]);
  });

  it('every question, by its button and by Escape', async () => {
    const { page } = stage.app;
    for (const [kind, names] of Object.entries(BY_QUESTION) as [TunnelQuestion['kind'], MessageId[]][]) {
      const question = { id: 7, kind, prompt: 'code?', retry: false };
      stage.tellTunnels(bare('connecting', { question }));
      await page.getByRole('dialog').waitFor();
      expect(await blocked(language, names)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(await blocked(language, BY_STATE.connecting)).toEqual([]);
      stage.tellTunnels(bare('disconnected'));
      await shown('state.disconnected');
    }
  });

  it('everything that may be wrong with the helper', async () => {
    const stranded: string[] = [];
    for (const [problem, names] of Object.entries(BY_LINK) as [LinkProblem, readonly MessageId[]][]) {
      const link = { state: 'down', problem, detail: 'EPERM', socket: '/run/adit/aditd.sock' } as const;
      await stage.app.window.send([{ topic: 'link', link }]);
      await shown(`helper.${problem}.title`);
      stranded.push(...(await blocked(language, names)).map((name) => `${problem}: ${name}`));
    }
    expect(stranded).toEqual([]);
    await stage.app.window.send([{ topic: 'link', link: { state: 'up', helper: 'aditd' } }]);
    await shown('state.disconnected');
  });
});

it('met no error of the page on the way', () => {
  expect(stage.app.complaints).toEqual([]);
});
