/** `deskmesh release`: frees what waits for a person, one thing or all that fit; without a choice it lists what there is. */
import type { Environment } from '../config.ts';
import { STEP_KINDS } from '../core/model.ts';
import { AppError } from '../errors.ts';
import type { Parked, ParkedKind, Released } from '../engine/release.ts';
import { beside } from './beside.ts';
import { counted, isoOf } from './words.ts';

export interface ReleaseOptions {
  readonly account?: string;
  readonly kind?: string;
  readonly all: boolean;
  readonly json: boolean;
}

export const PARKED_KINDS: readonly ParkedKind[] = [...STEP_KINDS, 'receipt', 'deletions', 'rules'];

/** Gives the exit code: 1 if a name fitted nothing parked, or something could not be freed. */
export async function releaseCommand(names: readonly string[], options: ReleaseOptions, env: Environment, print: (line: string) => void): Promise<number> {
  const { account = null, json, all } = options;
  const kind = (options.kind as ParkedKind | undefined) ?? null;
  return beside(env, async ({ roster, operator: { release } }) => {
    if (account !== null && roster.byName(account) === null) throw new AppError('not_found', `There is no account ${account}.`);
    const chosen = names.length > 0 || all || account !== null || kind !== null;
    const { parked, missed } = await release.list({ named: names.length > 0 ? names : null, account, kind });
    for (const { name, why } of missed) print(json ? JSON.stringify({ missed: { name, why } }) : `${name}: ${why}`);
    if (!chosen) {
      for (const one of parked) print(json ? JSON.stringify({ parked: parkedJson(one) }) : parkedText(one));
      if (!json) print(parked.length === 0 ? 'nothing waits for a person' : `${counted(parked.length, 'thing')} parked; nothing was freed: name them, or say --account, --kind or --all`);
      return 0;
    }
    const released = await release.release(parked);
    for (const one of released) print(json ? JSON.stringify({ released: { ...parkedJson(one.parked), outcome: one.outcome, told: one.told } }) : `${parkedText(one.parked)}: ${outcomeText(one)}`);
    const freed = released.filter(({ outcome }) => outcome === 'free').length;
    if (!json) print(`${freed} of ${counted(released.length, 'parked thing')} freed`);
    return missed.length > 0 || freed < released.length ? 1 : 0;
  });
}

function parkedJson(one: Parked): object {
  if (one.kind === 'deletions' || one.kind === 'rules') return one;
  if (one.kind === 'receipt') return { ...one, received: isoOf(one.received) };
  const { step, ...rest } = one;
  return { ...rest, name: step.name, reason: step.reason, at: isoOf(step.at) };
}

function parkedText(one: Parked): string {
  if (one.kind === 'deletions') return `${one.account}: its deletions wait (${one.reason}); whatever they are, look before you release them`;
  if (one.kind === 'rules') return `${one.account}: deletions, and what only new rules bring, wait (${one.reason})`;
  if (one.kind === 'receipt') return `${one.account}: webhook ${one.receipt_id} of ${isoOf(one.received)} could not be read (${one.reason ?? 'no reason'})`;
  const ticket = one.ticket_id === null ? `replica ${one.replica_id}` : `${one.account}:${one.ticket_id}`;
  return `${one.account}: ${one.kind} (${one.step.name}) of ${ticket} was refused (${one.step.reason})`;
}

function outcomeText({ outcome, told }: Released): string {
  switch (outcome) {
    case 'free':
      return told ?? 'free, it is tried again';
    case 'again':
      return `stays parked${told === null ? '' : `: ${told}`}`;
    case 'busy':
      return 'its lane was in use all the time: try again';
  }
}
