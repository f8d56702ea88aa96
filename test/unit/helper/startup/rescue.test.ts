/** `aditd --rescue` on a simulated Linux: what it ends, what it says, and what does not keep it from the rest. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { JournalFile } from '#helper/effects/journal-file.ts';
import { lock, LockError } from '#helper/startup/lock.ts';
import { rescue } from '#helper/startup/rescue.ts';
import { SimulatedLinux } from '#test/fakes/simulated-linux.ts';
import { firewallEntry } from '#test/fakes/tunnel-settings.ts';

const RULES = 'inet adit_lockdown';
const GONE = 'removed the rules of lockdown: what no tunnel takes may leave again';
const UNDONE = 'Undid what a former tunnel left: firewall of adit0';

/** As a helper leaves it that was killed in lockdown, with a tunnel. */
async function left() {
  const linux = new SimulatedLinux();
  const { stateDir } = linux.paths;
  chmodSync(stateDir, 0o700);
  const wish = join(stateDir, 'lockdown.json');
  const atStart = join(stateDir, 'lockdown.nft');
  writeFileSync(wish, '{"lan":false,"byAdmin":true}');
  writeFileSync(atStart, `table ${RULES} {}\n`);
  linux.tables.add(RULES).add('ip adit_adit0');
  await JournalFile.open(stateDir).journal.add(firewallEntry);
  return { linux, stateDir, wish, atStart };
}

async function rescued(linux: SimulatedLinux) {
  const said: string[] = [];
  const complaints: string[] = [];
  const well = await rescue({
    system: linux.system,
    say: (line) => said.push(line),
    complain: (line) => complaints.push(line),
  });
  return { well, said, complaints };
}

describe('the rescue', () => {
  it('undoes the journal, then ends lockdown, now and for the next start, and is over', async () => {
    const { linux, stateDir, wish, atStart } = await left();
    using _cleanup = linux;
    const removed = [`removed ${wish}`, `removed ${atStart}`, GONE];
    expect(await rescued(linux)).toEqual({ well: true, said: [UNDONE, ...removed], complaints: [] });
    expect([...linux.tables]).toEqual([]);
    expect([wish, atStart, join(stateDir, 'aditd.lock')].filter((path) => existsSync(path))).toEqual([]);
    const nothing = 'nothing was left, and lockdown is off';
    expect(await rescued(linux)).toEqual({ well: true, said: [nothing], complaints: [] });
  });

  it('changes nothing where a helper runs, and says how it is ended there', async () => {
    const { linux, stateDir, wish } = await left();
    using _cleanup = linux;
    const unlock = lock(stateDir);
    await expect(rescued(linux)).rejects.toThrow(LockError);
    await expect(rescued(linux)).rejects.toThrow(
      new RegExp(`a helper \\(pid ${process.pid}\\).*"adit lockdown off".*systemctl stop aditd`),
    );
    expect([...linux.tables]).toEqual([RULES, 'ip adit_adit0']);
    expect(existsSync(wish)).toBe(true);
    unlock();
    expect((await rescued(linux)).well).toBe(true);
  });

  it('does not read what lockdown.json says', async () => {
    const { linux, wish } = await left();
    using _cleanup = linux;
    writeFileSync(wish, '{"lan":');
    expect(await rescued(linux)).toMatchObject({ well: true, complaints: [] });
    expect(existsSync(wish)).toBe(false);
  });

  it('keeps a damaged journal aside, says so, and goes on', async () => {
    const { linux, stateDir } = await left();
    using _cleanup = linux;
    writeFileSync(join(stateDir, 'journal.json'), '{"version":1,"entr');
    const { well, said, complaints } = await rescued(linux);
    expect({ well, gone: said.at(-1) }).toEqual({ well: true, gone: GONE });
    expect(complaints).toEqual([
      expect.stringMatching(/was damaged and is kept as .*journal\.json\.corrupt/),
    ]);
  });

  it('goes on past a journal that cannot be read, and says what helps', async () => {
    const { linux, stateDir } = await left();
    using _cleanup = linux;
    rmSync(join(stateDir, 'journal.json'));
    mkdirSync(join(stateDir, 'journal.json'));
    const { well, said, complaints } = await rescued(linux);
    expect({ well, gone: said.at(-1) }).toEqual({ well: false, gone: GONE });
    expect(complaints).toEqual([
      expect.stringMatching(/^The journal cannot be undone: .*\. Restart the computer/),
    ]);
  });

  it('tells an entry that cannot be undone with its remedy, and ends lockdown all the same', async () => {
    const { linux, stateDir } = await left();
    using _cleanup = linux;
    linux.refusals.push({ pattern: /delete table ip adit_adit0/, stderr: 'Operation not permitted' });
    const { well, said, complaints } = await rescued(linux);
    expect({ well, gone: said.at(-1) }).toEqual({ well: false, gone: GONE });
    expect(complaints).toEqual([
      expect.stringMatching(/^Cannot undo firewall of adit0: .*Start aditd as root/),
    ]);
    expect(readFileSync(join(stateDir, 'journal.json'), 'utf8')).toContain('adit_adit0');
  });

  it('tells rules that stay with the remedy; the files are gone all the same', async () => {
    const { linux, wish, atStart } = await left();
    using _cleanup = linux;
    linux.refusals.push({ pattern: /delete table inet/, stderr: 'Operation not permitted' });
    const { well, complaints } = await rescued(linux);
    expect(well).toBe(false);
    expect(complaints).toEqual([
      expect.stringMatching(/^The rules of lockdown may stand: .*not permitted\. Start aditd as root/),
    ]);
    expect([wish, atStart].filter((path) => existsSync(path))).toEqual([]);
  });

  it('tells a file that stays, and removes the other and the rules', async () => {
    const { linux, wish, atStart } = await left();
    using _cleanup = linux;
    rmSync(wish);
    mkdirSync(wish);
    const { well, complaints } = await rescued(linux);
    expect(well).toBe(false);
    expect(complaints).toEqual([
      expect.stringMatching(
        /lockdown\.json cannot be removed, so lockdown comes back: .*\. Remove it by hand$/,
      ),
    ]);
    expect({ atStart: existsSync(atStart), tables: [...linux.tables] }).toEqual({
      atStart: false,
      tables: [],
    });
  });

  it('cannot tell without nft, and says what helps; where lockdown was off that is no matter', async () => {
    const { linux } = await left();
    using _cleanup = linux;
    rmSync(join(linux.paths.stateDir, 'journal.json'));
    linux.runner.programs.delete('nft');
    const { well, complaints } = await rescued(linux);
    expect(well).toBe(false);
    expect(complaints).toEqual([expect.stringMatching(/nft is missing\. apt-get install nftables.*restart/)]);
    expect((await rescued(linux)).well).toBe(true);
  });

  it('leaves a state directory alone that others may change, and ends the rules', async () => {
    const { linux, stateDir, wish } = await left();
    using _cleanup = linux;
    chmodSync(stateDir, 0o777);
    const { well, said, complaints } = await rescued(linux);
    expect({ well, said }).toEqual({ well: false, said: [GONE] });
    expect(complaints).toEqual([expect.stringMatching(/left alone: .*chmod 700/)]);
    expect(existsSync(wish)).toBe(true);
  });

  it('makes no state directory where there is none, and ends the rules', async () => {
    const { linux, stateDir } = await left();
    using _cleanup = linux;
    rmSync(stateDir, { recursive: true });
    expect(await rescued(linux)).toEqual({ well: true, said: [GONE], complaints: [] });
    expect(existsSync(stateDir)).toBe(false);
  });

  it('does without what it cannot write', async () => {
    const { linux, stateDir, wish } = await left();
    using _cleanup = linux;
    // No lock can be made where its name is a directory that is not empty.
    mkdirSync(join(stateDir, 'aditd.lock', 'full'), { recursive: true });
    mkdirSync(join(stateDir, `aditd.lock.stale.${process.pid}`, 'full'), { recursive: true });
    const { well, said, complaints } = await rescued(linux);
    expect({ well, gone: said.at(-1) }).toEqual({ well: false, gone: GONE });
    expect(complaints).toEqual([expect.stringMatching(/^No lock can be taken: .*\. Make room on the disk/)]);
    expect(existsSync(wish)).toBe(false);
  });
});
