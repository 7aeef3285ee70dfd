/** What really happened in the runs: how often each action of people met each fault in each part of the work. */
import { PHASES, type History, type Phase } from './history.ts';
import { ACTIONS, type Action } from './setting.ts';

/** Faults by the name under which the history keeps them. */
export const FAULTS = [
  'refused', 'throttled', 'slow', 'outage', 'locked', 'cutBefore', 'errorBefore', 'cutAfter', 'errorAfter', 'lateEffect', 'tooLate', 'surprise',
  'hookLost', 'hookTwice', 'hookLate', 'hookForged', 'hookUnreadable', 'storeBefore', 'storeAfter', 'crash', 'freeze', 'clockSet',
] as const;
export type Fault = (typeof FAULTS)[number];

/** The parts of the work that are about one ticket; the others are counted without the action. */
export const TICKET_PHASES = ['webhook', 'look', 'write a ticket', 'write a comment', 'commit'] as const;

/** By `action|fault|phase`, and `fault|phase` for the rest. */
export type Counts = Record<string, number>;

/** An action is taken to be met by what strikes its ticket within so long. */
const NEAR_MS = 120_000;

export function countOf(history: History, counts: Counts): void {
  const add = (cell: string): void => {
    counts[cell] = (counts[cell] ?? 0) + 1;
  };
  const byTicket = new Map<string, { at: number; action: Action }[]>();
  for (const { token, at, action } of history.deeds) {
    const known = byTicket.get(token);
    if (known === undefined) byTicket.set(token, [{ at, action }]);
    else known.push({ at, action });
  }
  for (const { action } of history.deeds) add(`${action}`);
  for (const { fate, phase, token, at } of history.mishaps) {
    add(`${fate}|${phase}`);
    // A look for what was sent is a look.
    const part = phase === 'find' ? 'look' : phase;
    const met = new Set((byTicket.get(token) ?? []).filter((deed) => deed.at <= at && at - deed.at <= NEAR_MS).map(({ action }) => action));
    for (const action of met) add(`${action}|${fate}|${part}`);
  }
}

const CALL: readonly Fault[] = ['throttled', 'slow', 'outage', 'locked', 'cutBefore', 'errorBefore'];
const EFFECT: readonly Fault[] = ['refused', 'cutAfter', 'errorAfter', 'lateEffect', 'surprise'];
const HOOK: readonly Fault[] = ['hookLost', 'hookTwice', 'hookLate', 'hookForged', 'hookUnreadable'];
const STORE: readonly Fault[] = ['storeBefore', 'storeAfter'];
const PROCESS: readonly Fault[] = ['crash', 'freeze', 'clockSet'];

/** Why a fault cannot happen in a part of the work; null if it can. */
export function impossible(fault: Fault, phase: Phase): string | null {
  const calls = phase === 'look' || phase === 'find' || phase === 'sweep' || phase.startsWith('write');
  if (HOOK.includes(fault)) return phase === 'webhook' ? null : 'strikes a webhook on its way';
  if (phase === 'webhook') return 'a webhook on its way is no call of ours; what strikes its taking in is counted under commit';
  if (STORE.includes(fault)) return phase === 'commit' || phase === 'other' ? null : 'strikes a call to the database';
  if (PROCESS.includes(fault)) return null;
  if (phase === 'commit') return 'a commit is no call to a desk';
  if (phase === 'other') return CALL.includes(fault) ? null : 'strikes a write';
  if (CALL.includes(fault)) return calls ? null : 'strikes a call to a desk';
  if (!phase.startsWith('write')) return 'a read has no effect that could be lost or refused';
  if (fault === 'tooLate' && phase === 'write a ticket') return 'a second ticket that comes too late cannot be healed: limit 2, not simulated';
  if (EFFECT.includes(fault) || fault === 'tooLate') return null;
  throw new Error(`nobody has thought about ${fault} in ${phase}`);
}

/** Ten thousand stormy seeds must meet each possible cell so often; fewer seeds in proportion, rounded down. */
export const FLOOR = 20;

export interface Hole {
  readonly cell: string;
  readonly times: number;
  readonly floor: number;
}

export function floorFor(seeds: number): number {
  return Math.floor((FLOOR * seeds) / 10_000);
}

/** How often a fault struck anything. */
export function countsByFault(counts: Counts, fault: Fault): number {
  return PHASES.reduce((sum, phase) => sum + (counts[`${fault}|${phase}`] ?? 0), 0);
}

/** Cells that are named impossible and were met all the same: then their reason is wrong. */
export function wronglyImpossible(counts: Counts): readonly string[] {
  return FAULTS.flatMap((fault) => PHASES.filter((phase) => impossible(fault, phase) !== null && (counts[`${fault}|${phase}`] ?? 0) > 0).map((phase) => `${fault} in ${phase}: ${impossible(fault, phase)}`));
}

/** The cells that were met too seldom. */
export function holes(counts: Counts, seeds: number): readonly Hole[] {
  const floor = floorFor(seeds);
  const found: Hole[] = [];
  const ask = (cell: string): void => {
    const times = counts[cell] ?? 0;
    if (times < floor) found.push({ cell, times, floor });
  };
  for (const fault of FAULTS) {
    for (const phase of PHASES) if (impossible(fault, phase) === null) ask(`${fault}|${phase}`);
    for (const phase of TICKET_PHASES) {
      if (impossible(fault, phase) !== null) continue;
      for (const action of ACTIONS) ask(`${action}|${fault}|${phase}`);
    }
  }
  return found;
}
