/**
 * What a person does with a profile, against a helper that says what the test wants: a form that is filled in wrongly, a
 * profile that is changed elsewhere, secrets, export, files of the wrong kind, and 200 profiles. Its looks: views-*.test.ts.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Params, ProfileSummary } from '#core/ipc/contract.ts';
import type { Profile } from '#core/profile/profile.ts';
import { FakeHelper, type FakePeer, Refusal } from '#test/fakes/helper-server.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';
import { until } from '#test/harness/process.ts';
import { RunningApp } from './driver.ts';
import { CERTIFICATES, exportedWork, SECRETS, WORK } from './fixtures.ts';
import { drop } from './page.ts';

/** A helper with a few profiles that can be changed behind the window's back. */
class Scene {
  readonly helper: FakeHelper;
  readonly app: RunningApp;
  readonly state: State;

  private constructor(helper: FakeHelper, app: RunningApp, state: State) {
    this.helper = helper;
    this.app = app;
    this.state = state;
  }

  static async open(): Promise<Scene> {
    const state = new State();
    const helper = await FakeHelper.start({
      answers: {
        'events.subscribe'({ topic }, peer) {
          state.peer = peer;
          return topic === 'profiles'
            ? { sequence: 0, profiles: state.list() }
            : { sequence: 0, status: { tunnels: [] } };
        },
        'profiles.get': () => ({ summary: state.summary(), profile: state.profile }),
        'profiles.certificates': () => ({ certificates: [...CERTIFICATES] }),
        'profiles.update': (params) => state.update(params),
        'profiles.setSecret': (params) => state.keep(params),
        'profiles.forgetSecret': ({ which }) => {
          state.secrets = state.secrets.filter((name) => name !== which);
          state.tell();
          return {};
        },
        'profiles.export': ({ format }) => exportedWork(format),
        'profiles.import': (params) => state.import(params),
        'tunnel.reconnect': () => ({ accepted: true }),
        'tunnel.up': () => ({ accepted: true }),
      },
    });
    const app = await RunningApp.start({ socket: helper.path });
    return new Scene(helper, app, state);
  }

  async close(): Promise<void> {
    await this.app[Symbol.asyncDispose]();
    await this.helper.stop();
  }

  async begin(): Promise<void> {
    this.state.reset();
    await this.app.page.reload();
    this.state.tell();
    await button(this.app.page, 'Profiles').waitFor();
  }

  async openProfile(): Promise<void> {
    const { page } = this.app;
    await button(page, 'Profiles').click();
    await button(page, 'Show Work').click();
    await page.getByText('2001:db8::1').waitFor();
  }
}

class State {
  peer: FakePeer | undefined;
  profile: Profile = WORK;
  secrets = SECRETS;
  needs: readonly string[] = ['password'];
  revision = 1;
  isUp = false;
  refusal: Refusal | undefined;
  readonly updates: Params<'profiles.update'>[] = [];
  readonly imports: Params<'profiles.import'>[] = [];

  reset(): void {
    Object.assign(this, {
      profile: WORK,
      secrets: SECRETS,
      needs: ['password'],
      isUp: false,
      refusal: undefined,
    });
    this.updates.length = 0;
    this.imports.length = 0;
  }

  summary = (): ProfileSummary =>
    summary('work', {
      name: this.profile.name,
      gateway: 'vpn.example.org',
      storedSecrets: this.secrets,
      missingSecrets: this.needs.filter((name) => !this.secrets.includes(name)),
      revision: String(this.revision),
    });
  list = (): ProfileSummary[] => [this.summary(), summary('home', { name: 'Home' })];

  /** What anybody may do to the profile at any time. */
  tell(): void {
    this.peer?.sendEvent({ topic: 'profiles', changed: [this.summary()], removed: [] });
  }

  update(params: Params<'profiles.update'>) {
    this.updates.push(params);
    if (this.refusal) throw this.refusal;
    this.profile = params.profile as Profile;
    this.revision++;
    this.tell();
    return {
      summary: this.summary(),
      appliesAt: this.isUp ? ('next-connection' as const) : ('now' as const),
    };
  }

  keep(params: Params<'profiles.setSecret'>) {
    const given = Object.keys(params).filter((name) => name !== 'id');
    this.secrets = [...this.secrets, ...given];
    this.tell();
    return {};
  }

  import(params: Params<'profiles.import'>) {
    this.imports.push(params);
    const text = Buffer.from(params.files[0]?.content ?? '', 'base64').toString('latin1');
    if (text.startsWith('PK')) throw new Refusal('refused', 'a.zip: this is no profile that Adit knows');
    const p12Password = params.each?.[0]?.p12Password;
    if (p12Password !== undefined && p12Password !== Buffer.from('right').toString('base64'))
      throw new Refusal('refused', 'it does not open the PKCS#12 file', {
        problems: [{ field: 'each.0.p12Password', problem: 'it does not open the PKCS#12 file' }],
      });
    const many = Number(/^many (\d+)/.exec(text)?.[1] ?? 1);
    const missingSecrets = p12Password === undefined ? ['pkcs12Password', 'password'] : ['password'];
    return {
      imported: Array.from({ length: many }, (_, at) => ({
        id: params.dryRun === true ? null : 'work',
        name: many === 1 ? 'Head \u202eeciffo\u0007' : `Payload ${at + 1}`,
        missingSecrets,
        report: [
          ...missingSecrets.map((setting) => ({
            outcome: 'missing' as const,
            setting,
            reason: 'not in the file',
          })),
          { outcome: 'missing' as const, setting: 'user', reason: 'the user name is not in the file' },
          { outcome: 'taken' as const, setting: 'RemoteAddress', value: 'vpn.example.org' },
        ],
      })),
    };
  }
}

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name });
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });

describe('a profile', () => {
  let scene: Scene;
  let page: Page;
  beforeAll(async () => {
    scene = await Scene.open();
    ({ page } = scene.app);
  });
  afterAll(() => scene?.close());
  beforeEach(() => scene.begin());

  const edit = async (): Promise<void> => {
    await scene.openProfile();
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    await heading(page, 'Edit profile').waitFor();
  };
  const save = () => page.getByRole('button', { name: 'Save', exact: true }).click();

  it('is edited by keyboard alone, and only what was changed is another', async () => {
    await edit();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    await page.getByLabel('Name', { exact: true }).focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Office');
    await page.keyboard.press('Enter');
    await heading(page, 'Office').waitFor();
    expect(scene.state.updates).toEqual([
      { id: 'work', profile: { ...WORK, name: 'Office' }, baseRevision: expect.any(String) },
    ]);
  });

  it('that is filled in wrongly says so at the field, in the helper’s words, and keeps all that was typed', async () => {
    await edit();
    await page.getByLabel('Networks', { exact: true }).fill('10.0.0.0/8\nnonsense');
    await page.getByText('Advanced').click();
    expect(await page.getByLabel('Lifetime of the IKE SA', { exact: true }).inputValue()).toBe('4');
    await page.getByLabel('Lifetime of the IKE SA', { exact: true }).fill('30');
    await page.getByLabel('Lifetime of the IKE SA: unit').selectOption('Seconds');
    await page.getByText('Advanced').click();
    await save();
    const wrong = page.locator('[aria-invalid="true"]');
    expect(await wrong.count()).toBe(2);
    const networks = page.getByLabel('Networks', { exact: true });
    expect(await networks.evaluate((field) => field === document.activeElement)).toBe(true);
    const described = await networks.getAttribute('aria-describedby');
    const problem = await page.locator(`[id="${described?.split(' ')[0]}"]`).textContent();
    expect(problem).toMatch(/^"nonsense" is no selector; expected/);
    await page.getByText('This is too short; expected at least 1 minute.').waitFor();
    await page.getByText('2 fields need another look.').waitFor();
    expect(await networks.inputValue()).toBe('10.0.0.0/8\nnonsense');
    expect(scene.state.updates).toEqual([]);
  });

  it('shows a refusal of the helper’s at its field', async () => {
    await edit();
    scene.state.refusal = new Refusal('refused', 'no', {
      problems: [
        { field: 'dns.servers.0', problem: 'the helper does not like it', remedy: 'choose another' },
      ],
    });
    await page.getByLabel('DNS servers').fill('10.99.0.2');
    await save();
    await page.getByText('the helper does not like it; choose another').waitFor();
    expect(await page.getByLabel('DNS servers').evaluate((field) => field === document.activeElement)).toBe(
      true,
    );
    scene.state.refusal = new Refusal('refused', 'it cannot be written: no space left on device');
    await save();
    await page.getByText('no space left on device').waitFor();
    expect(await page.getByLabel('DNS servers').inputValue()).toBe('10.99.0.2');
  });

  it('is protected against quantum computers as the person chooses, which each choice explains', async () => {
    await edit();
    const choice = page.getByLabel('Post-quantum protection');
    const meant = async (): Promise<string | null> => {
      const described = await choice.getAttribute('aria-describedby');
      return page.locator(`[id="${described?.split(' ').at(-1)}"]`).textContent();
    };
    expect(await meant()).toMatch(/may be able to read it one day/);
    await choice.selectOption('Where the gateway can');
    expect(await meant()).toMatch(/otherwise the tunnel connects without/);
    await choice.selectOption('Always');
    expect(await meant()).toMatch(/the tunnel does not connect/);
    const required = page.getByRole('switch', { name: 'Connect only with this key' });
    expect(await required.count()).toBe(0);
    await page.getByLabel('Name of the post-quantum key (PPK)').fill('key-of-alice');
    await required.click();
    scene.state.refusal = new Refusal('refused', 'no', {
      problems: [{ field: 'ike.postQuantum', problem: 'it leaves no proposal' }],
    });
    await save();
    await page.getByText('it leaves no proposal').waitFor();
    expect(await choice.getAttribute('aria-invalid')).toBe('true');
    expect(await choice.evaluate((field) => field === document.activeElement)).toBe(true);
    scene.state.refusal = undefined;
    scene.state.needs = ['ppk'];
    await save();
    await heading(page, 'Work').waitFor();
    expect(scene.state.profile.ike).toEqual({
      ...WORK.ike,
      postQuantum: 'require',
      ppk: { id: 'key-of-alice', required: true },
    });
    await page.getByText('No connection without this key').waitFor();
    await button(page, 'Set: Post-quantum pre-shared key').click();
    await page.getByLabel('Post-quantum pre-shared key', { exact: true }).fill('0123456789abcdef');
    await page.keyboard.press('Enter');
    await button(page, 'Forget: Post-quantum pre-shared key').waitFor();
    expect(scene.helper.received.filter(({ name }) => name === 'profiles.setSecret').at(-1)?.params).toEqual({
      id: 'work',
      ppk: Buffer.from('0123456789abcdef').toString('base64'),
    });
  });

  it('that lacks both of its keys asks for one after the other, and keeps the post-quantum one', async () => {
    scene.state.needs = ['psk', 'ppk'];
    scene.state.tell();
    await button(page, 'Profiles').click();
    await page.getByText('Asks for a secret when connecting').click();
    await button(page, 'Connect').click();
    await page.getByLabel('Post-quantum pre-shared key').fill('abc');
    expect(await page.getByLabel('Remember on this computer').count()).toBe(0);
    await page.keyboard.press('Enter');
    await page.getByLabel('Pre-shared key', { exact: true }).fill('def');
    expect(scene.helper.received.filter(({ name }) => name === 'tunnel.up')).toEqual([]);
    await page.keyboard.press('Enter');
    await scene.helper.called('tunnel.up');
    expect(scene.helper.received.slice(-2)).toEqual([
      { name: 'profiles.setSecret', params: { id: 'work', ppk: 'YWJj' } },
      { name: 'tunnel.up', params: { id: 'work', psk: 'ZGVm' } },
    ]);
  });

  it('asks before what was typed is lost, and never otherwise', async () => {
    await edit();
    await page.keyboard.press('Escape');
    await heading(page, 'Work').waitFor();
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    await page.getByLabel('Name', { exact: true }).fill('Typed');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor();
    await button(page, 'Go on editing').click();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Typed');
    // A dropped file takes the view, not the text.
    await drop(page, [{ name: 'a.mobileconfig', content: 'plist' }]);
    await heading(page, 'Check before saving').waitFor();
    await page.keyboard.press('Escape');
    await scene.openProfile();
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Typed');
    await button(page, 'Back').click();
    await button(page, 'Discard').click();
    await heading(page, 'Work').waitFor();
  });

  it('that was changed elsewhere says so at once and keeps what was typed', async () => {
    await edit();
    await page.getByLabel('Name', { exact: true }).fill('Mine');
    scene.state.profile = { ...WORK, dns: { servers: ['10.1.2.3'], domains: [] } };
    scene.state.revision++;
    scene.state.tell();
    await page.getByText('This profile was changed elsewhere meanwhile.').waitFor();
    await button(page, 'Load it again and keep what I typed').click();
    await until(
      'theirs is shown',
      async () => (await page.getByLabel('DNS servers').inputValue()) === '10.1.2.3',
    );
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Mine');
    await save();
    await heading(page, 'Mine').waitFor();
    expect(scene.state.updates[0]?.profile).toMatchObject({ name: 'Mine', dns: { servers: ['10.1.2.3'] } });
  });

  it('whose tunnel is up offers to reconnect', async () => {
    scene.state.isUp = true;
    scene.state.peer?.sendEvent({ topic: 'status', status: { tunnels: [CONNECTED] } });
    await edit();
    await page.getByLabel('Reconnect by itself').click();
    await save();
    await page.getByText('keeps its old settings until it connects again').waitFor();
    await button(page, 'Reconnect now').click();
    await scene.helper.called('tunnel.reconnect');
    await until('it is told no longer', async () => (await button(page, 'Reconnect now').count()) === 0);
    expect(scene.helper.received.filter(({ name }) => name === 'tunnel.reconnect')).toHaveLength(1);
    scene.state.peer?.sendEvent({ topic: 'status', status: { tunnels: [bare('disconnected')] } });
  });

  it('forgets and takes a secret', async () => {
    await scene.openProfile();
    await button(page, 'Forget: Password').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
    await button(page, 'Set: Password').click();
    await page.getByLabel('Password', { exact: true }).fill('secret');
    await page.keyboard.press('Enter');
    await scene.helper.called('profiles.setSecret');
    expect(await button(page, /Private key/).count()).toBe(0);
  });

  it('is saved where the person says, for their eyes only', async () => {
    await scene.openProfile();
    await button(page, 'Export…').click();
    await page.getByLabel('Apple (.mobileconfig)').check();
    await page.getByText('prove themselves as the gateway does').waitFor();
    await page.getByLabel('Adit (.json)').check();
    await page.getByText('The file holds every setting.').waitFor();
    const path = join(scene.helper.path, '../exported.json');
    await scene.app.host.answerSave(path);
    await button(page, 'Save…').click();
    await page.getByText('Saved: Work.adit').waitFor();
    expect(await readFile(path, 'utf8')).toBe('the file');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await scene.app.host.answerSave(undefined);
  });

  it('in a locked file is opened in the preview; a wrong password loses nothing', async () => {
    await drop(page, [{ name: 'office.mobileconfig', content: 'plist' }]);
    await page.getByLabel('User name').fill('bob');
    const lock = page.getByLabel('Password of the certificate file');
    await lock.fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('This password does not open it.').waitFor();
    expect(await lock.getAttribute('aria-invalid')).toBe('true');
    // Control characters and marks that turn the direction are shown, not obeyed.
    await heading(page, 'Head \\u{202e}eciffo\\u{7}').waitFor();
    await lock.fill('right');
    await button(page, 'Open').click();
    await lock.waitFor({ state: 'detached' });
    await page.getByLabel('Password', { exact: true }).fill('hunter2');
    expect(await page.getByLabel('User name').inputValue()).toBe('bob');
    await button(page, 'Save profile').click();
    await heading(page, 'Not connected').waitFor();
    expect(scene.state.imports.at(-1)).toMatchObject({
      dryRun: false,
      each: [
        {
          p12Password: Buffer.from('right').toString('base64'),
          password: Buffer.from('hunter2').toString('base64'),
          user: 'bob',
        },
      ],
    });
  });

  it('among two hundred: what happens elsewhere draws no row again, and a changed one only its own', async () => {
    const many = Array.from({ length: 200 }, (_, at) =>
      summary(`work-${String(at).padStart(3, '0')}`, { name: `Site ${at}` }),
    );
    scene.state.peer?.sendEvent({ topic: 'profiles', changed: many, removed: [] });
    await button(page, 'Profiles').click();
    await page.getByText('202 profiles').waitFor();
    await page.evaluate(() => {
      const drawn: string[] = [];
      Object.assign(globalThis, { drawn });
      new MutationObserver((records) => {
        for (const { target } of records) {
          const row = (target instanceof Element ? target : target.parentElement)?.closest('li');
          drawn.push(row?.textContent ?? 'the list');
        }
      }).observe(document.querySelector('ul') ?? document, {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
      });
    });
    for (let second = 0; second < 20; second++)
      scene.state.peer?.sendEvent({
        topic: 'status',
        status: { tunnels: [bare('connecting', { step: `${second}` })] },
      });
    scene.state.peer?.sendEvent({
      topic: 'profiles',
      changed: [summary('work-007', { name: 'Another' })],
      removed: [],
    });
    await page.getByText('Another', { exact: true }).waitFor();
    const drawn = await page.evaluate(() => (globalThis as unknown as { drawn: string[] }).drawn);
    // The one that is connecting says so once.
    expect([...new Set(drawn)].toSorted()).toEqual([
      'Anothervpn.example.org',
      'Workvpn.example.orgConnecting…Expires in 12 days',
    ]);
    scene.state.peer?.sendEvent({ topic: 'status', status: { tunnels: [bare('disconnected')] } });
    const gone = many.map(({ id }) => id);
    scene.state.peer?.sendEvent({ topic: 'profiles', changed: [], removed: gone });
  });

  it('of a file with several is given its own secrets, and its settings stay folded away', async () => {
    await drop(page, [{ name: 'two.mobileconfig', content: 'many 2' }]);
    await page.getByLabel('User name').nth(1).fill('carol');
    expect(await page.getByText('RemoteAddress').count()).toBe(0);
    await page.getByText('Details: what became of each setting').first().click();
    await page.getByText('1 setting understood').click();
    await page.getByText('RemoteAddress').waitFor();
    await button(page, 'Save 2 profiles').click();
    await heading(page, 'Not connected').waitFor();
    expect(scene.state.imports.at(-1)).toMatchObject({ dryRun: false, each: [{}, { user: 'carol' }] });
  });

  it('of two hundred payloads is shown, and what is no profile is explained', async () => {
    await drop(page, [{ name: 'many.mobileconfig', content: 'many 200' }]);
    await heading(page, 'Payload 200').waitFor({ state: 'attached' });
    await button(page, 'Save 200 profiles').waitFor();
    await drop(page, [{ name: 'a.zip', content: 'PK\u0003\u0004\u0000binary' }]);
    await page.getByText('this is no profile that Adit knows').waitFor();
    await page.keyboard.press('Escape');
    await page.evaluate(() => {
      const large = new File([new Uint8Array(100 * 1024 * 1024)], 'large\u202egnp.mobileconfig');
      const transfer = new DataTransfer();
      transfer.items.add(large);
      const target = document.querySelector('#root > *');
      target?.dispatchEvent(
        new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }),
      );
    });
    await page.getByText('large\\u{202e}gnp.mobileconfig has 100 MiB').waitFor();
    // Its octets were not even read.
    expect(scene.state.imports).toHaveLength(2);
    expect(scene.app.complaints).toEqual([]);
  });
});
