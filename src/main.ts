#!/usr/bin/env node
/** The command line: picks a command, waits for a signal, stops. */
import { Command, CommanderError, Option } from 'commander';
import { applyCommand } from './cli/apply.ts';
import { demoCommand } from './cli/demo.ts';
import { migrateCommand } from './cli/migrate.ts';
import { addOperatingCommands } from './cli/operating.ts';
import { explainFailure } from './cli/print.ts';
import { sandboxCommand } from './cli/sandbox.ts';
import { serveCommand } from './cli/serve.ts';
import { environment } from './config.ts';

/** Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. */
function untilSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(130);
      stopping.abort();
    });
  }
  return stopping.signal;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const list = (text: string): string[] => text.split(',').map((part) => part.trim());

function commands(): Command {
  const program = new Command('deskmesh')
    .description('Self-hosted middleware between help desks.')
    .exitOverride()
    .showHelpAfterError();

  const json = (): Option => new Option('--json', 'print JSON lines instead of prose').default(false);
  const config = (): Option => new Option('--config <file>', 'the configuration file (or DESKMESH_CONFIG)');

  program
    .command('serve')
    .description('receive webhooks and mirror: the main job')
    .addOption(new Option('--role <role>', 'what this process does').choices(['all', 'web', 'worker']).default('all'))
    .addOption(config())
    .addOption(json())
    .action((options: { role: string; config?: string; json: boolean }) => serveCommand(options, environment(), untilSignal(), print));
  program
    .command('apply')
    .description('apply mesh.yaml to a system, running or not')
    .addOption(config())
    .addOption(json())
    .action((options: { config?: string; json: boolean }) => applyCommand(options, environment(), print));
  program
    .command('migrate')
    .description('bring the database to the state this version needs')
    .addOption(json())
    .action((options: { json: boolean }) => migrateCommand(options, environment(), print));
  addOperatingCommands(program, {
    env: environment(),
    print,
    exit(code) {
      process.exitCode = code;
    },
  });
  program
    .command('sandbox')
    .description('start the fake desks')
    .option('--only <services>', 'only these, separated by commas', list)
    .option('--port <port>', 'the first port; the others follow upward', Number)
    .addOption(json())
    .action((options: { only?: string[]; port?: number; json: boolean }) => sandboxCommand(options, untilSignal(), print));
  program
    .command('demo')
    .description('sandbox desks, a mirror between them, and a small story')
    .option('--once', 'play the story, print the table and stop', false)
    .addOption(json())
    .action(async (options: { once: boolean; json: boolean }) => {
      process.exitCode = await demoCommand(options, environment(), untilSignal(), print);
    });
  return program;
}

try {
  await commands().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else {
    for (const line of explainFailure(error)) process.stderr.write(`${line}\n`);
    process.exitCode = 1;
  }
}
