/** A desk's words and the mesh's, as a mirror's value maps translate them: worked out anew, to judge the real ones by. */
import type { FieldName, Person } from '../../src/core/model.ts';
import type { DeskSetting } from './setting.ts';

export interface Words {
  /** The mesh's value as this desk is told it. */
  there(field: FieldName, value: unknown): unknown;
  /** This desk's value in the mesh's words. */
  here(field: FieldName, value: unknown): unknown;
}

/** A word that is mapped from several is the first of them; one that stands for itself too is itself, where all words are known. */
export function wordsOf(maps: DeskSetting['words']): Words {
  const lists: Readonly<Partial<Record<FieldName, boolean>>> = { status: true, priority: true };
  const via = (field: FieldName, value: unknown, turn: (word: string) => string): unknown => {
    if (field === 'assignee' && value !== null && typeof value === 'object') {
      const { email } = value as Person;
      return email === null || turn(email) === email ? value : { ...value, user_id: null, email: turn(email) };
    }
    return typeof value === 'string' ? turn(value) : value;
  };
  return {
    there: (field, value) => via(field, value, (word) => maps[field]?.[word] ?? word),
    here: (field, value) =>
      via(field, value, (word) => {
        const map = maps[field];
        if (map === undefined || (lists[field] === true && !(word in map))) return word;
        return Object.keys(map).find((mesh) => map[mesh] === word) ?? word;
      }),
  };
}
