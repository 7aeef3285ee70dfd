/** What really happened, as the desks saw it: the ground on which the oracle judges, and the story of a failing ticket. */
import type { StepKind } from '../../src/core/model.ts';
import type { VirtualClock } from './clock.ts';
import type { Action, Mesh } from './setting.ts';

/**
 * A change that a person (or a desk's own trigger) made to one thing: a field, one tag, a comment's text, a ticket's life.
 * `parents` are the changes that the desk may have shown at that moment; several where two changes have the same value.
 */
export interface Edit {
  readonly id: number;
  readonly at: number;
  readonly account: number;
  readonly token: string;
  readonly what: string;
  /** As the unified model reads it on that desk. */
  readonly value: unknown;
  readonly parents: readonly number[];
  readonly by: 'person' | 'trigger';
  /** The form that this desk alone gave to what it was told: it goes nowhere else. */
  readonly stays?: true;
}

/** A write of ours that took effect on a desk. */
export interface Wrote {
  readonly at: number;
  readonly account: number;
  readonly token: string;
  readonly kind: StepKind;
  readonly names: readonly string[];
  /** What the fields were before. */
  readonly before: Readonly<Record<string, unknown>>;
  /** What the fields were when we last read them. */
  readonly seen: Readonly<Record<string, unknown>>;
  /** When we last read this ticket there before the write. */
  readonly looked: number;
  /** When its answer reached us; null if none did. */
  answered: number | null;
}

/** A whole look at a ticket that reached us. */
export interface Look {
  /** When the desk gave its first part. */
  readonly at: number;
  /** When its last part reached us. */
  readonly until: number;
}

/** A person's action, counted to bound our writes. */
export interface Done {
  readonly at: number;
  readonly action: Action;
  readonly account: number;
  readonly token: string;
  /** The ticket of which this is a clone. */
  readonly source?: string;
}

/** A comment as its people meant it. */
export interface Utterance {
  readonly token: string;
  readonly ticket: string;
  readonly account: number;
  readonly at: number;
  /** Nobody ever made it public. */
  readonly bornPrivate: boolean;
  privateSince: number | null;
  /** Each time that somebody made a copy of it private. */
  hiddenBy: { account: number; at: number }[];
  deletedBy: { account: number; at: number }[];
}

/** A call that did not end well for us, or whose effect we may not have learnt of. */
export interface Mishap {
  readonly at: number;
  /** 0: the database, or a whole process. */
  readonly account: number;
  readonly token: string;
  readonly call: string;
  readonly fate: string;
  /** Which part of the work it struck. */
  readonly phase: Phase;
}

/** The parts of the work that something can go wrong in. */
export const PHASES = ['webhook', 'look', 'find', 'sweep', 'write a ticket', 'write a comment', 'commit', 'other'] as const;
export type Phase = (typeof PHASES)[number];

export interface History {
  readonly edits: Edit[];
  /** When we read a ticket, by its place: account and token. */
  readonly reads: Map<string, Look[]>;
  readonly wrote: Wrote[];
  readonly deeds: Done[];
  /** The rules, from when on (epoch milliseconds). */
  readonly rules: { readonly at: number; readonly mesh: Mesh }[];
  readonly utterances: Map<string, Utterance>;
  readonly mishaps: Mishap[];
  /** Promises seen broken while it happened. */
  readonly broken: string[];
  edit(change: Omit<Edit, 'id' | 'at'>): Edit;
  /** The changes of one thing, oldest first. */
  of(token: string, what: string): readonly Edit[];
  /** `line` is only asked for if the story is kept. */
  tell(token: string | null, line: () => string): void;
  /** What happened to one ticket and to everybody, line by line. */
  story(token: string): string;
}

/** `telling`: whether the story is kept, line by line. */
export function createHistory(clock: VirtualClock, telling: boolean): History {
  const edits: Edit[] = [];
  const byThing = new Map<string, Edit[]>();
  const lines: { at: number; token: string | null; line: string }[] = [];
  const start = clock.now();
  return {
    edits,
    reads: new Map(),
    wrote: [],
    deeds: [],
    rules: [],
    utterances: new Map(),
    mishaps: [],
    broken: [],
    edit(change) {
      const edit: Edit = { ...change, id: edits.length + 1, at: clock.now() };
      edits.push(edit);
      const thing = `${edit.token} ${edit.what}`;
      const known = byThing.get(thing);
      if (known === undefined) byThing.set(thing, [edit]);
      else known.push(edit);
      return edit;
    },
    of: (token, what) => byThing.get(`${token} ${what}`) ?? [],
    tell: (token, line) => {
      if (telling) lines.push({ at: clock.now(), token, line: line() });
    },
    story: (token) =>
      lines
        .filter((entry) => entry.token === token || entry.token === null)
        .map((entry) => `${((entry.at - start) / 1000).toFixed(2).padStart(8)}  ${entry.line}`)
        .join('\n'),
  };
}
