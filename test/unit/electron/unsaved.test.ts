/** What was typed and not saved, when the window is to go. */
import { describe, expect, it } from 'vitest';
import { Unsaved } from '#electron/unsaved.ts';
import { WORDS } from '#electron/words.ts';

/** A person who presses `pressed` when told to, and a page that notes what it is told. */
function setUp() {
  const asked: string[] = [];
  const told: string[] = [];
  const person = Promise.withResolvers<number>();
  let timer: (() => void) | undefined;
  const unsaved = new Unsaved({
    ask({ message, buttons, cancel }) {
      asked.push(message, ...buttons, buttons[cancel] ?? '');
      return person.promise;
    },
    words: () => WORDS.en,
    open: () => void told.push('open'),
    tell: (wish) => void told.push(wish),
    setTimer(_ms, then) {
      timer = then;
      return () => (timer = undefined);
    },
  });
  return {
    unsaved,
    asked,
    told,
    press: person.resolve,
    ring: () => timer?.(),
    rings: () => timer !== undefined,
  };
}
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a window that is to go', () => {
  it('goes at once where everything is saved', async () => {
    const { unsaved, asked } = setUp();
    expect(await unsaved.mayGo()).toBe(true);
    unsaved.hear(true);
    unsaved.hear(false);
    expect(await unsaved.mayGo()).toBe(true);
    expect(asked).toEqual([]);
  });

  it('asks once, in sight, however many want it to go', async () => {
    const { unsaved, asked, told, press } = setUp();
    unsaved.hear(true);
    const both = Promise.all([unsaved.mayGo(), unsaved.mayGo()]);
    press(2);
    expect(await both).toEqual([false, false]);
    expect(told).toEqual(['open']);
    const { message, save, discard, cancel } = WORDS.en.unsavedQuestion;
    expect(asked).toEqual([message, save, discard, cancel, cancel]);
  });

  it('goes when it is discarded, and the page is told', async () => {
    const { unsaved, told, press } = setUp();
    unsaved.hear(true);
    press(1);
    expect(await unsaved.mayGo()).toBe(true);
    expect(told).toEqual(['open', 'discard']);
    expect(unsaved.isThere).toBe(false);
  });

  it.each([
    [false, true],
    [true, false],
  ])('waits for the page to save; unsaved still: %s, goes: %s', async (still, goes) => {
    const { unsaved, told, press, rings } = setUp();
    unsaved.hear(true);
    const going = unsaved.mayGo();
    press(0);
    await settled();
    expect(told).toEqual(['open', 'save']);
    unsaved.hear(still);
    expect(await going).toBe(goes);
    expect(rings()).toBe(false);
  });

  it('stays where the page does not answer, and asks again the next time', async () => {
    const { unsaved, asked, press, ring } = setUp();
    unsaved.hear(true);
    const going = unsaved.mayGo();
    press(0);
    await settled();
    ring();
    expect(await going).toBe(false);
    void unsaved.mayGo();
    expect(asked).toHaveLength(10);
  });

  it('goes where it was saved while the question stood there', async () => {
    const { unsaved, told, press } = setUp();
    unsaved.hear(true);
    const going = unsaved.mayGo();
    unsaved.hear(false);
    press(2);
    expect(await going).toBe(true);
    expect(told).toEqual(['open']);
  });
});
