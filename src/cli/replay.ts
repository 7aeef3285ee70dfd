/** `deskmesh replay`: sends stored webhooks through the code of today again, or shows what would come of it. */
import type { Environment } from '../config.ts';
import type { Rehearsed, Replayed } from '../engine/replay.ts';
import { beside } from './beside.ts';
import { stepJson, stepText } from './step-words.ts';
import { shownValues } from './words.ts';

export interface ReplayOptions {
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Gives the exit code: 1 if a receipt could not be sent through. */
export async function replayCommand(ids: readonly string[], options: ReplayOptions, env: Environment, print: (line: string) => void): Promise<number> {
  const { dryRun, json } = options;
  const results: readonly (Replayed & Partial<Rehearsed>)[] = await beside(env, ({ operator: { replay } }) => (dryRun ? replay.rehearse(ids) : replay.replay(ids)));
  for (const result of results) for (const line of json ? [replayJson(result, dryRun)] : replayText(result, dryRun)) print(line);
  return results.some(({ problem }) => problem !== null) ? 1 : 0;
}

function replayJson({ id, account, before, now, problem, outlook }: Replayed & Partial<Rehearsed>, dryRun: boolean): string {
  const told = { receipt: id, account, before, now, problem };
  if (!dryRun) return JSON.stringify({ replayed: told });
  const would =
    outlook == null ? null : { ...outlook, replicas: outlook.replicas.map(({ steps, ...replica }) => ({ ...replica, steps: steps.map(stepJson) })) };
  return JSON.stringify({ rehearsed: { ...told, would } });
}

function replayText({ id, account, before, now, problem, outlook }: Replayed & Partial<Rehearsed>, dryRun: boolean): readonly string[] {
  const head = `webhook ${id}${account === null ? '' : ` of ${account}`}`;
  const lines: string[] = [];
  if (now !== null) {
    const said = now.state === 'accepted' ? `${now.event ?? 'something'} of ticket ${now.ticket_id ?? ''}` : `${now.state}: ${now.reason ?? ''}`;
    lines.push(`${head}, ${before ?? 'new'} before, ${dryRun ? 'would be read as' : 'is read as'} ${said}`);
  }
  if (problem !== null) lines.push(`${head}: ${problem}`);
  if (outlook == null) return lines;
  if (outlook.notes.length === 0) lines.push('  would bring nothing new');
  for (const { what, field, because, values } of outlook.notes) {
    lines.push(`  ${what}${field === undefined ? '' : ` ${field}`}: ${because}${values === undefined ? '' : ` (${shownValues(values)})`}`);
  }
  for (const { account: name, ticket_id: ticket, steps, notes } of outlook.replicas) {
    for (const step of steps) lines.push(`  would write on ${name}${ticket === null ? '' : `, ticket ${ticket}`}: ${stepText(step)}`);
    for (const { what, field, because } of notes) lines.push(`  ${name}: ${what}${field === undefined ? '' : ` ${field}`}: ${because}`);
  }
  if (outlook.replicas.every(({ steps }) => steps.length === 0)) lines.push('  would write nothing');
  return lines;
}
