/** Which changes are told, and that muting never hides the loss of protection. */
import { describe, expect, it } from 'vitest';
import { noticeOf } from '#electron/notification-model.ts';
import { bare, CONNECTED } from '#test/fakes/statuses.ts';

const of = (...tunnels: (typeof CONNECTED)[]) => ({ tunnels });

describe('a notice', () => {
  it('tells that a tunnel is up', () => {
    expect(noticeOf(of(bare('connecting')), of(CONNECTED), false)).toMatchObject({
      severity: 'minor',
      title: 'Connected',
    });
  });

  it('is not sent for a start of the interface', () => {
    expect(noticeOf(undefined, of(CONNECTED), false)).toBeUndefined();
  });

  it('is not sent for counters', () => {
    expect(noticeOf(of(CONNECTED), of({ ...CONNECTED }), false)).toBeUndefined();
  });

  it('tells a loss, muted or not', () => {
    for (const mute of [false, true])
      expect(noticeOf(of(CONNECTED), of(bare('reconnecting')), mute)).toMatchObject({
        severity: 'important',
      });
  });

  it('tells a failure by its sentence, muted or not', () => {
    const failed = bare('failed', { failure: { cause: 'timeout', seconds: 30 } });
    for (const mute of [false, true])
      expect(noticeOf(of(bare('connecting')), of(failed), mute)?.body).toMatch(/30 seconds/);
  });

  it('is dropped by muting where it is minor', () => {
    expect(noticeOf(of(bare('connecting')), of(CONNECTED), true)).toBeUndefined();
    expect(noticeOf(of(bare('disconnecting')), of(bare('disconnected')), true)).toBeUndefined();
  });

  it('puts the important before the minor', () => {
    const other = { id: 'lab', name: 'Lab' };
    const before = of(bare('connecting'), { ...CONNECTED, profile: other });
    const now = of(CONNECTED, bare('reconnecting', { profile: other }));
    expect(noticeOf(before, now, false)?.severity).toBe('important');
  });
});
