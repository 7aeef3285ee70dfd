/** Whether the desks show what people did, each thing exactly once. Pure: what was done and what is shown in, a verdict out. */
import type { CommentView, DeskView, TicketView } from './views.ts';

export interface SaidComment {
  /** The desk that it was written on. */
  readonly desk: string;
  readonly text: string;
  readonly public: boolean;
}

/** A ticket as people last left it, whichever desk they worked on. */
export interface DoneTicket {
  /** The desk that it was opened on. */
  readonly desk: string;
  readonly subject: string;
  readonly description: string;
  readonly status: string;
  readonly priority: string;
  readonly tags: readonly string[];
  readonly assignee: string | null;
  readonly comments: readonly SaidComment[];
  /** The desk that it was deleted on. */
  readonly deletedOn: string | null;
}

export type ProblemKind = 'missing' | 'doubled' | 'wider' | 'different' | 'unexpected' | 'late';

export interface Problem {
  readonly kind: ProblemKind;
  readonly desk: string;
  readonly subject: string;
  readonly what: string;
}

export interface Verdict {
  /** What should be on a desk other than the one it was done on: tickets, comments and deletions, counted by desk. */
  readonly wanted: number;
  /** What of that is there as it should be, less anything that should not be there. */
  readonly mirrored: number;
  readonly problems: readonly Problem[];
}

export function judge(done: readonly DoneTicket[], views: readonly DeskView[]): Verdict {
  let wanted = 0;
  const problems: Problem[] = [];
  for (const { desk, tickets } of views) {
    const told = (kind: ProblemKind, subject: string, what: string): void => void problems.push({ kind, desk, subject, what });
    for (const ticket of done) {
      const copies = tickets.filter(({ subject }) => subject === ticket.subject);
      if (ticket.deletedOn !== null) {
        if (ticket.deletedOn !== desk) wanted += 1;
        const left = copies.filter(({ deleted }) => !deleted).length;
        if (copies.length > 1) told('doubled', ticket.subject, `is there ${copies.length} times`);
        else if (left > 0) told('missing', ticket.subject, `is still there, but was deleted on ${ticket.deletedOn}`);
        continue;
      }
      wanted += (ticket.desk === desk ? 0 : 1) + ticket.comments.filter((comment) => comment.desk !== desk).length;
      const live = copies.filter(({ deleted }) => !deleted);
      const [shown] = live;
      if (shown === undefined) told('missing', ticket.subject, copies.length > 0 ? 'is deleted, but nobody deleted it' : 'is missing');
      else if (copies.length > 1) told('doubled', ticket.subject, `is there ${copies.length} times`);
      else {
        const differing = differences(ticket, shown);
        if (differing.length > 0) told('different', ticket.subject, differing.join(', '));
      }
      for (const problem of commentProblems(ticket.comments, live.flatMap(({ comments }) => comments))) told(problem.kind, ticket.subject, problem.what);
    }
    for (const { subject } of tickets.filter((shown) => !done.some((ticket) => ticket.subject === shown.subject)))
      told('unexpected', subject, 'is there, but nobody opened it');
  }
  return { wanted, mirrored: Math.max(0, wanted - problems.length), problems };
}

/** At most one problem for each comment that was written, and one for each that nobody wrote. */
function commentProblems(said: readonly SaidComment[], shown: readonly CommentView[]): readonly Pick<Problem, 'kind' | 'what'>[] {
  const problems: Pick<Problem, 'kind' | 'what'>[] = [];
  for (const comment of said) {
    const copies = shown.filter((copy) => says(copy, comment));
    const name = `the ${comment.public ? 'public' : 'private'} comment “${comment.text}”`;
    if (copies.length === 0) problems.push({ kind: 'missing', what: `${name} is missing` });
    else if (copies.some((copy) => copy.public && !comment.public)) problems.push({ kind: 'wider', what: `${name} is public here` });
    else if (copies.length > 1) problems.push({ kind: 'doubled', what: `${name} is there ${copies.length} times` });
    else if (comment.public && copies.some((copy) => !copy.public)) problems.push({ kind: 'different', what: `${name} is private here` });
  }
  for (const copy of shown.filter((one) => !said.some((comment) => says(one, comment))))
    problems.push({ kind: 'unexpected', what: `the comment “${copy.text}” is there, but nobody wrote it` });
  return problems;
}

/** The words themselves, or a copy of them: the author line stands before the words. */
function says(shown: CommentView, said: SaidComment): boolean {
  return shown.text === said.text || shown.text.endsWith(`: ${said.text}`);
}

/** The fields in which a desk shows something else than people left. */
export function differences(ticket: DoneTicket, shown: TicketView): readonly string[] {
  const pairs: readonly (readonly [name: string, should: string, is: string])[] = [
    ['status', ticket.status, shown.status],
    ['priority', ticket.priority, shown.priority],
    ['tags', ticket.tags.toSorted().join(' '), shown.tags.join(' ')],
    ['assignee', ticket.assignee ?? 'nobody', shown.assignee ?? 'nobody'],
    ['description', ticket.description, shown.description],
  ];
  return pairs.filter(([, should, is]) => should !== is).map(([name, should, is]) => `${name} is “${is}”, should be “${should}”`);
}
