/**
 * tshark as an independent reader: decrypts a capture with exported key tables in a private profile directory and
 * says for every packet what it is. Used by test/interop/capture.test.ts.
 */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './process.ts';

/** Wireshark's own file names: rows of IKEv2 keys by SPI pair, rows of ESP keys by SPI. */
const KEY_TABLES = ['ikev2_decryption_table', 'esp_sa'] as const;

interface ReadPacket {
  readonly frame: number;
  /** `eth:ethertype:ip:udp:udpencap:esp:ip:tcp`: what follows `esp` was decrypted. */
  readonly protocols: string;
  /** IKE exchange type, when it is IKE. */
  readonly exchange: number | undefined;
  /** IKE with an Encrypted payload that tshark decrypted. */
  readonly ikeDecrypted: boolean;
  readonly espSpi: string | undefined;
  /** ESP whose ICV tshark checked and found right. */
  readonly icvGood: boolean;
  /** Whatever tshark calls malformed or a dissector error. */
  readonly malformed: string;
}

const FIELDS = [
  'frame.number',
  'frame.protocols',
  'isakmp.exchangetype',
  'isakmp.enc.decrypted',
  'esp.spi',
  'esp.icv_good',
  '_ws.malformed',
  '_ws.expert.group',
] as const;
/** PI_MALFORMED of wireshark's epan/proto.h: the expert group of packets that break their protocol. */
const EXPERT_MALFORMED = String(0x07000000);

/** Reads `capture`; `tables` is a folder with the files of KEY_TABLES. `ports` says where IKE runs besides 500, 4500. */
export async function readCapture(capture: string, tables: string): Promise<ReadPacket[]> {
  const profile = await mkdtemp(join(tmpdir(), 'adit-tshark-'));
  try {
    for (const table of KEY_TABLES) await copyFile(join(tables, table), join(profile, table));
    const preferences = ['esp.enable_encryption_decode:TRUE', 'esp.enable_authentication_check:TRUE'];
    const argv = [
      'tshark',
      '-n',
      '-r',
      capture,
      ...preferences.flatMap((text) => ['-o', text]),
      '-T',
      'fields',
    ];
    const text = await run([...argv, '-E', 'separator=|', ...FIELDS.flatMap((field) => ['-e', field])], {
      env: { WIRESHARK_CONFIG_DIR: profile },
    });
    return text.split('\n').filter(Boolean).map(readPacket);
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
}

function readPacket(line: string): ReadPacket {
  const [frame, protocols = '', exchange, decrypted, spi, icv, malformed = '', groups = ''] = line.split('|');
  return {
    frame: Number(frame),
    protocols,
    exchange: exchange === undefined || exchange === '' ? undefined : Number(exchange),
    ikeDecrypted: decrypted !== undefined && decrypted !== '',
    espSpi: spi === '' ? undefined : spi,
    icvGood: icv === '1',
    malformed: [malformed, ...groups.split(',').filter((group) => group === EXPERT_MALFORMED)]
      .filter(Boolean)
      .join(' '),
  };
}

export const isEsp = (packet: ReadPacket): boolean => packet.protocols.split(':').includes('esp');
/** Decrypted, and what came out is an IP packet. */
export const isEspDecrypted = (packet: ReadPacket): boolean => /:esp:ipv?6?(:|$)/.test(packet.protocols);
export const isIke = (packet: ReadPacket): boolean => packet.protocols.split(':').includes('isakmp');
