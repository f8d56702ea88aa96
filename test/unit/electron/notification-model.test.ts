/** Which changes are told, once each, and that muting and own clicks never hide the loss of protection. */
import { describe, expect, it } from 'vitest';
import type { LockdownStatus, Status, TunnelStatus } from '#core/ipc/contract.ts';
import { News } from '#electron/notification-model.ts';
import { WORDS } from '#electron/words.ts';
import { LANGUAGES } from '#core/text/languages.ts';
import { bare, CONNECTED, LOCKED, UNLOCKED } from '#test/fakes/statuses.ts';

const of = (...tunnels: TunnelStatus[]): Status => ({ tunnels });
const NOTHING = of();
/** What is told of each status after the first; undefined is a helper that is gone. */
function told(news: News, ...statuses: (Status | undefined)[]) {
  return statuses.map((status) => news.hear(status, WORDS.en));
}
const after = (...statuses: (Status | undefined)[]) => told(new News(), ...statuses).at(-1);

describe('news', () => {
  it.each<[string, Status, Status, string, 'minor' | 'important']>([
    ['a tunnel that is up', of(bare('connecting')), of(CONNECTED), 'Connected', 'minor'],
    ['one that is back', of(bare('reconnecting')), of(CONNECTED), 'Connected again', 'minor'],
    ['a loss', of(CONNECTED), of(bare('reconnecting')), 'Connection lost', 'important'],
    ['the end by another hand', of(bare('disconnecting')), of(bare('disconnected')), 'Disconnected', 'minor'],
    ['an end by itself', of(CONNECTED), of(bare('disconnected')), 'No longer connected', 'important'],
    ['a tunnel that is named no longer', of(CONNECTED), NOTHING, 'No longer connected', 'important'],
    ['a failure', of(bare('connecting')), of(bare('failed')), 'Work: could not connect', 'important'],
  ])('are: %s; told once', (_, before, now, title, severity) => {
    const [first, second, third] = told(new News(), before, now, now);
    expect(second).toMatchObject({ title, severity, profile: 'work' });
    expect([first, third]).toEqual([undefined, undefined]);
  });

  it('are not: a start of the interface, counters, a step, an end that never was a tunnel', () => {
    expect(after(of(CONNECTED))).toBeUndefined();
    expect(after(of(CONNECTED), of({ ...CONNECTED }))).toBeUndefined();
    expect(after(of(bare('connecting')), of(bare('connecting', { step: 'x' })))).toBeUndefined();
    expect(after(of(bare('failed')), of(bare('disconnected')))).toBeUndefined();
  });

  it('tell a failure by its sentence', () => {
    const failed = bare('failed', { failure: { cause: 'timeout', seconds: 30 } });
    expect(after(of(bare('connecting')), of(failed))?.body).toMatch(/30 seconds/);
  });

  it('tell a question of a tunnel that comes back, once, and none of one that is being connected', () => {
    const question = { id: 3, kind: 'one-time-code', prompt: 'Code?', retry: false } as const;
    const asking = of(bare('reconnecting', { question }));
    const news = new News();
    const [, first, second] = told(news, of(bare('reconnecting')), asking, asking);
    expect(first).toMatchObject({ severity: 'important', title: 'Your answer is needed' });
    expect(second).toBeUndefined();
    const connecting = of(bare('connecting', { question }));
    expect(after(of(bare('connecting')), connecting)).toBeUndefined();
    // That one is asked in the window, once.
    const window = new News();
    window.hear(of(bare('connecting')), WORDS.en);
    expect(window.asks(connecting)).toBe(true);
    window.hear(connecting, WORDS.en);
    expect(window.asks(connecting)).toBe(false);
  });

  it('put the important before the minor', () => {
    const other = { id: 'lab', name: 'Lab' };
    const before = of(bare('connecting'), { ...CONNECTED, profile: other });
    expect(after(before, of(CONNECTED, bare('reconnecting', { profile: other })))).toMatchObject({
      severity: 'important',
      profile: 'lab',
    });
  });
});

describe('what the person does', () => {
  it.each(['work', undefined])('is no news: the end of %s', (ended) => {
    const news = new News();
    news.hear(of(CONNECTED), WORDS.en);
    news.ends(ended);
    expect(told(news, of(bare('disconnecting')), of(bare('disconnected')))).toEqual([undefined, undefined]);
    // The next one is another's.
    const again = told(news, of(CONNECTED), of(bare('disconnecting')), of(bare('disconnected')));
    expect(again.at(-1)).toMatchObject({ title: 'Disconnected' });
  });

  it('is no news where its steps come in one', () => {
    const news = new News();
    news.hear(of(CONNECTED), WORDS.en);
    news.ends('work');
    expect(told(news, of(CONNECTED), of(bare('disconnected')))).toEqual([undefined, undefined]);
  });

  it('is news again where the helper would not do it', () => {
    const news = new News();
    news.hear(of(CONNECTED), WORDS.en);
    news.ends('work');
    news.stays('work');
    expect(told(news, of(bare('disconnected'))).at(0)).toMatchObject({ title: 'No longer connected' });
  });

  it('does not hide that it failed', () => {
    const news = new News();
    news.hear(of(CONNECTED), WORDS.en);
    news.ends('work');
    expect(told(news, of(bare('failed'))).at(0)).toMatchObject({ severity: 'important' });
  });
});

describe('a helper that is gone', () => {
  it('is told once where a tunnel was up, and what became of it when it is back', () => {
    const news = new News();
    const [, lost, still, back] = told(news, of(CONNECTED), undefined, undefined, of(CONNECTED));
    expect(lost).toMatchObject({ severity: 'important', title: 'The background service does not answer' });
    expect(still).toBeUndefined();
    expect(back).toMatchObject({ title: 'Connected again' });
  });

  it('that is back without the tunnel has lost it', () => {
    expect(after(of(CONNECTED), undefined, NOTHING)).toMatchObject({
      severity: 'important',
      title: 'No longer connected',
    });
  });

  it('is no news where no tunnel was up', () => {
    expect(after(NOTHING, undefined)).toBeUndefined();
    expect(after(undefined)).toBeUndefined();
  });
});

it.each(LANGUAGES)('every toast has a name in it, in %s', (language) => {
  const { connected, connectedAgain, lost, ended, nobodyKnows, asks, disconnected } = WORDS[language];
  for (const { body } of [connected, connectedAgain, lost, ended, nobodyKnows, asks, disconnected])
    expect(body('Work')).toContain('Work');
});

describe('lockdown', () => {
  const FAULTY = { ...LOCKED, fault: 'nft is missing' };
  const under = (lockdown: LockdownStatus, ...tunnels: TunnelStatus[]): Status => ({ tunnels, lockdown });

  it('that does not hold any more is told once, and that it does again', () => {
    const [first, faulty, still, back] = told(
      new News(),
      under(LOCKED),
      under(FAULTY),
      under({ ...FAULTY, fault: 'another' }),
      under(LOCKED),
    );
    expect([first, still]).toEqual([undefined, undefined]);
    expect(faulty).toMatchObject({ severity: 'important', title: 'Lockdown is not in force' });
    expect(back).toMatchObject({ severity: 'minor', title: 'Lockdown is in force again' });
  });

  it('is told before what becomes of a tunnel', () => {
    expect(after(under(LOCKED, CONNECTED), under(FAULTY, bare('reconnecting')))).toMatchObject({
      title: 'Lockdown is not in force',
    });
  });

  it('that another hand switches off is told; not what the person does, unless the helper would not', () => {
    const off = { severity: 'important', title: 'Lockdown was switched off' };
    expect(after(under(LOCKED), under(UNLOCKED))).toMatchObject(off);
    const news = new News();
    news.hear(under(LOCKED), WORDS.en);
    news.unlocks(true);
    // Counters may come before the answer.
    expect(told(news, under(LOCKED), under(UNLOCKED))).toEqual([undefined, undefined]);
    expect(told(news, under(LOCKED), under(UNLOCKED)).at(-1)).toMatchObject(off);
    news.hear(under(LOCKED), WORDS.en);
    news.unlocks(true);
    news.unlocks(false);
    expect(told(news, under(UNLOCKED)).at(0)).toMatchObject(off);
  });

  it('is no news when it is switched on, nor where a helper says nothing of it', () => {
    expect(after(under(UNLOCKED), under(LOCKED))).toBeUndefined();
    expect(after(NOTHING, under(LOCKED))).toBeUndefined();
    expect(after(under(LOCKED), NOTHING)).toBeUndefined();
  });

  it('in force: a tunnel that ended leaves nothing unprotected', () => {
    const body = (lockdown: LockdownStatus) =>
      after(under(lockdown, CONNECTED), under(lockdown, bare('disconnected')))?.body;
    expect(body(LOCKED)).toBe('Work has ended. Lockdown holds everything back.');
    expect(body(FAULTY)).toBe('Work has ended. Your traffic is not protected.');
    expect(body(UNLOCKED)).toBe('Work has ended. Your traffic is not protected.');
  });
});
