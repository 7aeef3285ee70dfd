/** What a write can carry, weighed with all that the desk tells, and what has to be there before it. */
import type { TicketFields, Warning } from '../../core/model.ts';
import { unwritable, without } from '../kit/hold.ts';
import type { Directory } from './directory.ts';
import { hold } from './map.ts';
import type { Settings } from './settings.ts';

const WRITTEN: ReadonlySet<string> = new Set([
  'subject', 'description', 'status', 'priority', 'ticket_type', 'tags', 'due_at', 'requester', 'assignee', 'group', 'company', 'public', 'custom_properties', 'email_ccs', 'followers',
]);
const MOST_NAMED = 10;

export interface Weighed {
  readonly held: TicketFields;
  readonly warnings: readonly Warning[];
}

/** Asks for what is not known yet, and makes missing tags where the account says so. */
export async function weigh(fields: TicketFields, settings: Settings, directory: Directory): Promise<Weighed> {
  await directory.prepare(fields);
  const weighed = hold(fields, { settings, known: directory.known() });
  const warnings: Warning[] = [...weighed.warnings, ...unwritable(fields, WRITTEN)];
  let { held } = weighed;
  const failed = settings.create_tags ? await directory.makeTags(held.tags ?? []) : [];
  if (failed.length > 0) {
    held = { ...held, tags: (held.tags ?? []).filter((tag) => !failed.includes(tag)) };
    warnings.push({ field: 'tags', reason: `HelpSpace did not take these as new tags: ${named(failed)}` });
  }
  const { teams } = directory.known();
  // Without the lists nobody knows what an address or a name stands for.
  if (held.assignee != null && held.assignee.user_id === null) {
    held = without(held, ['assignee']);
    warnings.push({ field: 'assignee', reason: 'this token may not see who the agents are' });
  }
  if (held.group != null && teams === null) {
    held = without(held, ['group']);
    warnings.push({ field: 'group', reason: 'this token may not see which teams there are' });
  }
  return { held, warnings };
}

/** HelpSpace drops a tag in silence, for instance one that has just been deleted: no change of somebody there. */
export function droppedTags(held: TicketFields, shown: TicketFields | null): readonly Warning[] {
  if (held.tags === undefined || shown?.tags === undefined) return [];
  const there = new Set(shown.tags.map((tag) => tag.toLowerCase()));
  const dropped = held.tags.filter((tag) => !there.has(tag.toLowerCase()));
  return dropped.length === 0 ? [] : [{ field: 'tags', reason: `HelpSpace did not apply: ${named(dropped)}` }];
}

function named(tags: readonly string[]): string {
  return tags.length > MOST_NAMED ? `${tags.slice(0, MOST_NAMED).join(', ')} and ${tags.length - MOST_NAMED} more` : tags.join(', ');
}
