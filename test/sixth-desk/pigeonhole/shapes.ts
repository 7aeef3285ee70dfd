/** What is used of Pigeonhole's answers, and nothing else. */
import { ID, list, object, shape, TEXT } from '../../../src/connectors/kit/shape.ts';

export interface Case {
  readonly id: number | string;
  readonly title?: string | null;
  /** HTML. */
  readonly body?: string | null;
  readonly state?: string | null;
  readonly urgency?: number | null;
  readonly labels?: readonly string[] | null;
  readonly from?: { readonly mail: string; readonly name?: string | null } | null;
  /** A text of the writer's own, which the desk keeps and finds. */
  readonly reference?: string | null;
  readonly created?: string | null;
  readonly changed?: string | null;
}

export interface PigeonNote {
  readonly id: number | string;
  readonly html: string;
  readonly internal: boolean;
  readonly by?: string | null;
  readonly reference?: string | null;
  readonly at?: string | null;
}

const person = { type: ['object', 'null'], properties: { mail: { type: 'string' }, name: TEXT }, required: ['mail'] };
const oneCase = object(
  {
    id: ID,
    title: TEXT,
    body: TEXT,
    state: TEXT,
    urgency: { type: ['integer', 'null'] },
    labels: { type: ['array', 'null'], items: { type: 'string' } },
    from: person,
    reference: TEXT,
    created: TEXT,
    changed: TEXT,
  },
  ['id'],
);
const note = object({ id: ID, html: { type: 'string' }, internal: { type: 'boolean' }, by: TEXT, reference: TEXT, at: TEXT }, ['id', 'html', 'internal']);

export const aCase = shape<{ readonly case: Case }>('a case', object({ case: oneCase }, ['case']));
export const cases = shape<{ readonly cases: readonly Case[]; readonly more: boolean }>('a list of cases', object({ cases: list(oneCase), more: { type: 'boolean' } }, ['cases', 'more']));
export const aNote = shape<{ readonly note: PigeonNote }>('a note', object({ note }, ['note']));
export const notes = shape<{ readonly notes: readonly PigeonNote[] }>('a list of notes', object({ notes: list(note) }, ['notes']));
export const changeLog = shape<{ readonly changes: readonly { readonly case: number | string; readonly at: string; readonly gone: boolean }[]; readonly last: number; readonly more: boolean }>(
  'a list of changes',
  object({ changes: list(object({ case: ID, at: { type: 'string' }, gone: { type: 'boolean' } }, ['case', 'at', 'gone'])), last: { type: 'integer' }, more: { type: 'boolean' } }, ['changes', 'last', 'more']),
);
export const me = shape<{ readonly name: string; readonly mail: string }>('an agent', object({ name: { type: 'string' }, mail: { type: 'string' } }, ['name', 'mail']));
