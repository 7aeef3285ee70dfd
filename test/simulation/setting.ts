/** A run before it begins, as plain data: what a seed draws, and what a failing seed is made smaller in. */
import type { FieldName } from '../../src/core/model.ts';
import type { OnDelete } from '../../src/core/rules.ts';
import { createChance, type Chance } from './clock.ts';
import { PROFILES } from './profiles.ts';
import { GUSTS, STORM, type Weather } from './weather.ts';

/** A rule of the desk's own that rewrites a field, or a comment, after we wrote it. */
export interface Trigger {
  readonly field: FieldName | 'comment';
  /** For exact fields, in the desk's own words; for texts `then` is a word that is put at the end, unless it is there. */
  readonly when: unknown;
  readonly then: unknown;
  /** 0 = within the same save, so that the answer shows it already. */
  readonly afterMs: number;
}

/** A value that the desk does not take, whoever sends it. */
export interface Refusal {
  readonly field: FieldName;
  /** In the desk's own words. */
  readonly value: unknown;
  /** Whether it says which field it means. */
  readonly named: boolean;
}

export interface DeskSetting {
  readonly service: string;
  readonly skewMs: number;
  readonly triggers: readonly Trigger[];
  readonly refuses: readonly Refusal[];
  /** By field: the mesh's word → this desk's. */
  readonly words: Readonly<Partial<Record<FieldName, Readonly<Record<string, string>>>>>;
}

/** For which tickets an edge is, told by one field: a tag that it has, or a value that is one of these. */
export interface Where {
  readonly field: 'tags' | 'priority' | 'ticket_type';
  readonly among: readonly string[];
}

export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly ignore: readonly FieldName[];
  /** Account by field. */
  readonly owner: Readonly<Partial<Record<FieldName, number>>>;
  readonly comments: 'all' | 'public' | 'none';
  readonly author_line: string | null;
  readonly on_delete: OnDelete;
  readonly closed: 'park' | 'follow_up';
  readonly where: Where | null;
  readonly unmatched: 'keep' | 'freeze';
}

export type Mesh = readonly Edge[];

/** What people do. */
export const ACTIONS = [
  'create', 'edit a field', 'edit tags', 'comment', 'edit a comment', 'hide a comment', 'delete a comment',
  'clash', 'close', 'delete', 'restore', 'merge', 'clone',
] as const;
export type Action = (typeof ACTIONS)[number];

export interface Deed {
  readonly at: number;
  readonly action: Action;
  readonly seed: number;
  /** To the newest ticket of those to which it can be done. */
  readonly newest?: true;
}

export interface Setting {
  readonly seed: number;
  /** The account of the n-th is n + 1. */
  readonly desks: readonly DeskSetting[];
  /** The rules from the beginning, and what they are changed to; `at` in milliseconds from the beginning. */
  readonly rules: readonly { readonly at: number; readonly mesh: Mesh }[];
  readonly weather: Weather;
  readonly processes: number;
  readonly stormMs: number;
  /** In order of time, milliseconds from the beginning. */
  readonly deeds: readonly Deed[];
}

export const USUAL_EDGE: Omit<Edge, 'from' | 'to'> = {
  ignore: [], owner: {}, comments: 'all', author_line: null, on_delete: 'delete', closed: 'park', where: null, unmatched: 'keep',
};

/** Every account of these to every other. */
export function allWays(accounts: readonly number[], terms: Partial<Edge> = {}): Edge[] {
  return accounts.flatMap((from) => accounts.filter((to) => to !== from).map((to) => ({ ...USUAL_EDGE, ...terms, from, to })));
}

export function oneWay(from: number, to: readonly number[], terms: Partial<Edge> = {}): Edge[] {
  return to.map((one) => ({ ...USUAL_EDGE, ...terms, from, to: one }));
}

export const plainDesk = (service: string): DeskSetting => ({ service, skewMs: 0, triggers: [], refuses: [], words: {} });

const WEIGHTS: readonly (readonly [Action, number])[] = [
  ['create', 12], ['edit a field', 28], ['edit tags', 11], ['comment', 17], ['edit a comment', 5], ['hide a comment', 4], ['delete a comment', 4],
  ['clash', 6], ['close', 3], ['delete', 5], ['restore', 4], ['merge', 2], ['clone', 2],
];
/** The same on few tickets about which people talk much. */
const BUSY_WEIGHTS: readonly (readonly [Action, number])[] = [
  ['create', 1], ['edit a field', 8], ['edit tags', 5], ['comment', 24], ['edit a comment', 10], ['hide a comment', 10], ['delete a comment', 9],
  ['clash', 5], ['close', 3], ['delete', 6], ['merge', 6], ['clone', 6],
];

function anAction(chance: Chance, weights = WEIGHTS): Action {
  let roll = chance.next() * weights.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [action, weight] of weights) {
    roll -= weight;
    if (roll < 0) return action;
  }
  return 'edit a field';
}

/** In each so-many-th stormy seed, few tickets are busy, and what is rare strikes in the middle of the work on them. */
const BUSY_EVERY = 4;

const SERVICES = ['z', 'z', 'f', 'f', 'h', 'p', 'y', 's'] as const;
/** Where people do more with comments. */
const BUSY_SERVICES = ['z', 'f', 'f', 'f', 's', 's', 'p', 'y'] as const;

export function drawSetting(seed: number, weather: Weather = STORM): Setting {
  const plan = createChance(seed * 7919 + 17);
  const faulty = Object.values(weather).some((probability) => probability > 0);
  const busy = weather.outage > 0 && seed % BUSY_EVERY === 0;
  const skewed = plan.hit(0.6);
  const count = plan.pick([2, 2, 2, 3, 3, 3, 4, 4, 5]);
  const desks = Array.from({ length: count }, () => aDesk(plan, skewed, busy ? BUSY_SERVICES : SERVICES));
  if (plan.hit(0.04)) atWar(desks);
  const stormMs = faulty ? plan.between(90_000, 220_000) : plan.between(60_000, 150_000);
  const first = aMesh(plan, count);
  const changes = plan.hit(0.2) ? plan.whole(1, 2) : 0;
  const later = Array.from({ length: changes }, () => ({ at: Math.round(plan.between(0.2, 0.9) * stormMs), mesh: changed(plan, first, count) }));
  return {
    seed,
    desks,
    rules: [{ at: 0, mesh: first }, ...later.sort((a, b) => a.at - b.at)],
    weather: busy ? { ...weather, ...GUSTS } : weather,
    processes: plan.whole(1, 3),
    stormMs: Math.round(stormMs),
    deeds: busy ? busyDeeds(plan, stormMs) : someDeeds(plan, stormMs),
  };
}

/** Two desks whose own rules contradict each other. */
function atWar(desks: DeskSetting[]): void {
  const fit = desks.filter(({ service }) => PROFILES[service]?.can.fields.priority !== undefined).slice(0, 2);
  const words: readonly Trigger[] = [{ field: 'priority', when: 'low', then: 'normal', afterMs: 0 }, { field: 'priority', when: 'normal', then: 'low', afterMs: 0 }];
  for (const [i, desk] of fit.entries()) {
    const trigger = words[i];
    if (fit.length === 2 && trigger !== undefined) desks[desks.indexOf(desk)] = { ...desk, triggers: [trigger] };
  }
}

function someDeeds(plan: Chance, stormMs: number): Deed[] {
  const deeds: Deed[] = [];
  let at = 1_000;
  const count = plan.whole(6, 24);
  for (let i = 0; i < count; i += 1) {
    at = plan.hit(0.3) ? at + plan.between(0, 2_000) : plan.between(1_000, stormMs);
    deeds.push({ at: Math.round(Math.min(at, stormMs)), action: i === 0 ? 'create' : anAction(plan), seed: plan.whole(0, 0x7fffffff) });
  }
  return deeds.sort((a, b) => a.at - b.at);
}

/** So long before a deletion nothing else is done, where few tickets are busy (milliseconds). */
const BEFORE_DELETION_MS = 15_000;

/** One ticket, or few, and one thing after the other done to them; what was deleted is restored more often than not. */
function busyDeeds(plan: Chance, stormMs: number): Deed[] {
  const deed = (at: number, action: Action): Deed => ({ at: Math.round(Math.min(at, stormMs)), action, seed: plan.whole(0, 0x7fffffff) });
  const deeds: Deed[] = [deed(1_000, 'create'), ...Array.from({ length: 4 }, () => deed(plan.between(2_000, 25_000), 'comment'))];
  const count = plan.whole(12, 20);
  for (let i = 0; i < count; i += 1) {
    const at = plan.between(20_000, stormMs);
    const action = anAction(plan, BUSY_WEIGHTS);
    deeds.push(deed(at, action));
    if (action === 'delete' && plan.hit(0.75)) deeds.push(deed(at + plan.between(200, 40_000), 'restore'));
    if (action === 'clone') for (let said = 0; said < 2; said += 1) deeds.push({ ...deed(at + plan.between(2_000, 60_000), 'comment'), newest: true });
  }
  // What is done just before a deletion is a limit, of which the other seeds have their share.
  const deletions = deeds.filter(({ action }) => action === 'delete').map(({ at: time }) => time);
  const early = (at: number): number => {
    const next = deletions.find((time) => time > at && time - at < BEFORE_DELETION_MS);
    return next === undefined ? at : Math.max(1_000, next - BEFORE_DELETION_MS);
  };
  return deeds.map((one) => (one.action === 'delete' || one.action === 'restore' ? one : { ...one, at: early(one.at) })).sort((a, b) => a.at - b.at);
}

function aDesk(plan: Chance, skewed: boolean, services: readonly string[]): DeskSetting {
  const service = plan.pick(services);
  return {
    service,
    skewMs: skewed ? Math.round(plan.between(-300_000, 300_000)) : 0,
    triggers: plan.hit(0.12) ? [aTrigger(plan, service)] : [],
    refuses: plan.hit(0.1) ? [aRefusal(plan)] : [],
    words: plan.hit(0.15) ? someWords(plan) : {},
  };
}

function aTrigger(plan: Chance, service: string): Trigger {
  const afterMs = plan.pick([0, 0, 400, 5_000]);
  const field = plan.pick(['priority', 'priority', 'subject', 'comment'] as const);
  if (field === 'priority' && PROFILES[service]?.can.fields.priority !== undefined) return { field, when: 'low', then: plan.pick(['normal', 'high']), afterMs };
  return field === 'comment' ? { field, when: null, then: 'signed', afterMs } : { field: 'subject', when: null, then: plan.pick(['signed', 'stamped']), afterMs };
}

function aRefusal(plan: Chance): Refusal {
  const named = plan.hit(0.5);
  return plan.pick<Refusal>([
    { field: 'assignee', value: 'dov@desk.example', named },
    { field: 'ticket_type', value: 'task', named },
    { field: 'priority', value: 'urgent', named },
  ]);
}

function someWords(plan: Chance): DeskSetting['words'] {
  return plan.pick<DeskSetting['words']>([
    { status: { pending: 'open' } },
    { ticket_type: { incident: 'Disruption', question: 'Request' } },
    { priority: { urgent: 'high' }, assignee: { 'ann@desk.example': 'ann@there.example' } },
    { status: { resolved: 'pending' }, ticket_type: { task: 'Request' } },
  ]);
}

/** The tag that a `where` asks for. */
export const CALLING_TAG = 'vip';

const WHERES: readonly Where[] = [
  { field: 'tags', among: [CALLING_TAG] },
  { field: 'tags', among: [CALLING_TAG] },
  { field: 'priority', among: ['high', 'urgent'] },
  { field: 'ticket_type', among: ['incident', 'question'] },
];

function someTerms(plan: Chance, accounts: readonly number[], mutual: boolean): Partial<Edge> {
  return {
    ...(plan.hit(0.2) && { ignore: [plan.pick<FieldName>(['due_at', 'priority', 'assignee', 'ticket_type', 'tags', 'description', 'status'])] }),
    ...(mutual && plan.hit(0.18) && { owner: { [plan.pick<FieldName>(['status', 'priority', 'subject', 'assignee'])]: plan.pick(accounts) } }),
    ...(plan.hit(0.25) && { comments: plan.pick(['public', 'public', 'none'] as const) }),
    ...(plan.hit(0.12) && { author_line: plan.pick(['By {author} at {account}', '']) }),
    ...(plan.hit(0.3) && { on_delete: plan.pick(['close', 'ignore'] as const) }),
    ...(plan.hit(0.15) && { where: plan.pick(WHERES), unmatched: plan.pick(['keep', 'freeze'] as const) }),
  };
}

/** One mirror or two that share an account; all ways or one way; some terms for all of it, some conditions for one account alone. */
function aMesh(plan: Chance, count: number): Mesh {
  const all = Array.from({ length: count }, (_, i) => i + 1);
  const mirrors = count > 2 && plan.hit(0.3) ? [all.slice(0, 2), all.slice(1)] : [all];
  return mirrors.flatMap((accounts) => {
    const mutual = plan.hit(0.8);
    const terms = someTerms(plan, accounts, mutual);
    const [first = 1, ...others] = accounts;
    const edges = mutual ? allWays(accounts, terms) : oneWay(first, others, terms);
    const choosy = plan.hit(0.08) ? plan.pick(accounts) : null;
    if (choosy === null) return edges;
    const where = plan.pick(WHERES);
    const unmatched = plan.pick(['keep', 'freeze'] as const);
    return edges.map((edge) => (edge.to === choosy && edge.where === null ? { ...edge, where, unmatched } : edge));
  });
}

function changed(plan: Chance, mesh: Mesh, count: number): Mesh {
  const roll = plan.next();
  const account = plan.whole(1, count);
  if (roll < 0.25) return mesh.filter(({ from, to }) => from !== account && to !== account);
  if (roll < 0.4) return mesh.map((edge) => ({ ...edge, comments: edge.comments === 'all' ? 'public' : 'all' }));
  if (roll < 0.55) return mesh.map((edge) => ({ ...edge, ignore: edge.ignore.length > 0 ? [] : ['priority'] }));
  if (roll < 0.7) return mesh.map((edge) => ({ ...edge, on_delete: edge.on_delete === 'delete' ? 'ignore' : 'delete' }));
  if (roll < 0.85) return mesh.map((edge) => ({ ...edge, where: edge.where === null ? { field: 'tags', among: [CALLING_TAG] } : null }));
  return aMesh(plan, count);
}
