/** The steps of the helper’s start: arguments, directories, the lock against a second one. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ArgumentError, HELP, parseArguments } from '#helper/startup/arguments.ts';
import { DirectoryError, privateDirectory, publicDirectory } from '#helper/startup/directories.ts';
import { LockError, lock, runningHelper } from '#helper/startup/lock.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';

describe('the command line of aditd', () => {
  it('has its defaults', () => {
    expect(parseArguments([])).toEqual({
      socket: '/run/adit/aditd.sock',
      stateDir: '/var/lib/adit',
      foreground: false,
      rescue: false,
      keyLog: undefined,
    });
  });

  it('takes everything that it documents', () => {
    expect(
      parseArguments(['--socket', '/tmp/s', '--state-dir=/tmp/d', '--foreground', '--key-log', '/k']),
    ).toEqual({
      socket: '/tmp/s',
      stateDir: '/tmp/d',
      foreground: true,
      rescue: false,
      keyLog: '/k',
    });
    expect(parseArguments(['--rescue', '--state-dir', '/tmp/d'])).toMatchObject({
      rescue: true,
      stateDir: '/tmp/d',
    });
    expect(parseArguments(['--help'])).toBe('help');
    expect(parseArguments(['-h', '--nonsense-after'].slice(0, 1))).toBe('help');
    expect(parseArguments(['--version'])).toBe('version');
    for (const argument of ['--socket', '--state-dir', '--foreground', '--rescue'])
      expect(HELP).toContain(argument);
  });

  it('makes relative paths absolute', () => {
    expect(parseArguments(['--state-dir', 'here'])).toMatchObject({ stateDir: join(process.cwd(), 'here') });
  });

  it.each([
    [['--sokcet', '/x'], /--sokcet/],
    [['--socket'], /--socket/],
    [['--socket', ''], /--socket: the path is empty/],
    [['--socket', `/${'x'.repeat(107)}`], /--socket: a socket's path has at most 107 octets/],
    [['start'], /start/],
    [['--foreground=yes'], /--foreground/],
  ])('refuses %j by name', (argv, sentence) => {
    expect(() => parseArguments(argv)).toThrow(ArgumentError);
    expect(() => parseArguments(argv)).toThrow(sentence);
  });
});

describe('a directory of the helper', () => {
  it('is made with its mode, whatever the umask', () => {
    const root = temporaryDirectory();
    const before = process.umask(0o077);
    try {
      publicDirectory(join(root, 'run', 'adit'));
      privateDirectory(join(root, 'lib', 'adit'));
    } finally {
      process.umask(before);
    }
    const modeOf = (...path: string[]) => (lstatSync(join(root, ...path)).mode & 0o777).toString(8);
    expect([modeOf('run'), modeOf('run', 'adit'), modeOf('lib'), modeOf('lib', 'adit')]).toEqual([
      '755',
      '755',
      '755',
      '700',
    ]);
  });

  it.each([
    ['a link', (path: string) => symlinkSync('/tmp', path), /symbolic link/],
    ['a file', (path: string) => writeFileSync(path, ''), /not a directory/],
    ['readable by others', (path: string) => mkdirSync(path, { mode: 0o755 }), /chmod 700/],
  ])('is refused as %s', (_, make, sentence) => {
    const path = join(temporaryDirectory(), 'state');
    make(path);
    expect(() => privateDirectory(path)).toThrow(DirectoryError);
    expect(() => privateDirectory(path)).toThrow(sentence);
  });

  it('is refused under a parent that others may write', () => {
    const root = temporaryDirectory();
    chmodSync(root, 0o777);
    expect(() => privateDirectory(join(root, 'state'))).toThrow(/others may write its parent/);
    chmodSync(root, 0o1777);
    expect(() => privateDirectory(join(root, 'state'))).not.toThrow();
  });

  it('is refused where it cannot be made', () => {
    expect(() => privateDirectory('/proc/adit')).toThrow(/cannot be made \(ENOENT\); start aditd as root/);
  });
});

describe('the lock', () => {
  it('is held by one, names it, and is free after', () => {
    const directory = temporaryDirectory();
    const unlock = lock(directory);
    expect(() => lock(directory)).toThrow(LockError);
    expect(() => lock(directory)).toThrow(`pid ${process.pid}`);
    expect(readdirSync(directory)).toEqual(['aditd.lock']);
    unlock();
    expect(readdirSync(directory)).toEqual([]);
    lock(directory)();
  });

  it('tells who holds it, and writes nothing for that', () => {
    const directory = temporaryDirectory();
    expect(runningHelper(directory)).toBeUndefined();
    const unlock = lock(directory);
    expect(runningHelper(directory)).toBe(process.pid);
    unlock();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('of a killed helper is no obstacle', async () => {
    const directory = temporaryDirectory();
    const child = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `import { lock } from ${JSON.stringify(join(import.meta.dirname, '../../../../helper/startup/lock.ts'))};
       lock(${JSON.stringify(directory)}); console.log('held'); setInterval(() => {}, 1000);`,
    ]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    expect(() => lock(directory)).toThrow(new RegExp(`pid ${child.pid}\\).*kill ${child.pid}`));
    child.kill('SIGKILL');
    await once(child, 'exit');
    lock(directory)();
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([
    ['of a pid that another process has now', JSON.stringify({ pid: 1, startTime: 'never' })],
    ['that is empty', ''],
    ['that is damaged', '{"pid":'],
    ['that names no process', '{"pid":-1,"startTime":"1"}'],
  ])('%s is no obstacle', (_, content) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'aditd.lock'), content);
    expect(runningHelper(directory)).toBeUndefined();
    const unlock = lock(directory);
    expect(JSON.parse(readFileSync(join(directory, 'aditd.lock'), 'utf8'))).toMatchObject({
      pid: process.pid,
    });
    unlock();
  });
});
