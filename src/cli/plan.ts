/** `deskmesh plan`: what a new or changed mesh.yaml would change, and the writes that it would cause. */
import { readConfig, type Environment } from '../config.ts';
import { connectors } from '../connectors/index.ts';
import { compileWhere } from '../contracts/where.ts';
import { limitsOf } from '../core/guards.ts';
import type { AccountChange, MirrorChange, WayChange } from '../core/mesh-changes.ts';
import { previewEvent } from '../engine/preview-event.ts';
import { preview, type Preview, type SampleStep } from '../engine/preview.ts';
import { beside } from './beside.ts';
import { needsConfig, readDesired } from './desired.ts';
import { askedOf, eventJson, eventText, needsEvent, unknownEvent } from './plan-event.ts';
import { createProgress } from './progress.ts';
import { stepJson, stepText } from './step-words.ts';
import { counted, shownValue } from './words.ts';

export interface PlanOptions {
  readonly config?: string;
  readonly sample: number;
  /** An event's id, or a type together with `ticket`: what automations would do for it, instead of what the file changes. */
  readonly event?: string;
  readonly ticket?: string;
  readonly json: boolean;
}

export async function planCommand(options: PlanOptions, env: Environment, print: (line: string) => void): Promise<void> {
  // The file is judged before anything else: its faults need no database.
  const desired = await readDesired(readConfig(env, options.config === undefined ? {} : { DESKMESH_CONFIG: options.config }).config, env);
  if (desired === null) throw needsConfig();
  if (options.event === undefined && options.ticket !== undefined) throw needsEvent();
  const asked = options.event === undefined ? null : askedOf(options.event, options.ticket);
  if (asked !== null) {
    const foreseen = await beside(env, ({ config, store, world }) => {
      const limits = limitsOf(config.guards);
      return previewEvent({ mesh: store.accounts, survey: store.survey, automations: store.automations, connectors, vault: store.vault, compileWhere, limits, world }, desired, asked);
    });
    if (typeof foreseen === 'string') throw unknownEvent(foreseen);
    for (const line of options.json ? eventJson(foreseen) : eventText(foreseen)) print(line);
    return;
  }
  const planned = await beside(env, async ({ config, store, world }) => {
    const progress = createProgress(world);
    const limits = limitsOf(config.guards);
    const ports = { mesh: store.accounts, survey: store.survey, connectors, vault: store.vault, compileWhere, limits, world, progress: (done: number, all: number) => progress.show(done, all, 'tickets looked through') };
    try {
      return await preview(ports, desired, options.sample);
    } finally {
      progress.end();
    }
  });
  for (const line of options.json ? planJson(planned) : planText(planned)) print(line);
}

function planJson({ changes, counts, sample, links, held, unasked }: Preview): readonly string[] {
  const due = counts.reduce((sum, one) => sum + one.due, 0);
  const dropped = counts.reduce((sum, one) => sum + one.dropped, 0);
  return [
    ...changes.accounts.map((account) => ({ account })),
    ...changes.mirrors.map((mirror) => ({ mirror })),
    ...changes.automations.map((automation) => ({ automation })),
    ...unasked.map((one) => ({ unasked: one })),
    ...held.map((one) => ({ held: one })),
    ...counts.map((one) => ({ steps: one })),
    ...sample.map(({ step, ...one }) => ({ sample: { ...one, step: stepJson(step) } })),
    { plan: { links, due, dropped } },
  ].map((line) => JSON.stringify(line));
}

function planText({ changes, counts, sample, links, held, unasked }: Preview): readonly string[] {
  const lines = [...changes.accounts.map(accountText), ...changes.mirrors.flatMap(mirrorText), ...changes.automations.map(({ name, change }) => `automation ${name}: ${CHANGE_WORDS[change]}`)];
  for (const { account, why } of unasked) lines.push(`${account} was not asked for its fields (${why}): what is said of it below may be off`);
  for (const { account, because } of held) lines.push(`on ${account}, deletions and what only this change brings would wait for a person (${because}): deskmesh release lets them go on`);
  if (links === 0) return [...lines, '', 'Nothing would be written.'];
  lines.push('', `${counted(links, 'link')} looked through.`);
  if (counts.length === 0) return [...lines, 'Nothing would be written on tickets that are linked already.'];
  lines.push('On tickets that are linked already, as each is next looked at or changed:');
  for (const { account, kind, due, dropped } of counts) {
    lines.push(`  ${account}: ${kind}: ${[due > 0 ? `${due} would be written` : null, dropped > 0 ? `${dropped} would be written no longer` : null].filter((part) => part !== null).join(', ')}`);
  }
  if (sample.length > 0) lines.push('For instance:', ...sample.map(sampleText));
  return lines;
}

function accountText({ name, service, change, what }: AccountChange): string {
  switch (change) {
    case 'added':
      return `account ${name} (${service}): new`;
    case 'changed':
      return `account ${name} (${service}): changed: ${what.join(', ')}`;
    case 'same':
      return `account ${name} (${service}): as it is`;
    case 'unnamed':
      return `account ${name} (${service}): not named in the file, stays as it is`;
  }
}

const CHANGE_WORDS = { added: 'new', changed: 'changed', same: 'as it is', removed: 'removed' } as const;

function mirrorText({ name, change, ways }: MirrorChange): readonly string[] {
  return [`mirror ${name}: ${CHANGE_WORDS[change]}`, ...(change === 'same' || change === 'removed' ? [] : ways.filter((way) => way.change !== 'same').map(wayText))];
}

function wayText({ from, to, change, terms }: WayChange): string {
  const what = change === 'changed' ? terms.map(({ name, was, is }) => `${name} ${shownValue(was)} → ${shownValue(is)}`).join(', ') : change === 'added' ? 'new' : 'removed';
  return `  ${from} → ${to}: ${what}`;
}

function sampleText({ subject, account, ticket_id: ticket, step }: SampleStep): string {
  return `  ${shownValue(subject)}: on ${account}${ticket === null ? '' : `, ticket ${ticket}`}: ${stepText(step)}`;
}
