/** What mirrors in mesh.yaml say about an account's words, held against what that kind of desk knows. */
import type { TicketFieldName, TicketFields } from '../core/model.ts';
import type { Desk } from '../ports/connector.ts';
import type { MeshFault, MeshFile, Path } from './mesh-file.ts';
import { MAPPED, WORDS } from './mesh-lenses.ts';
import { fieldsIn, type Fields } from './mesh-parts.ts';
import { didYouMean } from './mesh-shape.ts';

/** As much of a desk as tells what it can hold, without asking it. */
export type DeskWords = Pick<Desk, 'can' | 'forecast'>;

/** Ids as the desks have them, for a message that shows one which would be taken. */
const IDS = ['360001', 'cf_serial'] as const;

/** `desks` are those of the accounts that nothing else is wrong with, by name. */
export function deskFaults(file: MeshFile, path: Path, mirror: Fields, desks: ReadonlyMap<string, DeskWords>): readonly MeshFault[] {
  const customs = fieldsIn(mirror['custom_fields']);
  const names = customs.map(([name]) => name);
  const faults: MeshFault[] = [];
  for (const [name, ids] of customs) {
    for (const [account, id] of fieldsIn(ids)) {
      const desk = desks.get(account);
      const wrong = desk === undefined || typeof id !== 'string' ? null : wrongWithCustom(id, desk);
      if (wrong !== null) faults.push(file.faultAt([...path, 'custom_fields', name, account], wrong));
    }
  }
  for (const part of ['values', 'constants', 'defaults'] as const) {
    for (const [account, fields] of fieldsIn(mirror[part])) {
      const desk = desks.get(account);
      if (desk === undefined) continue;
      for (const [field, content] of fieldsIn(fields)) {
        if (names.includes(field) || (part === 'values' && !MAPPED.includes(field))) continue;
        const place = [...path, part, account, field];
        const when = desk.can.fields[field as TicketFieldName];
        if (part === 'values' ? !desk.can.reads.includes(field as TicketFieldName) && when === undefined : when !== 'always' && when !== 'create') {
          faults.push(file.faultAt(place, `${account} has no ${field} that could be written with a new ticket: leave this out.`));
        } else if (part !== 'values') faults.push(...wordFault(file, place, account, field, content, desk));
        else for (const [word, to] of fieldsIn(content)) faults.push(...wordFault(file, [...place, word], account, field, to, desk));
      }
    }
  }
  return faults;
}

function wrongWithCustom(id: string, desk: DeskWords): string | null {
  if (desk.can.fields.custom_properties === undefined) return 'This account holds no custom fields; where its settings describe them, they come first.';
  const taken = (one: string): boolean => (desk.forecast({ custom_properties: [{ id: one, value: null }] }).custom_properties?.length ?? 0) > 0;
  if (taken(id)) return null;
  const example = IDS.find(taken);
  return `This desk knows no custom field by this id.${example === undefined ? ' Its settings name those that it has.' : ` For instance: "${example}".`}`;
}

/** Words of closed lists, and ids of groups: those of other fields are known only once their desk was asked. */
function wordFault(file: MeshFile, place: Path, account: string, field: string, word: unknown, desk: DeskWords): readonly MeshFault[] {
  const shownAs = (one: unknown): unknown => desk.forecast({ [field]: one } as TicketFields)[field as TicketFieldName];
  const words = WORDS[field];
  if (words !== undefined && words.includes(String(word))) {
    const there = words.filter((one) => shownAs(one) === one);
    if (there.includes(String(word))) return [];
    return [file.faultAt(place, `${account} cannot show the ${field} ${String(word)}: its words are ${there.join(', ')}.${didYouMean(String(word), there)}`)];
  }
  if (field !== 'group' || typeof word !== 'string' || shownAs(word) !== undefined) return [];
  const example = shownAs('12') === undefined ? '' : ' For instance: "12".';
  return [file.faultAt(place, `${account} knows no group by this id.${example}`)];
}
