/** The commands with which a running mesh is understood and repaired, as the command line knows them. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Environment } from '../config.ts';
import { backfillCommand, type BackfillOptions } from './backfill.ts';
import { driftCommand, type DriftOptions } from './drift.ts';
import { explainCommand } from './explain.ts';
import { planCommand, type PlanOptions } from './plan.ts';
import { PARKED_KINDS, releaseCommand, type ReleaseOptions } from './release.ts';
import { replayCommand, type ReplayOptions } from './replay.ts';

export interface Terminal {
  readonly env: Environment;
  readonly print: (line: string) => void;
  readonly exit: (code: number) => void;
}

export function addOperatingCommands(program: Command, { env, print, exit }: Terminal): void {
  const json = (): Option => new Option('--json', 'print JSON lines instead of prose').default(false);

  program
    .command('explain')
    .description('everything that came in, was decided, written and answered for one ticket')
    .argument('<ticket>', 'account:ticket-id, a ticket\u2019s id or address on any desk, or the id of a link or replica')
    .addOption(json())
    .action((name: string, options: { json: boolean }) => explainCommand(name, options, env, print));
  program
    .command('plan')
    .description('what mesh.yaml would change and cause to be written, without writing')
    .addOption(new Option('--config <file>', 'the configuration file (or DESKMESH_CONFIG)'))
    .addOption(new Option('--sample <n>', 'how many steps to show as examples').default(10).argParser(wholeNumber))
    .option('--event <event>', 'what automations would do for this event: its id, or a type such as ticket.created with --ticket')
    .option('--ticket <ticket>', 'the ticket that --event is about, as account:ticket-id')
    .addOption(json())
    .action((options: PlanOptions) => planCommand(options, env, print));
  program
    .command('replay')
    .description('send stored webhooks through the code again')
    .argument('<receipts...>', 'ids of receipts')
    .option('--dry-run', 'show what would come of it, and write nothing', false)
    .addOption(json())
    .action(async (ids: string[], options: ReplayOptions) => exit(await replayCommand(ids, options, env, print)));
  program
    .command('release')
    .description('free what waits for a person; without a choice, list it')
    .argument('[names...]', 'ids of receipts, replicas, links or tickets, or account:ticket-id')
    .option('--account <name>', 'only what is parked on this account')
    .addOption(new Option('--kind <kind>', 'only what is parked of this kind').choices(PARKED_KINDS))
    .option('--all', 'everything', false)
    .addOption(json())
    .action(async (names: string[], options: ReleaseOptions) => exit(await releaseCommand(names, options, env, print)));
  program
    .command('drift')
    .description('read every ticket on its desks and tell what is not as it should be')
    .option('--mirror <name>', 'only what this mirror connects')
    .option('--repair', 'have the loop look at what was found, and wait until it is done', false)
    .addOption(new Option('--lanes <n>', 'calls at a time on each desk').default(4).argParser(wholeNumber))
    .addOption(json())
    .action(async (options: DriftOptions) => exit(await driftCommand(options, env, print)));
  program
    .command('backfill')
    .description('bring the tickets along that are older than a mirror, and find those that are on both sides already')
    .argument('<mirror>', 'the name of the mirror')
    .option('--since <date>', 'tickets created before this day are left alone, for instance 2026-01-01')
    .addOption(new Option('--per-minute <n>', 'at most so many tickets a minute (otherwise what the desks have to spare)').argParser(wholeNumber))
    .option('--estimate', 'only list, and tell how much there is', false)
    .option('--doubtful', 'list the tickets of which nobody can tell whether they are the same', false)
    .addOption(new Option('--pair <tickets>', 'these two are one: account:ticket-id=account:ticket-id').default([], 'none').argParser(collected))
    .addOption(new Option('--alone <ticket>', 'this one is by itself: account:ticket-id').default([], 'none').argParser(collected))
    .addOption(json())
    .action(async (mirror: string, options: BackfillOptions) => exit(await backfillCommand(mirror, options, env, print)));
}

function collected(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return Number(text);
}
