/** What the wrapper refuses before C++ sees it. Its traffic is tested in test/system, where there are namespaces. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { EMPTY } from '#core/bytes/bytes.ts';
import type { ChildSa } from '#core/esp/child-sa.ts';
import { checkChild, checkIkePath, checkPath, checkSockets } from '#helper/native/arguments.ts';
import { linuxPlatform } from '#helper/native/data-plane-linux.ts';
import { childFromText, suite } from '#test/harness/esp-children.ts';

const child = childFromText({
  spiIn: 0x1001,
  spiOut: 0x2001,
  esp: 'aes128gcm16',
  keyIn: 'in',
  keyOut: 'out',
});
const platform = linuxPlatform();

describe('a Child SA', () => {
  it('passes as the key exchange makes it', () => {
    expect(() => checkChild(child)).not.toThrow();
    expect(platform.openEspCodec(child).counters().packetsLeft).toBe(0xffffffffn);
  });

  const wrong: [Partial<ChildSa>, string][] = [
    [{ spiIn: 255 }, 'spiIn: 255 is not an integer from 256 to 4294967295'],
    [{ spiOut: 2 ** 32 }, 'spiOut: 4294967296 is not an integer from 256 to 4294967295'],
    [{ spiIn: 1.5e3 + 0.5 }, 'spiIn: 1500.5 is not an integer from 256 to 4294967295'],
    [
      { keysIn: { ...child.keysIn, encryption: new Uint8Array(16) } },
      'keysIn.encryption: 16 octets, where the suite needs 20',
    ],
    [
      { keysOut: { ...child.keysOut, integrity: new Uint8Array(1) } },
      'keysOut.integrity: 1 octets, where the suite needs 0',
    ],
    [{ replayWindow: 65_537 }, 'replayWindow: 65537 is not an integer from 0 to 65536'],
    [{ replayWindow: -1 }, 'replayWindow: -1 is not an integer from 0 to 65536'],
    [{ localTs: [] }, 'localTs: empty, so no packet could ever match'],
    [
      { remoteTs: [{ ...child.remoteTs[0]!, end: new Uint8Array(16) }] },
      'remoteTs[0]: start and end are 4 and 16 octets, not addresses of one family',
    ],
    [
      { remoteTs: [{ ...child.remoteTs[0]!, start: EMPTY, end: EMPTY }] },
      'remoteTs[0]: start and end are 0 and 0 octets, not addresses of one family',
    ],
    [
      { localTs: [{ ...child.localTs[0]!, protocol: 256 }] },
      'localTs[0].protocol: 256 is not an integer from 0 to 255',
    ],
    [{ hardLimit: { bytes: -1n } }, 'hardLimit.bytes: -1 does not fit 64 bits'],
    [{ lifetimeSec: 0 }, 'lifetimeSec: 0 is not a number of seconds above 0, up to 4294967295'],
    [{ lifetimeSec: Number.NaN }, 'lifetimeSec: NaN is not a number of seconds above 0, up to 4294967295'],
    [{ hardLimit: { packets: 1n << 64n } }, 'hardLimit.packets: 18446744073709551616 does not fit 64 bits'],
    [
      {
        suite: { encryption: suite('aes128-sha1').encryption, esn: false },
        keysIn: bare(16),
        keysOut: bare(16),
      },
      'suite.integrity: ENCR_AES_CBC needs an integrity algorithm',
    ],
  ];
  it.each(wrong)('is refused by field %#', (change, message) => {
    expect(() => checkChild({ ...child, ...change })).toThrow(message);
  });

  it('with AES-XCBC is refused by name', () => {
    const xcbc = childFromText({
      spiIn: 0x1001,
      spiOut: 0x2001,
      esp: 'aes128-aesxcbc',
      keyIn: 'in',
      keyOut: 'out',
    });
    expect(() => platform.openEspCodec(xcbc)).toThrow(
      'suite.integrity: the native data plane has no AUTH_AES_XCBC_96',
    );
  });
});

function bare(length: number) {
  return { encryption: new Uint8Array(length), integrity: EMPTY };
}

describe('paths and sockets', () => {
  const sockets = [{ family: 4, port: 4500 }] as const;
  it.each([
    [1, '192.0.2.1', 4500, 'socket: 1 is not the index of an open socket'],
    [-1, '192.0.2.1', 4500, 'socket: -1 is not the index of an open socket'],
    [0, '192.0.2.1', 0, 'remote.port: 0 is not an integer from 1 to 65535'],
    [0, '192.0.2.1', 65_536, 'remote.port: 65536 is not an integer from 1 to 65535'],
    [0, '2001:db8::1', 4500, "remote.address: '2001:db8::1' is not an address of IPv4"],
    [0, 'gw.example', 4500, "remote.address: 'gw.example' is not an address of IPv4"],
    [0, '', 4500, "remote.address: '' is not an address of IPv4"],
  ])('%s %s %s', (socket, address, port, message) => {
    expect(() => checkPath({ socket, remote: { address, port } }, sockets)).toThrow(message);
  });

  it('lead IKE to no socket of ESP', () => {
    const both = [...sockets, { family: 4, port: 0, protocol: 'esp' }] as const;
    const remote = { address: '192.0.2.1', port: 4500 };
    expect(() => checkPath({ socket: 1, remote }, both)).not.toThrow();
    expect(() => checkIkePath({ socket: 0, remote }, both)).not.toThrow();
    expect(() => checkIkePath({ socket: 1, remote }, both)).toThrow('socket: 1 carries ESP only, not IKE');
  });

  it('sockets are refused by their index', () => {
    expect(() =>
      checkSockets([
        { family: 4, port: 0 },
        { family: 6, port: 70_000 },
      ]),
    ).toThrow('sockets[1].port: 70000');
    expect(() => checkSockets([{ family: 4, port: 4500, protocol: 'esp' }])).toThrow('sockets[0].port: 4500');
    expect(() => checkSockets([{ family: 4, port: 0, mark: -1 }])).toThrow('sockets[0].mark: -1');
    expect(() => checkSockets([{ family: 6, port: 0, address: '127.0.0.1' }])).toThrow(
      "sockets[0].address: '127.0.0.1'",
    );
  });
});

describe('the addon', () => {
  it('is missing with a sentence that says what to run', () => {
    expect(() => linuxPlatform('/nowhere/adit.node')).toThrow(
      /^the native data plane \/nowhere\/adit\.node does not load: .*; run: npm run build:native$/s,
    );
  });

  it('knows who is at the other end of a Unix socket', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'adit-peer-'));
    const server = createServer().listen(join(directory, 's'));
    await once(server, 'listening');
    const client = connect(join(directory, 's'));
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const { fd } = (accepted as unknown as { _handle: { fd: number } })._handle;
    expect(platform.peerCredentials(fd)).toEqual({
      pid: process.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
    });
    client.destroy();
    accepted.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  });

  it('says with code and syscall what the system refused', () => {
    let thrown: unknown;
    try {
      platform.peerCredentials(0x7fff_fff0);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Error);
    expect(thrown).toMatchObject({ code: 'EBADF', syscall: 'getsockopt SO_PEERCRED', errno: 9 });
  });

  it.each(['', 'a-name-of-16-octs', 'nul\0'])('refuses the interface name %j', (name) => {
    expect(() => platform.openTun(name)).toThrow("name: '");
  });

  it('takes no value of a wrong type from an untyped caller', () => {
    const codec = platform.openEspCodec(child);
    for (const value of [undefined, null, 1, 'x', [], {}, new Uint16Array(20), new ArrayBuffer(20)]) {
      expect(() => codec.outbound(value as never)).toThrow('packet: expected a Uint8Array');
      expect(() => codec.inbound(value as never)).toThrow('esp: expected a Uint8Array');
    }
    expect(() => codec.outbound(new Uint8Array(20), new Uint8Array(3))).toThrow(
      'iv: its length does not fit the cipher',
    );
    const detached = codec.outbound.bind({} as never);
    expect(() => detached(new Uint8Array(20))).toThrow(
      'this: the method was called on an object that is not its own',
    );
  });
});
