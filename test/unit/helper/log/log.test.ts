/** The log: what a line may hold, its levels, its subscribers and its file. */
import { readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { logEntrySchema } from '#core/ipc/contract.ts';
import type { LogEntry } from '#core/ipc/contract.ts';
import { FakeClock } from '#helper/clock-fake.ts';
import { fileSink } from '#helper/log/file-sink.ts';
import { Log, formatEntry } from '#helper/log/log.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';

const entry = (message: string): LogEntry => ({
  time: '2026-01-02T03:04:05.000Z',
  level: 'info',
  subsystem: 'main',
  message,
});

describe('the log', () => {
  it('says who, when, how grave and about which profile', () => {
    const log = new Log(new FakeClock(Date.UTC(2026, 0, 2, 3, 4, 5)), []);
    log.logger('tunnel').forProfile('work').warn('hello');
    const [entry] = log.recent();
    expect(logEntrySchema.parse(entry)).toEqual({
      time: '2026-01-02T03:04:05.000Z',
      level: 'warn',
      subsystem: 'tunnel',
      profile: 'work',
      message: 'hello',
    });
  });

  it('lets nobody forge a line or paint a terminal', () => {
    const lines: string[] = [];
    const log = new Log(new FakeClock(), [(entry) => lines.push(formatEntry(entry))]);
    log.logger('ike').info('gateway says: ok\n2026 error root: fire\r\u001b[2J\u202e\u2028');
    expect(lines).toHaveLength(1);
    for (const mark of ['\n', '\r', '\u001b', '\u202e', '\u2028']) expect(lines[0]).not.toContain(mark);
    expect(lines[0]).toContain('\\u{a}2026 error root: fire');
  });

  it('bounds the length of a line', () => {
    const log = new Log(new FakeClock(), []);
    log.logger('ike').info('x'.repeat(100_000));
    expect(log.recent()[0]?.message.length).toBeLessThan(2100);
  });

  it('keeps the last 2000 lines', () => {
    const log = new Log(new FakeClock(), []);
    const logger = log.logger('main');
    for (let line = 0; line < 2500; line++) logger.debug(String(line));
    expect(log.recent()).toHaveLength(2000);
    expect(log.recent()[0]?.message).toBe('500');
    expect(log.recent().at(-1)?.message).toBe('2499');
  });

  it('leaves out what is less grave than its level', () => {
    const log = new Log(new FakeClock(), [], 'warn');
    const logger = log.logger('main');
    logger.info('no');
    logger.warn('yes');
    logger.error('yes');
    expect(log.recent().map(({ message }) => message)).toEqual(['yes', 'yes']);
  });

  it('tells a subscriber until it has enough', () => {
    const log = new Log(new FakeClock(), []);
    const heard: LogEntry[] = [];
    const stop = log.subscribe((entry) => heard.push(entry));
    log.logger('main').info('one');
    stop();
    log.logger('main').info('two');
    expect(heard.map(({ message }) => message)).toEqual(['one']);
  });
});

describe('the log file', () => {
  it('is for its owner alone', () => {
    const directory = join(temporaryDirectory(), 'log');
    fileSink({ directory, complain: expect.unreachable })(entry('hello'));
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'aditd.log')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(directory, 'aditd.log'), 'utf8')).toBe(
      '2026-01-02T03:04:05.000Z info  main: hello\n',
    );
  });

  it('turns over at its size and keeps a bounded number of old ones', () => {
    const directory = temporaryDirectory();
    const write = fileSink({ directory, maxBytes: 100, keep: 2, complain: expect.unreachable });
    for (let line = 0; line < 20; line++) write(entry(`line ${line}`));
    expect(readdirSync(directory).sort()).toEqual(['aditd.log', 'aditd.log.1', 'aditd.log.2']);
    for (const name of readdirSync(directory)) {
      expect(statSync(join(directory, name)).size).toBeLessThanOrEqual(100);
    }
    const all = ['aditd.log.2', 'aditd.log.1', 'aditd.log']
      .map((name) => readFileSync(join(directory, name), 'utf8'))
      .join('');
    expect(all.trim().split('\n').at(-1)).toContain('line 19');
    const numbers = [...all.matchAll(/line (\d+)/g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(Array.from(numbers, (_, at) => 20 - numbers.length + at));
  });

  it('goes on with the file of a former helper', () => {
    const directory = temporaryDirectory();
    fileSink({ directory, complain: expect.unreachable })(entry('former'));
    fileSink({ directory, complain: expect.unreachable })(entry('later'));
    expect(readFileSync(join(directory, 'aditd.log'), 'utf8').match(/former|later/g)).toEqual([
      'former',
      'later',
    ]);
  });

  it('complains once when it cannot write, and recovers', () => {
    const directory = join(temporaryDirectory(), 'log');
    writeFileSync(directory, 'a file where the directory should be');
    const complaints: string[] = [];
    const write = fileSink({ directory, complain: (sentence) => complaints.push(sentence) });
    write(entry('lost'));
    write(entry('lost too'));
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain(join(directory, 'aditd.log'));
    rmSync(directory);
    write(entry('kept'));
    expect(readFileSync(join(directory, 'aditd.log'), 'utf8')).toContain('kept');
  });

  it('follows no symbolic link', () => {
    const directory = temporaryDirectory();
    const victim = join(directory, 'victim');
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, join(directory, 'aditd.log'));
    const complaints: string[] = [];
    fileSink({ directory, complain: (sentence) => complaints.push(sentence) })(entry('hello'));
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(complaints).toHaveLength(1);
  });
});
