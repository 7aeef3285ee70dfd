/** The part of a replica that is only ever read whole, as it is kept: what is as it usually is goes without saying. */
import type { Intent, Replica } from '../core/state.ts';

type Whole = Pick<
  Replica,
  'generation' | 'base' | 'applied' | 'life_applied' | 'surplus' | 'held' | 'bounces' | 'wrote' | 'merged_into' | 'meeting' | 'follows' | 'spent' | 'doubt' | 'failures'
>;

/** A replica's document in its row. */
export type Doc = Partial<Whole> & { readonly intent?: (Partial<Usual> & Omit<Intent, keyof Usual>) | null };

const USUAL: Omit<Whole, 'generation'> = {
  base: {}, applied: {}, life_applied: 0, surplus: [], held: {}, bounces: {}, wrote: {}, merged_into: null, meeting: false, follows: null, spent: { level: 0, at: 0 }, doubt: 0, failures: 0,
};

type Usual = Pick<Intent, 'fields' | 'uid' | 'comment_id' | 'draft' | 'files' | 'follows' | 'warnings' | 'answered' | 'landed' | 'refused'>;

const USUAL_INTENT: Usual = { fields: null, uid: null, comment_id: null, draft: null, files: [], follows: null, warnings: [], answered: null, landed: 0, refused: null };

/** What the row keeps of a replica. */
export function docOf(replica: Replica): Doc {
  const { generation, base, applied, life_applied, surplus, intent, held, bounces, wrote, merged_into, meeting, follows, spent, doubt, failures } = replica;
  const doc = unusual({ base, applied, life_applied, surplus, held, bounces, wrote, merged_into, meeting, follows, doubt, failures }, USUAL);
  return {
    generation,
    ...doc,
    ...(spent.level === 0 && spent.at === 0 ? {} : { spent }),
    ...(intent === null ? {} : { intent: unusual(intent, USUAL_INTENT) as Doc['intent'] & object }),
  };
}

/** What the row's document says of a replica, whole again; also of one that was kept before anything went without saying. */
export function replicaIn({ intent, ...doc }: Doc): Whole & Pick<Replica, 'intent'> {
  return { generation: 1, ...USUAL, ...doc, intent: intent == null ? null : { ...USUAL_INTENT, ...intent } };
}

function unusual<T extends object>(whole: T, usual: object): Partial<T> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(whole)) if (!alike(value, (usual as Readonly<Record<string, unknown>>)[name])) kept[name] = value;
  return kept as Partial<T>;
}

/** Of what is usual, lists and records are empty. */
function alike(value: unknown, usual: unknown): boolean {
  if (typeof usual !== 'object' || usual === null) return value === usual;
  for (const _ in value as object) return false;
  return true;
}
