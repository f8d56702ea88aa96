/** Which changes are told, and that muting never hides the loss of protection. */
import { describe, expect, it } from 'vitest';
import { noticeOf } from '#electron/notification-model.ts';
import { WORDS } from '#electron/words.ts';
import { bare, CONNECTED } from '#test/fakes/statuses.ts';

const LOUD = { mute: false, words: WORDS.en };
const of = (...tunnels: (typeof CONNECTED)[]) => ({ tunnels });

describe('a notice', () => {
  it('tells that a tunnel is up', () => {
    expect(noticeOf(of(bare('connecting')), of(CONNECTED), LOUD)).toMatchObject({
      severity: 'minor',
      title: 'Connected',
    });
  });

  it('is not sent for a start of the interface', () => {
    expect(noticeOf(undefined, of(CONNECTED), LOUD)).toBeUndefined();
  });

  it('is not sent for counters', () => {
    expect(noticeOf(of(CONNECTED), of({ ...CONNECTED }), LOUD)).toBeUndefined();
  });

  it('tells a loss, muted or not', () => {
    for (const mute of [false, true])
      expect(noticeOf(of(CONNECTED), of(bare('reconnecting')), { mute, words: WORDS.en })).toMatchObject({
        severity: 'important',
      });
  });

  it('tells a failure by its sentence, muted or not', () => {
    const failed = bare('failed', { failure: { cause: 'timeout', seconds: 30 } });
    for (const mute of [false, true])
      expect(noticeOf(of(bare('connecting')), of(failed), { mute, words: WORDS.en })?.body).toMatch(
        /30 seconds/,
      );
  });

  it('is dropped by muting where it is minor', () => {
    expect(noticeOf(of(bare('connecting')), of(CONNECTED), { mute: true, words: WORDS.en })).toBeUndefined();
    expect(
      noticeOf(of(bare('disconnecting')), of(bare('disconnected')), { mute: true, words: WORDS.en }),
    ).toBeUndefined();
  });

  it('tells a question of a tunnel that comes back, once, and none of one that is being connected', () => {
    const question = { id: 3, kind: 'one-time-code', prompt: 'Code?', retry: false } as const;
    const asking = bare('reconnecting', { question });
    expect(noticeOf(of(bare('reconnecting')), of(asking), LOUD)).toMatchObject({
      severity: 'important',
      title: 'Your answer is needed',
    });
    expect(noticeOf(of(asking), of(asking), LOUD)).toBeUndefined();
    expect(noticeOf(of(bare('connecting')), of(bare('connecting', { question })), LOUD)).toBeUndefined();
  });

  it('puts the important before the minor', () => {
    const other = { id: 'lab', name: 'Lab' };
    const before = of(bare('connecting'), { ...CONNECTED, profile: other });
    const now = of(CONNECTED, bare('reconnecting', { profile: other }));
    expect(noticeOf(before, now, LOUD)?.severity).toBe('important');
  });
});
