/** A ticket's story, for people and as JSON lines. */
import type { Explained, ReplicaNow } from '../engine/explain.ts';
import type { Entry } from '../core/story.ts';
import { counted, isoOf, shownValue, shownValues } from './words.ts';

/** The first line tells how things stand; each further one is one thing that happened. */
export function explainJson({ link, replicas, accounts, entries, cut }: Explained): readonly string[] {
  const nameOf = (id: number | null): string | null => (id === null ? null : (accounts.get(id) ?? `account ${id}`));
  const summary =
    link === null
      ? null
      : {
          id: link.id,
          origin: nameOf(link.origin),
          accounts: link.accounts.map(nameOf),
          version: link.version,
          alive: link.life.alive,
          fields: Object.fromEntries(
            Object.entries(link.fields).map(([field, state]) => [field, { value: state?.value, since: isoOf(state?.clock ?? null), from: nameOf(state?.from ?? null) }]),
          ),
          comments: Object.values(link.comments).filter(({ deleted }) => !deleted).length,
        };
  const head = { link: summary, replicas: replicas.map(replicaJson), cut };
  return [JSON.stringify(head), ...entries.map(({ at, account_id: id, ...entry }) => JSON.stringify({ at: isoOf(at), account: nameOf(id), ...entry }))];
}

function replicaJson({ due, looked, open, parked, ...replica }: ReplicaNow): object {
  return {
    ...replica,
    due: isoOf(due),
    looked: isoOf(looked),
    open: open === null ? null : { ...open, first_sent: isoOf(open.first_sent), sent: isoOf(open.sent), answered: isoOf(open.answered) },
    parked: parked.map(({ at, clock, ...step }) => ({ ...step, at: isoOf(at), since: isoOf(clock) })),
  };
}

export function explainText(explained: Explained): readonly string[] {
  const { link, replicas, accounts, entries, cut } = explained;
  const nameOf = (id: number | null): string => (id === null ? '' : (accounts.get(id) ?? `account ${id}`));
  const subject = link?.fields.subject?.value;
  const heading =
    link === null
      ? 'a ticket that belongs to no link'
      : `link ${link.id}: ${shownValue(subject ?? null)}, begun on ${nameOf(link.origin)}, version ${link.version}${link.life.alive ? '' : ', deleted'}`;
  const width = Math.max(0, ...replicas.map(({ account }) => account.length), ...entries.map(({ account_id: id }) => nameOf(id).length));
  const lines = [heading, ...replicas.flatMap((replica) => replicaText(replica, width))];
  let day = '';
  for (const entry of entries) {
    const time = isoOf(entry.at);
    if (!time.startsWith(day) || day === '') {
      day = time.slice(0, 10);
      lines.push('', day);
    }
    const [first = '', ...more] = entryText(entry, nameOf);
    lines.push(`  ${time.slice(11, 23)}  ${nameOf(entry.account_id).padEnd(width)}  ${first}`, ...more.map((line) => `${' '.repeat(18 + width)}${line}`));
  }
  if (cut) lines.push('', 'Older records were left out: there are more than anybody reads.');
  return lines;
}

function replicaText({ account, id, ticket_id: ticket, state, caught_up: caughtUp, due, failures, open, parked, held }: ReplicaNow, width: number): readonly string[] {
  const parts = [ticket === null ? 'no ticket yet' : `ticket ${ticket}`, state, caughtUp ? 'caught up' : 'behind'];
  if (due !== null) parts.push(`tried again at ${isoOf(due)}${failures > 0 ? ` after ${counted(failures, 'failure')}` : ''}`);
  const lines = [`  ${account.padEnd(width)}  ${parts.join(', ')}  (replica ${id})`];
  if (open !== null) {
    const outcome = open.answered === null && open.refused === null ? 'no answer known' : 'its outcome is not known';
    lines.push(`    under way: ${open.kind}, ${counted(open.tries, 'try', 'tries')}, last sent at ${isoOf(open.sent)}, ${outcome}`);
  }
  if (held !== null) lines.push(`    much waits for a person on this account: ${held}`);
  for (const { kind, name, reason } of parked) lines.push(`    parked: ${kind} (${name}) was refused: ${reason}`);
  return lines;
}

function entryText(entry: Entry, nameOf: (id: number) => string): readonly string[] {
  switch (entry.what) {
    case 'receipt': {
      const about = entry.ticket_id === null ? '' : ` of ticket ${entry.ticket_id}`;
      const stands = entry.state === 'settled' ? '' : ` [${entry.state}]`;
      return [`webhook ${entry.receipt}: ${entry.event ?? 'something'}${about}${stands}`, ...(entry.reason === null ? [] : [entry.reason])];
    }
    case 'look':
      return [`look, for webhook ${entry.receipts.join(', ')}: ${entry.found}${entry.echo_of === null ? '' : `, the echo of our own write ${entry.echo_of}`}`];
    case 'began':
      return [`the link began: ${shownValues(entry.values)}`];
    case 'note':
      return [`${entry.note}${entry.field === null ? '' : ` ${entry.field}`}: ${entry.because}`, ...valueLines(entry.values, nameOf)];
    case 'attempt':
      return attemptText(entry);
  }
}

/** Before and after on one line each; other values as they are. */
function valueLines(values: Readonly<Record<string, unknown>> | null, nameOf: (id: number) => string): readonly string[] {
  if (values === null) return [];
  const { accounts, was, is, ...rest } = values;
  const lines = Object.entries(rest).map(([name, value]) => (isChange(value) ? `${name} ${shownValue(value.was)} → ${shownValue(value.is)}` : `${name} ${shownValue(value)}`));
  if (was !== undefined || is !== undefined) lines.push(was === undefined ? shownValue(is) : `${shownValue(was)} → ${shownValue(is)}`);
  if (Array.isArray(accounts)) lines.push(accounts.map((id) => nameOf(Number(id))).join(', '));
  return lines;
}

function isChange(value: unknown): value is { readonly was?: unknown; readonly is?: unknown } {
  return typeof value === 'object' && value !== null && ('was' in value || 'is' in value);
}

function attemptText(entry: Extract<Entry, { what: 'attempt' }>): readonly string[] {
  const answer = (entry.answer ?? {}) as { readonly id?: string; readonly found?: boolean; readonly status?: number; readonly code?: string };
  const parts = [
    answer.id === undefined ? null : `as ${answer.id}`,
    answer.found === true ? 'found by a later look' : null,
    answer.status === undefined ? null : `status ${answer.status}`,
    answer.code === undefined ? null : answer.code,
  ].filter((part) => part !== null);
  const wrote = (entry.wrote ?? {}) as { readonly fields?: Record<string, unknown>; readonly comment?: Record<string, unknown> };
  return [
    `write ${entry.attempt}: ${entry.step}, try ${entry.try} → ${[entry.outcome, ...parts].join(', ')}, ${Math.round(entry.ms)} ms  (key ${entry.key})`,
    ...(wrote.fields === undefined ? [] : [`wrote ${shownValues(wrote.fields)}`]),
    ...(wrote.comment === undefined ? [] : [`comment ${shownValues(told(wrote.comment))}`]),
    ...(entry.reason === null ? [] : [`the desk said: ${entry.reason}`]),
    ...entry.warnings.map(({ field, reason }) => `left out ${field}: ${reason}`),
    ...entry.files.map((file) => `file ${shownValues(file as Record<string, unknown>)}`),
  ];
}

function told(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
