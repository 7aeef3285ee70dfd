/**
 * Sets belong to several people at once: each member has the accounts that brought or took it. What of a set may reach an account
 * is asked member by member, so that a change which no mirror brings there keeps none of the others away. Pure.
 */
import { normal } from './compare.ts';
import type { LinkField } from './model.ts';
import { isCutOff, shown, type Sight } from './sight.ts';
import type { Clock, FieldState, Normal } from './state.ts';

/** So many members that were taken away are remembered with who took them; of older ones it counts as who changed the set last. */
const MOST_GONE = 50;

type Sources = Readonly<Record<string, readonly number[]>>;

/** The set after a change on an account. */
export function changedSet(before: FieldState | undefined, is: readonly string[], clock: Clock, from: number): FieldState {
  const was = membersOf(before);
  const kept: [string, readonly number[]][] = was.filter((member) => is.includes(member)).map((member) => [member, sourcesOf(before, member)]);
  const taken: [string, readonly number[]][] = was.filter((member) => !is.includes(member)).map((member) => [member, [from]]);
  const gone = Object.entries(before?.by ?? {}).filter(([member]) => !was.includes(member) && !is.includes(member));
  // Whoever is not named is `from`.
  const others = kept.filter(([, sources]) => sources.length !== 1 || sources[0] !== from);
  return withSources({ value: is, clock, from }, [...others, ...[...gone, ...taken].slice(-MOST_GONE)]);
}

/** The same set, in which an account has a say of its own about some members, there or gone, that somebody else brought or took before. */
export function seconded(state: FieldState, members: readonly string[], clock: Clock, from: number): FieldState {
  const by: Sources = { ...everyone(state), ...Object.fromEntries(members.map((member) => [member, [...new Set([...sourcesOf(state, member), from])]])) };
  return withSources({ value: state.value, clock, from: state.from }, Object.entries(by));
}

/**
 * What an account showed when it was first read, though we had not brought it, and nobody whose changes come there took it away, stays
 * there: nobody has a say about it.
 */
export function leftThere(field: LinkField, state: FieldState, here: readonly string[], sight: Sight): FieldState {
  const forms = formsIn(field, sight);
  const known = new Set([...membersOf(state), ...Object.keys(state.by ?? {})].flatMap(forms));
  const left = here.filter((form) => !known.has(form) && !isForeign(field, state, form, sight));
  return left.length === 0 ? state : withSources(state, [...Object.entries(state.by ?? {}), ...left.map((form) => [form, []] as const)]);
}

function withSources(state: FieldState, by: readonly (readonly [string, readonly number[]])[]): FieldState {
  return by.length === 0 ? state : { ...state, by: Object.fromEntries(by) };
}

function everyone(state: FieldState): Sources {
  return { ...state.by, ...Object.fromEntries(membersOf(state).map((member) => [member, sourcesOf(state, member)])) };
}

function membersOf(state: FieldState | undefined): readonly string[] {
  return (state?.value ?? []) as readonly string[];
}

function sourcesOf(state: FieldState | undefined, member: string): readonly number[] {
  return state?.by?.[member] ?? (state === undefined ? [] : [state.from]);
}

/** What of a set an account is to show. */
export interface Share {
  readonly members: readonly string[];
  /** Whether all of it is the link's set. */
  readonly whole: boolean;
  /** Whether a mirror keeps something away, or a condition. */
  readonly barred: boolean;
  /** Whether only a condition keeps some change away, so that it is due when the ticket fits again. */
  readonly waits: boolean;
}

/**
 * The link's members that mirrors bring to this account or that it shows already, and what it shows that nobody took away whose
 * changes come there. `base` is what it shows, in its own forms.
 */
export function shareOf(field: LinkField, state: FieldState, base: Normal | undefined, sight: Sight): Share {
  const all = membersOf(state);
  if (!mayBeCut(field, state, sight)) return { members: all, whole: true, barred: false, waits: false };
  const here = (base ?? []) as readonly string[];
  const forms = formsIn(field, sight);
  let waits = false;
  const comes = (member: string): boolean => {
    const reach = reachOf(field, sourcesOf(state, member), sight);
    waits ||= reach === 'waits';
    return reach === 'comes';
  };
  const isShown = (member: string): boolean => forms(member).some((form) => here.includes(form));
  const members = all.filter((member) => isShown(member) || comes(member));
  const known = new Set(all.flatMap(forms));
  const left = here.filter((form) => !known.has(form) && !comes(takenAs(form, state, forms)));
  const whole = members.length === all.length && left.length === 0;
  const barred = members.length < all.length || left.some((form) => sourcesOf(state, takenAs(form, state, forms)).length > 0);
  return { members: [...members, ...left], whole, barred, waits };
}

/** Members, there or gone, that were brought or taken only by accounts whose changes do not come to this one. */
export function isForeign(field: LinkField, state: FieldState | undefined, member: string, sight: Sight): boolean {
  return state !== undefined && reachOf(field, sourcesOf(state, member), sight) !== 'comes';
}

/** The forms in which this account would show a member, its own name first. */
export function formsIn(field: LinkField, sight: Sight): (member: string) => readonly string[] {
  return (member) => [member, ...((normal(field, shown({ [field]: [member] }, sight)[field]) ?? []) as readonly string[])];
}

/** What was taken away may have had another form elsewhere. */
function takenAs(form: string, state: FieldState, forms: (member: string) => readonly string[]): string {
  return Object.keys(state.by ?? {}).find((member) => forms(member).includes(form)) ?? form;
}

function mayBeCut(field: LinkField, state: FieldState, sight: Sight): boolean {
  const named = Object.values(state.by ?? {});
  const sources = new Set([state.from, ...named.flat()]);
  return named.some(({ length }) => length === 0) || [...sources].some((source) => reachOf(field, [source], sight) !== 'comes');
}

function reachOf(field: LinkField, sources: readonly number[], sight: Sight): 'comes' | 'waits' | 'never' {
  const comes = sources.some((source) => sight.rules.terms(source, sight.account.id)?.ignore.some((name) => name === field) === false);
  return comes ? 'comes' : sources.some((source) => isCutOff(source, sight)) ? 'waits' : 'never';
}
