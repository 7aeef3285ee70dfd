/** Automations: what somebody wants done when something happens on a desk, and which events are meant. Pure. */
import { EVENT_TYPES } from './model.ts';
import { placesIn } from './places.ts';
import type { CompileWhere } from './rules.ts';
import { names } from './subscription.ts';

/** Something to be done. Texts may have places, which the event fills. */
export type Action =
  | { readonly kind: 'create_ticket'; readonly account: string; readonly fields: Given }
  | { readonly kind: 'update_ticket'; readonly fields: Given }
  | { readonly kind: 'create_comment'; readonly content: string; readonly public: boolean }
  | { readonly kind: 'notify'; readonly subscription: string };

/** By field, a custom one by its name in the mesh: what is to be written there. */
export type Given = Readonly<Record<string, unknown>>;

export interface Automation {
  /** Unique. */
  readonly name: string;
  readonly when: {
    /** Of `AUTOMATION_EVENTS`. */
    readonly events: readonly string[];
    /** By name; null for every account. */
    readonly accounts: readonly string[] | null;
    /** JSON Schema over the event; null for every event. */
    readonly where: Readonly<Record<string, unknown>> | null;
  };
  /** Done in this order, all of it at once. */
  readonly then: readonly Action[];
}

/** What automations look at of an event. */
export interface Happening {
  readonly id: string;
  readonly type: string;
  /** ISO 8601 in UTC. */
  readonly time: string;
  readonly account: { readonly id: number; readonly name: string } | null;
  readonly link: string | null;
  readonly cause: 'person' | 'mirror';
  /** About something that customers do not see. */
  readonly private: boolean;
  readonly ticket: { readonly id: string; readonly raw_id?: string } | null;
  readonly changes?: object;
  readonly comment?: { readonly public: boolean };
}

/** What an automation may name: the events of tickets and comments, and wildcards for all that begin so. */
export const AUTOMATION_EVENTS: readonly string[] = [...EVENT_TYPES, 'ticket.*', 'comment.*', '*'];

/** The types of events that a pattern names. */
export function typesOf(pattern: string): readonly string[] {
  return EVENT_TYPES.filter((type) => names(pattern, type));
}

/** All automations, made ready to be asked. */
export interface Automations {
  readonly all: readonly Automation[];
  /** Those that run for this event, in their order. */
  meant(event: Happening): readonly Automation[];
}

/** `compile` is needed where one has a `where`. */
export function automationsOf(all: readonly Automation[], compile: CompileWhere = () => () => true): Automations {
  const ready = all.map((automation) => ({
    automation,
    types: new Set(automation.when.events.flatMap(typesOf)),
    fits: automation.when.where === null ? null : compile(automation.when.where),
  }));
  return {
    all,
    meant(event) {
      // What Deskmesh did itself runs nothing, so that no automation runs itself or another.
      if (event.cause !== 'person' || event.account === null || event.link === null) return [];
      // A ticket from before its account was connected is told of as an update when it is first seen; nobody changed it.
      if (event.type === 'ticket.updated' && event.changes === undefined) return [];
      const { name } = event.account;
      return ready
        .filter(({ automation: { when }, types, fits }) => types.has(event.type) && (when.accounts?.includes(name) ?? true) && (fits?.(event) ?? true))
        .map(({ automation }) => automation);
    },
  };
}

/** Places that may show the words of a comment. */
const OF_COMMENT = /^(?:comment|changes)(?:\.|$)/;

/** Whether what is given would bring words of the event's comment along. */
export function quotesComment(given: unknown): boolean {
  if (typeof given === 'string') return placesIn(given).some((place) => OF_COMMENT.test(place));
  return typeof given === 'object' && given !== null && Object.values(given).some(quotesComment);
}

/** Whether the event is about a comment that customers do not see: its words stay where they cannot see them. */
export function isHidden(event: Happening): boolean {
  return event.comment?.public === false || (event.private && event.type.startsWith('comment.'));
}
