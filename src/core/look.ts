/** What a look brings, and what comes of it. */
import type { Comment, Ticket } from './model.ts';
import type { Link, Note, Replica } from './state.ts';

/** What was seen of one replica, all at once. */
export interface Look {
  /** Epoch milliseconds before the first request of the look was sent. */
  readonly began: number;
  /** Null: the desk has no such ticket. */
  readonly ticket: Ticket | null;
  /** The complete list, oldest first; null if comments were not looked at. */
  readonly comments: readonly Comment[] | null;
  /** What it does not show may be there all the same: nothing is deleted because of it. */
  readonly doubted?: boolean;
}

/** What comes of a transition of the state. `link` is the same object if nothing in it changed. */
export interface Moved {
  readonly link: Link;
  readonly replica: Replica;
  readonly notes: readonly Note[];
}
