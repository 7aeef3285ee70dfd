/** What commands say, for people and as JSON lines. */
import type { HookState } from '../engine/hooks.ts';
import { AppError } from '../errors.ts';
import type { MadeSubscription } from '../ports/subscriptions.ts';

/** An error for the person at the terminal: what is wrong, where, and the cure. Only a fault of ours shows its stack. */
export function explainFailure(error: unknown): readonly string[] {
  if (error instanceof AppError) {
    return [`deskmesh: ${error.message}`, ...error.faults.map(({ path, message }) => `  ${path}: ${message}`)];
  }
  if (error instanceof Error) return [`deskmesh: a fault of its own: ${error.message}`, error.stack ?? ''];
  return [`deskmesh: a fault of its own: ${String(error)}`];
}

/** One account after `apply`: a line, and below it what its owner has to do. */
export function hookLines(state: HookState, json: boolean): readonly string[] {
  const { name, id, service, hook_url: url, hook, steps, problem } = state;
  if (json) {
    const extra = problem === null ? {} : { problem };
    return [JSON.stringify({ account: { name, id, service, hook_url: url, hook, ...(steps.length === 0 ? {} : { steps }), ...extra } })];
  }
  const lines = [`${name} (${service}, account ${id}): webhook ${hook === 'registered' ? 'registered' : 'to be set up by hand'}`, `  ${url}`];
  if (problem !== null) lines.push(`  could not be registered just now, and is tried again with every sweep: ${problem}`);
  return [...lines, ...steps.map((step, i) => `  ${i + 1}. ${step}`)];
}

/** A subscription that was made just now, with its secret if it was made as well: it is shown this once. */
export function subscriptionLines({ subscription: { id, name, url }, secret }: MadeSubscription, json: boolean): readonly string[] {
  if (json) return [JSON.stringify({ subscription: { id, name, ...(secret === null ? {} : { secret }) } })];
  return [`subscription ${name ?? id}: made, to ${URL.parse(url)?.host ?? url}`, ...(secret === null ? [] : [`  its secret, shown this once: ${secret}`])];
}
