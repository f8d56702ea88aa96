/** A profile opened, edited, exported, and asked about its certificate: what the store does with each answer. */
import type { FieldProblem } from '#core/ipc/profile-calls.ts';
import { describe, expect, it } from 'vitest';
import type { Bridge, BridgeAnswer, BridgeCallName } from '#electron/bridge-contract.ts';
import { soonDays, urgencyOf } from '#renderer/stores/expiry.ts';
import { createAppStore } from '#renderer/stores/store.ts';
import { profileNamed } from '#test/fakes/profiles.ts';
import { summary } from '#test/fakes/statuses.ts';

type Reply = BridgeAnswer<BridgeCallName>;

const WORK = profileNamed('Work');
const refused = (message: string, problems?: FieldProblem[]): Reply => ({
  ok: false,
  problem: { kind: 'refused', message, ...(problems ? { problems } : {}) },
});
const read = (profile = WORK, revision = '1'): Reply => ({
  ok: true,
  result: { summary: summary('work', { revision }), profile },
});

function setUp(given: Partial<Record<BridgeCallName, Reply | Reply[]>> = {}) {
  const replies: Partial<Record<BridgeCallName, Reply | Reply[]>> = {
    'profiles.get': read(),
    'profiles.certificates': { ok: true, result: { certificates: [] } },
    ...given,
  };
  const calls: { name: string; params: unknown }[] = [];
  const bridge = {
    call(name: BridgeCallName, params: unknown) {
      calls.push({ name, params });
      const reply = replies[name];
      const one = Array.isArray(reply) ? (reply.length > 1 ? reply.shift() : reply[0]) : reply;
      return Promise.resolve(one ?? refused(`no answer to ${name}`));
    },
    onEvent: () => () => {},
  } as Bridge;
  const store = createAppStore({ bridge, now: () => 0, setTimer: () => () => {} });
  const named = (name: string) => calls.filter((call) => call.name === name).map(({ params }) => params);
  return { store, state: () => store.getState(), named };
}

async function editing(given: Parameters<typeof setUp>[0] = {}) {
  const all = setUp(given);
  await all.state().openProfile('work');
  all.state().edit();
  return all;
}

describe('editing', () => {
  it('sends what was changed upon the revision that was read, and goes back', async () => {
    const updated: Reply = { ok: true, result: { summary: summary('work'), appliesAt: 'next-connection' } };
    const { state, named } = await editing({ 'profiles.update': updated });
    state().changeField('name', 'Office');
    await state().saveEdit();
    expect(named('profiles.update')).toEqual([
      { id: 'work', profile: { ...WORK, name: 'Office' }, baseRevision: '1' },
    ]);
    expect(state()).toMatchObject({ view: 'profile', editing: undefined, opened: { waits: true } });
  });

  it('sends nothing that is wrong, and counts how often', async () => {
    const { state, named } = await editing();
    state().changeField('name', '');
    await state().saveEdit();
    await state().saveEdit();
    expect(named('profiles.update')).toEqual([]);
    expect(state().editing).toMatchObject({ refusals: 2, problems: { name: { field: 'name' } } });
    state().changeField('name', 'x');
    expect(state().editing?.problems).toEqual({});
  });

  it('puts a refusal at its field, and in words where no field shows it', async () => {
    const { state } = await editing({
      'profiles.update': refused('no', [
        { field: 'dns.servers.1', problem: 'bad' },
        { field: 'mtu', problem: 'found 1' },
      ]),
    });
    state().changeField('name', 'x');
    await state().saveEdit();
    expect(state().editing).toMatchObject({
      values: { name: 'x' },
      problems: { dnsServers: { problem: 'bad' } },
      others: [{ field: 'mtu', problem: 'found 1' }],
      saving: false,
    });
  });

  it('is left at once where nothing was changed, and only after an answer otherwise', async () => {
    const { state } = await editing();
    state().back();
    expect(state()).toMatchObject({ view: 'profile', editing: undefined });
    state().edit();
    state().changeField('name', 'x');
    state().back();
    expect(state()).toMatchObject({ view: 'edit', editing: { leaving: true } });
    await state().answerLeaving('stay');
    expect(state()).toMatchObject({ view: 'edit', editing: { leaving: false, values: { name: 'x' } } });
    // Elsewhere and back: what was typed is still there.
    state().go('import');
    state().edit();
    expect(state().editing?.values.name).toBe('x');
    await state().answerLeaving('discard');
    expect(state()).toMatchObject({ view: 'profile', editing: undefined });
  });

  it('goes on upon a newer profile with what was typed', async () => {
    const theirs = { ...WORK, name: 'Theirs', dns: { servers: ['10.1.1.1'], domains: [] } };
    const { state } = await editing({ 'profiles.get': [read(), read(theirs, '2')] });
    state().changeField('name', 'Mine');
    await state().rebaseEdit();
    expect(state().editing).toMatchObject({
      revision: '2',
      values: { name: 'Mine', dnsServers: '10.1.1.1' },
    });
  });
});

describe('an export', () => {
  const result = {
    files: [
      { name: 'a.conf', content: 'YQ==' },
      { name: 'b.pem', content: 'Yg==' },
    ],
    leftOut: [],
  };

  it('saves its files one after the other, until the person cancels', async () => {
    const saved = (yes: boolean): Reply => ({ ok: true, result: { saved: yes } });
    const { state, named } = setUp({
      'profiles.export': { ok: true, result },
      'app.save': [saved(true), saved(false)],
    });
    await state().openProfile('work');
    await state().exportAs('swanctl');
    await state().saveExport();
    expect(named('app.save')).toEqual(result.files);
    expect(state().exporting?.saved).toEqual(['a.conf']);
  });

  it('that is impossible says why', async () => {
    const { state } = setUp({ 'profiles.export': refused('no place for it') });
    await state().openProfile('work');
    await state().exportAs('sswan');
    expect(state().exporting?.result).toEqual({ problem: 'no place for it' });
  });

  it('that is impossible keeps the reason, for words in another language', async () => {
    const why = { reason: 'sswan-no-psk' } as const;
    const problems = [{ field: '', problem: 'no keys', why }];
    const { state } = setUp({ 'profiles.export': refused('Work: no keys', problems) });
    await state().openProfile('work');
    await state().exportAs('sswan');
    expect(state().exporting?.result).toEqual({ problem: 'Work: no keys', why });
  });
});

describe('a secret', () => {
  it('is given under the name that the call has for it', async () => {
    const { state, named } = setUp({ 'profiles.setSecret': { ok: true, result: {} } });
    await state().openProfile('work');
    expect(await state().giveSecret('pkcs12Password', 'eA==')).toBeUndefined();
    expect(named('profiles.setSecret')).toEqual([{ id: 'work', p12Password: 'eA==' }]);
  });

  it('that is refused says why to whoever asked for it', async () => {
    const { state } = setUp({ 'profiles.setSecret': refused('it does not open it') });
    await state().openProfile('work');
    expect(await state().giveSecret('psk', 'eA==')).toBe('it does not open it');
  });
});

describe('our certificate', () => {
  const own = {
    readable: true,
    role: 'own',
    subject: 'CN=a',
    issuer: 'CN=b',
    names: [],
    moreNames: 0,
    serial: '01',
    notBefore: '2026-01-01T00:00:00.000Z',
    notAfter: '2026-12-01T00:00:00.000Z',
    keyType: 'RSA 2048',
    sha256: 'ab',
    isCa: false,
    expiresInDays: 10,
    warnings: [],
  } as const;

  it('is asked for once a revision, and only where there is a key of ours', async () => {
    const { state, named } = setUp({
      'profiles.certificates': { ok: true, result: { certificates: [{ ...own, names: [], warnings: [] }] } },
    });
    const mine = summary('mine', { storedSecrets: ['privateKey'], revision: '1' });
    await state().askExpiries([summary('keyed'), mine]);
    await Promise.all([state().askExpiries([mine]), state().askExpiries([mine])]);
    expect(named('profiles.certificates')).toEqual([{ id: 'mine' }]);
    expect(state().expiries).toEqual({ mine: { revision: '1', notAfter: own.notAfter } });
    await state().askExpiries([{ ...mine, revision: '2' }]);
    expect(named('profiles.certificates')).toHaveLength(2);
  });

  it.each([
    ['2026-12-01T00:00:00.000Z', 10],
    ['2026-11-21T00:00:01.000Z', 0],
    ['2026-11-20T12:00:00.000Z', -1],
    ['2026-12-21T00:00:00.000Z', undefined],
    [null, undefined],
  ])('that ends at %s is worth a word: %s', (notAfter, days) => {
    expect(soonDays(notAfter, Date.parse('2026-11-21T00:00:00.000Z'))).toBe(days);
  });
});

it.each([
  [29, 'soon'],
  [14, 'soon'],
  [13, 'urgent'],
  [0, 'urgent'],
  [-1, 'expired'],
] as const)('a certificate of %i days is %s', (days, urgency) => {
  expect(urgencyOf(days)).toBe(urgency);
});

describe('the list', () => {
  it('keeps the very profiles that are the same, so that their rows are not drawn again', () => {
    const { state } = setUp();
    const many = () => Array.from({ length: 200 }, (_, at) => summary(`p-${at}`));
    state().receiveProfiles(many());
    const before = state().profiles;
    state().receiveProfiles(many().with(7, summary('p-7', { name: 'another' })));
    expect(state().profiles.filter((profile, at) => profile !== before[at])).toEqual([
      summary('p-7', { name: 'another' }),
    ]);
  });
});
