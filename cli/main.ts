/**
 * `adit`: parses the command line, runs one command, prints what ended it. Modules are loaded when they are needed
 * and not before: the start counts in every script that calls this.
 */
import { parseCommandLine, type Parsed } from './args.ts';
import type { Client } from './client.ts';
import { COMMANDS, DEFAULT_SOCKET } from './commands/index.ts';
import type { Context } from './context.ts';
import { CliError, EXIT } from './errors.ts';
import { styleFor } from './output/style.ts';

/** Runs the command line `argv` and answers the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const style = styleFor(process.stdout, process.env);
  const errorStyle = styleFor(process.stderr, process.env);
  // Also when the command line is too wrong to be parsed.
  const json = argv.includes('--json');
  let client: Client | undefined;
  try {
    const parsed = parseCommandLine(argv);
    const spec = parsed.command === undefined ? undefined : COMMANDS[parsed.command];
    if (!spec || parsed.command === undefined) return await withoutCommand(parsed);
    if (parsed.values.help === true) {
      const { commandHelp } = await import('./help.ts');
      process.stdout.write(commandHelp(parsed.command, spec));
      return EXIT.ok;
    }
    const connect = async (): Promise<Client> => {
      if (client) return client;
      const { Client: clientClass } = await import('./client.ts');
      client = await clientClass.connect(String(parsed.values.socket ?? DEFAULT_SOCKET));
      return client;
    };
    const context: Context = {
      operands: parsed.operands,
      values: parsed.values,
      json,
      style,
      errorStyle,
      connect,
      print: (...lines) => void process.stdout.write(lines.map((line) => `${line}\n`).join('')),
      printJson,
      printAnswer: async (name, result) => {
        const { checkAnswer } = await import('./check-answer.ts');
        const problem = checkAnswer({ name, result });
        if (problem) throw problem;
        printJson(result);
      },
      note: (...lines) => void process.stderr.write(lines.map((line) => `${line}\n`).join('')),
    };
    const { run } = await spec.load();
    return await run(context);
  } catch (error) {
    const known = error instanceof CliError ? error : await asNonsense(error, client);
    if (json) {
      const { message, remedy } = known;
      process.stderr.write(
        `${JSON.stringify({ error: { message, ...(remedy === undefined ? {} : { remedy }) } })}\n`,
      );
    } else {
      process.stderr.write(
        `${errorStyle.bad('adit:')} ${known.message}\n${known.remedy === undefined ? '' : `${known.remedy}\n`}`,
      );
    }
    return known.exitCode;
  } finally {
    client?.close();
  }
}

const printJson = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

async function withoutCommand(parsed: Parsed): Promise<number> {
  if (parsed.values.version === true) {
    const { version } = await import('./version.ts');
    process.stdout.write(`adit ${version()}\n`);
    return EXIT.ok;
  }
  const { overview } = await import('./help.ts');
  const asked = parsed.values.help === true;
  (asked ? process.stdout : process.stderr).write(overview());
  return asked ? EXIT.ok : EXIT.usage;
}

/** A command that stumbled: over an answer that breaks the contract, or over a fault of our own, which is thrown on. */
async function asNonsense(error: unknown, client: Client | undefined): Promise<CliError> {
  const answer = client?.lastAnswer;
  if (!answer) throw error;
  const { checkAnswer } = await import('./check-answer.ts');
  const problem = checkAnswer(answer);
  if (!problem) throw error;
  return problem;
}

// `adit log | head` ends the reader first.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
});
process.exitCode = await main(process.argv.slice(2));
