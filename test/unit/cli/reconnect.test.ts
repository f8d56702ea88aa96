/** `adit reconnect`: a fresh connection for a tunnel. */
import { describe, expect, it } from 'vitest';
import { type TunnelStatus, tunnelStatusSchema } from '#core/ipc/contract.ts';
import type { Answers } from '#test/fakes/helper-server.ts';
import { bare, CONNECTED } from '#test/fakes/statuses.ts';
import { emits, helper, run } from '#test/harness/cli-session.ts';

if (CONNECTED.ike === null) throw new Error('CONNECTED has no IKE SA');
const fresh = { ...CONNECTED, ike: { ...CONNECTED.ike, spiI: 'ffffffffffffffff' } };

const reconnecting = (...statuses: readonly TunnelStatus[]): Answers => ({
  'events.subscribe': () => ({ sequence: 0, status: { tunnels: [CONNECTED] } }),
  'tunnel.reconnect': (_, peer) => {
    setImmediate(emits(...statuses), peer);
    return { accepted: true };
  },
});

describe('adit reconnect', () => {
  it('returns when another IKE SA carries the tunnel', async () => {
    const fake = await helper(reconnecting(CONNECTED, bare('reconnecting'), fresh));
    expect(await run(fake, 'reconnect work')).toMatchObject({
      code: 0,
      stdout: 'Work has a fresh connection.\n',
      stderr: '',
    });
    expect(fake.received.at(-1)).toEqual({ name: 'tunnel.reconnect', params: { id: 'work' } });
  });

  it('prints that one as JSON, and none before it', async () => {
    const fake = await helper(reconnecting(CONNECTED, bare('reconnecting'), fresh));
    const { code, stdout } = await run(fake, 'reconnect work --json');
    expect(code).toBe(0);
    expect(tunnelStatusSchema.parse(JSON.parse(stdout))).toEqual(fresh);
  });

  it('fails where the tunnel goes meanwhile', async () => {
    const fake = await helper(reconnecting(bare('failed')));
    const { code, stderr } = await run(fake, 'reconnect work');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'adit: The tunnel went down meanwhile.\nSee adit status.\n',
    });
  });
});
