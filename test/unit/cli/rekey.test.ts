/** `adit rekey`: new keys for a tunnel that is up. */
import { describe, expect, it } from 'vitest';
import { type TunnelStatus, tunnelStatusSchema } from '#core/ipc/contract.ts';
import type { Answers } from '#test/fakes/helper-server.ts';
import { bare, CONNECTED } from '#test/fakes/statuses.ts';
import { emits, helper, run } from '#test/harness/cli-session.ts';

const [child] = CONNECTED.children;
if (child === undefined || CONNECTED.ike === null) throw new Error('CONNECTED has no SAs');
const newChild = { ...CONNECTED, children: [{ ...child, spiIn: 'c0ffee05' }] };
const bothChildren = { ...CONNECTED, children: [{ ...child, spiIn: 'c0ffee05' }, child] };
const newIke = { ...CONNECTED, ike: { ...CONNECTED.ike, spiI: 'ffffffffffffffff' } };
const all = { ...newChild, ike: newIke.ike };

const rekeying = (answers: Readonly<Record<'ike' | 'child', readonly TunnelStatus[]>>): Answers => ({
  'events.subscribe': () => ({ sequence: 0, status: { tunnels: [CONNECTED] } }),
  'tunnel.rekey': (params, peer) => {
    const { what } = params as { what: 'ike' | 'child' };
    setImmediate(emits(...answers[what]), peer);
    return { accepted: true };
  },
});

describe('adit rekey', () => {
  it('asks for Child SAs and then for the IKE SA, each when the last one is done', async () => {
    const fake = await helper(rekeying({ child: [CONNECTED, bothChildren, newChild], ike: [newChild, all] }));
    expect(await run(fake, 'rekey work')).toMatchObject({
      code: 0,
      stdout: 'Work has new keys.\n',
      stderr: '',
    });
    expect(fake.received.filter(({ name }) => name === 'tunnel.rekey').map(({ params }) => params)).toEqual([
      { id: 'work', what: 'child' },
      { id: 'work', what: 'ike' },
    ]);
  });

  it.each([
    ['--child', 'child'],
    ['--ike', 'ike'],
  ])('%s: only that, and not before it is there', async (option, what) => {
    const fake = await helper(
      rekeying({ child: [CONNECTED, bothChildren, newChild], ike: [CONNECTED, newIke] }),
    );
    const { code, stdout } = await run(fake, `rekey work ${option} --json`);
    expect(code).toBe(0);
    expect(tunnelStatusSchema.parse(JSON.parse(stdout))).toEqual(what === 'ike' ? newIke : newChild);
    expect(fake.received.at(-1)).toEqual({ name: 'tunnel.rekey', params: { id: 'work', what } });
  });

  it('fails where the tunnel goes meanwhile', async () => {
    const fake = await helper(rekeying({ child: [bare('failed')], ike: [] }));
    const { code, stderr } = await run(fake, 'rekey work');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'adit: The tunnel went down meanwhile.\nSee adit status.\n',
    });
  });
});
