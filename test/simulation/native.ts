/** Tickets and comments as a fake desk keeps them. */
import type { FieldName, Person } from '../../src/core/model.ts';
import type { Native } from './profiles.ts';

export interface NativeComment {
  readonly id: string;
  /** Which utterance this shows: the word in its text that no other comment has. */
  readonly token: string;
  content: string;
  public: boolean;
  readonly key: string | null;
  readonly author: Person;
  readonly created: number;
  updated: number;
  readonly listedAt: number;
  deleted: boolean;
}

export interface NativeTicket {
  readonly id: string;
  readonly token: string;
  readonly native: Partial<Record<FieldName, Native>>;
  readonly key: string | null;
  readonly created: number;
  /** By this desk's clock. */
  updated: number;
  listedAt: number;
  /** From when on a search sees that it exists. */
  readonly findableAt: number;
  deleted: boolean;
  gone: boolean;
  /** The ticket that people merged it into. */
  mergedInto: string | null;
  readonly comments: NativeComment[];
  /** By thing: the edits that what is shown may come from. */
  readonly shown: Map<string, readonly number[]>;
  /** When we last read it, and what it showed. */
  lastRead: number;
  lastSeen: Readonly<Record<string, unknown>>;
}

/** The words of a text, without what desks do to its form. */
export function words(html: string): string {
  return html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim();
}

export const lifeOf = (ticket: NativeTicket): boolean => !ticket.deleted && !ticket.gone;
