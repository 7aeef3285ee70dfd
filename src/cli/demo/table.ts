/** The table at the end: every ticket on every desk, and whether it is as people left it. Pure. */
import type { DoneTicket, Verdict } from './judge.ts';
import type { DeskView, TicketView } from './views.ts';

export interface Row {
  readonly subject: string;
  readonly desk: string;
  /** The ticket's id there, one for each copy. */
  readonly ids: readonly string[];
  readonly state: string;
  readonly priority: string;
  readonly tags: string;
  readonly assignee: string;
  readonly comments: string;
  readonly alike: boolean;
}

export function rowsOf(done: readonly DoneTicket[], views: readonly DeskView[], { problems }: Verdict): readonly Row[] {
  return done.flatMap(({ subject, deletedOn }) =>
    views.map(({ desk, tickets, names }) => {
      const copies = tickets.filter((ticket) => ticket.subject === subject);
      const shown = copies.find(({ deleted }) => !deleted) ?? copies[0];
      const alike = !problems.some((problem) => problem.desk === desk && problem.subject === subject);
      const row = { subject, desk, ids: copies.map(({ id }) => id), alike };
      if (shown === undefined) return { ...row, ...NOTHING, state: deletedOn === null ? 'missing' : 'deleted' };
      if (shown.deleted) return { ...row, ...NOTHING, state: 'deleted' };
      const assignee = shown.assignee === null ? '' : (names.get(shown.assignee) ?? shown.assignee);
      return { ...row, state: shown.status, priority: shown.priority, tags: shown.tags.join(' '), assignee, comments: commentsOf(shown) };
    }),
  );
}

const NOTHING = { priority: '', tags: '', assignee: '', comments: '' };

function commentsOf({ comments }: TicketView): string {
  const open = comments.filter((comment) => comment.public).length;
  const parts = [...(open > 0 ? [`${open} public`] : []), ...(comments.length > open ? [`${comments.length - open} private`] : [])];
  return parts.join(', ');
}

/** Lines of plain text; the first two are the heading. */
export function tableOf(rows: readonly Row[]): readonly string[] {
  const cells = rows.map(({ subject, desk, ids, state, priority, tags, assignee, comments, alike }, at) => [
    rows[at - 1]?.subject === subject ? '' : subject,
    desk,
    ids.length > 1 ? `${ids.length} times!` : state,
    priority,
    tags,
    assignee,
    comments,
    alike ? 'yes' : 'NO',
  ]);
  const all = [['ticket', 'desk', 'status', 'priority', 'tags', 'assignee', 'comments', 'alike'], ...cells];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
  return [lines[0] ?? '', widths.map((width) => '-'.repeat(width)).join('  '), ...lines.slice(1)];
}
