/**
 * Leaving with something typed and not saved: the window closed, the application ended, another profile opened. The
 * person is asked once, in their language, and nothing is lost without their word.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Params } from '#core/ipc/contract.ts';
import { FakeHelper, Refusal } from '#test/fakes/helper-server.ts';
import { profileNamed } from '#test/fakes/profiles.ts';
import { summary } from '#test/fakes/statuses.ts';
import { until } from '#test/harness/process.ts';
import { RunningApp } from './driver.ts';

const SAVE = 0;
const DISCARD = 1;
const STAY = 2;

let helper: FakeHelper;
let app: RunningApp;
let updates: Params<'profiles.update'>[];
let refuses: boolean;

async function open(locale: string): Promise<void> {
  updates = [];
  refuses = false;
  const work = summary('work', { name: 'Work' });
  const home = summary('home', { name: 'Home' });
  helper = await FakeHelper.start({
    answers: {
      'events.subscribe': ({ topic }) =>
        topic === 'profiles'
          ? { sequence: 0, profiles: [work, home] }
          : { sequence: 0, status: { tunnels: [] } },
      'profiles.get': ({ id }) => ({
        summary: id === 'home' ? home : work,
        profile: profileNamed(id === 'home' ? 'Home' : 'Work'),
      }),
      'profiles.update'(params) {
        if (refuses) throw new Refusal('refused', 'no space left on device');
        updates.push(params);
        return { summary: work, appliesAt: 'now' };
      },
    },
  });
  app = await RunningApp.start({ socket: helper.path, locale });
}
afterEach(async () => {
  const { complaints } = app;
  await app[Symbol.asyncDispose]();
  await helper.stop();
  if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join('; ')}`);
});

const button = (name: string) => app.page.getByRole('button', { name, exact: true });
const nameField = () => app.page.getByRole('textbox').first();
const editing = async (names: { profiles: string; show: string; edit: string }): Promise<void> => {
  await button(names.profiles).click();
  await button(names.show).click();
  await button(names.edit).click();
};
const type = async (): Promise<void> => {
  await editing({ profiles: 'Profiles', show: 'Show Work', edit: 'Edit' });
  await nameField().fill('Typed');
};
const questions = () => app.host.questions();
/** What the page has just said to the main process has come. */
const settled = () => app.page.evaluate(async () => await window.adit.call('app.copy', { text: 'settled' }));
declare const window: { readonly adit: { call(name: string, params: object): Promise<unknown> } };

describe('in English', () => {
  beforeEach(() => open('en-GB'));

  it('closes without a question where nothing was typed', async () => {
    if (!app.offers('questions')) return;
    await editing({ profiles: 'Profiles', show: 'Show Work', edit: 'Edit' });
    await app.window.close();
    await until('it is minimised', () => app.window.isMinimized());
    expect(await questions()).toEqual([]);
  });

  it('stays open with all that was typed where the person goes on editing', async () => {
    if (!app.offers('questions')) return;
    await type();
    await settled();
    await app.host.answerQuestion(STAY);
    await app.window.close();
    await app.host.quit();
    await until('both were asked', async () => (await questions()).length === 2);
    expect(await app.window.isMinimized()).toBe(false);
    expect(await app.host.hasQuit()).toBe(false);
    expect(await nameField().inputValue()).toBe('Typed');
    expect((await questions())[0]).toContain('Save the changes?');
  });

  it('quits when it is discarded', async () => {
    if (!app.offers('questions')) return;
    await type();
    await settled();
    await app.host.answerQuestion(DISCARD);
    await app.host.quit();
    await until('it has quit', () => app.host.hasQuit());
    expect(await questions()).toHaveLength(1);
    expect(updates).toEqual([]);
  });

  it('saves first, then closes; asked no more', async () => {
    if (!app.offers('questions')) return;
    await type();
    await settled();
    await app.host.answerQuestion(SAVE);
    await app.window.close();
    await until('it is minimised', () => app.window.isMinimized());
    expect(updates).toMatchObject([{ id: 'work', profile: { name: 'Typed' } }]);
    await app.host.quit();
    await until('it has quit', () => app.host.hasQuit());
    expect(await questions()).toHaveLength(1);
  });

  it('stays where it cannot be saved, and says why', async () => {
    if (!app.offers('questions')) return;
    await type();
    await settled();
    refuses = true;
    await app.host.answerQuestion(SAVE);
    await app.host.quit();
    await app.page.getByText('no space left on device').waitFor();
    expect(await app.host.hasQuit()).toBe(false);
    expect(await nameField().inputValue()).toBe('Typed');
  });

  it('does not lose it to another profile’s form, and saves it from there', async () => {
    await type();
    // A dropped file takes the view; what was typed waits.
    await app.page.evaluate(() => {
      const data = new DataTransfer();
      data.items.add(new File(['x'], 'a.conf'));
      document
        .querySelector('#root > *')
        ?.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    });
    await app.page.getByRole('heading', { name: 'This cannot be imported' }).waitFor();
    await app.page.keyboard.press('Escape');
    await editing({ profiles: 'Profiles', show: 'Show Home', edit: 'Edit' });
    const dialog = app.page.getByRole('dialog', { name: 'Save what you changed?' });
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await until('it is saved', () => updates.length === 1);
    expect(updates).toMatchObject([{ id: 'work', profile: { name: 'Typed' } }]);
    await button('Edit').click();
    expect(await nameField().inputValue()).toBe('Home');
  });
});

describe.each([
  ['de-DE', { profiles: 'Profile', show: 'Work ansehen', edit: 'Bearbeiten' }, 'Änderungen speichern?'],
  ['zh-CN', { profiles: '配置', show: '查看 Work', edit: '编辑' }, '要保存修改吗？'],
] as const)('in %s', (locale, names, question) => {
  beforeEach(() => open(locale));

  it('asks in the language of the window', async () => {
    if (!app.offers('questions')) return;
    await editing(names);
    await nameField().fill('Typed');
    await settled();
    await app.host.answerQuestion(STAY);
    await app.window.close();
    await until('it was asked', async () => (await questions()).length === 1);
    expect((await questions())[0]).toContain(question);
  });
});
