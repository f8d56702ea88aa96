/** Saving a file: the person says where, the page only what; whole or not at all. */
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { toBase64 } from '#core/bytes/base64.ts';
import { saveFile, savedFileSchema, suggestedName } from '#electron/save.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';

const content = toBase64(new TextEncoder().encode('a profile'));

it('writes what was given, where the person says, for their eyes only', async () => {
  const folder = temporaryDirectory();
  const path = join(folder, 'chosen.sswan');
  await writeFile(path, 'the old one, longer than the new');
  await chmod(path, 0o644);
  const asked: string[] = [];
  const saved = await saveFile({ name: 'work.sswan', content }, async (name) => {
    asked.push(name);
    return path;
  });
  expect(saved).toBe(true);
  expect(asked).toEqual(['work.sswan']);
  expect(await readFile(path, 'utf8')).toBe('a profile');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['chosen.sswan']);
});

it('writes nothing where the person cancels', async () => {
  expect(await saveFile({ name: 'x', content }, async () => undefined)).toBe(false);
});

it('leaves nothing behind where it cannot write', async () => {
  const folder = temporaryDirectory();
  const path = join(folder, 'a-folder');
  await mkdir(join(path, 'full'), { recursive: true });
  await expect(saveFile({ name: 'x', content }, async () => path)).rejects.toThrow(/EISDIR|ENOTEMPTY/);
  expect(await readdir(folder)).toEqual(['a-folder']);
});

it.each([
  ['work.sswan', 'work.sswan'],
  ['../../etc/passwd', '-..-etc-passwd'],
  ['.bashrc', 'bashrc'],
  ['a\u202egpj.exe\n', 'a-gpj.exe-'],
  ['...', 'adit'],
  ['总部.conf', '总部.conf'],
])('suggests %j as %j', (name, suggested) => {
  expect(suggestedName(name)).toBe(suggested);
});

it('takes no more than 32 MiB, and only base64', () => {
  expect(savedFileSchema.safeParse({ name: 'x', content: 'A'.repeat(48 * 1024 * 1024) }).success).toBe(false);
  expect(savedFileSchema.safeParse({ name: 'x', content: '!' }).success).toBe(false);
  expect(savedFileSchema.safeParse({ name: 'x', content, path: '/etc' }).success).toBe(false);
});
