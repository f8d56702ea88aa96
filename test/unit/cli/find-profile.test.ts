/** Which profile a word on the command line means: an id, a name, or the beginning of one. */
import { describe, expect, it } from 'vitest';
import { CliError } from '#cli/errors.ts';
import { choose } from '#cli/find-profile.ts';
import { summary } from '#test/fakes/statuses.ts';

const profiles = [
  summary('work', { name: 'Work Berlin' }),
  summary('work-2', { name: 'Work Paris' }),
  summary('home', { name: 'work-2' }),
  summary('lab'),
];

describe('choose', () => {
  it.each([
    ['work', 'work'],
    ['work-2', 'work-2'],
    ['work paris', 'work-2'],
    ['Work B', 'work'],
    ['la', 'lab'],
    ['HOM', 'home'],
  ])('“%s” is %s', (given, id) => {
    expect(choose(profiles, given).id).toBe(id);
  });

  it.each([
    ['wor', /could be any of work \(Work Berlin\), work-2 \(Work Paris\), home \(work-2\)/, 'Use an id.'],
    ['hame', /There is no profile “hame”/, 'Did you mean “home”?'],
    ['', /There is no profile “”/, /adit import FILE/],
    ['x\u001b[2J', /“x\\u\{1b\}\[2J”/, /adit profiles/],
  ])('“%s” is none', (given, message, remedy) => {
    const act = (): unknown => choose(profiles, given);
    expect(act).toThrow(CliError);
    expect(act).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(remedy),
      }),
    );
  });
});
