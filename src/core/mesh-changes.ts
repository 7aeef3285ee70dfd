/** What a new mesh.yaml changes in accounts, mirrors and automations: names of what differs, and never a credential. Pure. */
import type { Automation } from './automation.ts';
import { NO_LENS_TERMS, type LensTerms } from './lens.ts';
import type { MirrorEdge, Terms } from './rules.ts';

/** An account as far as it is compared. */
export interface AccountFacts {
  readonly id: number;
  readonly name: string;
  readonly service: string;
  readonly url: string;
  readonly credentials: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface MeshFacts {
  readonly accounts: readonly AccountFacts[];
  readonly edges: readonly MirrorEdge[];
  readonly lenses: ReadonlyMap<number, LensTerms>;
  readonly automations: readonly Automation[];
}

/** `unnamed`: it is connected, and the file does not name it; it stays as it is. */
export type ChangeKind = 'added' | 'changed' | 'same' | 'unnamed' | 'removed';

export interface AccountChange {
  readonly name: string;
  readonly service: string;
  readonly change: Exclude<ChangeKind, 'removed'>;
  /** What differs: `url`, `credentials`, `settings.agents`, `values`, … */
  readonly what: readonly string[];
}

/** One way of a mirror, with what differs on it. */
export interface WayChange {
  readonly from: string;
  readonly to: string;
  readonly change: Exclude<ChangeKind, 'unnamed'>;
  readonly terms: readonly { readonly name: string; readonly was: unknown; readonly is: unknown }[];
}

export interface MirrorChange {
  readonly name: string;
  readonly change: Exclude<ChangeKind, 'unnamed'>;
  readonly ways: readonly WayChange[];
}

export interface AutomationChange {
  readonly name: string;
  readonly change: Exclude<ChangeKind, 'unnamed'>;
}

export interface MeshChanges {
  readonly accounts: readonly AccountChange[];
  readonly mirrors: readonly MirrorChange[];
  readonly automations: readonly AutomationChange[];
}

/** `named` are the accounts that the file names. */
export function meshChanges(before: MeshFacts, after: MeshFacts, named: ReadonlySet<string>): MeshChanges {
  const nameOf = (id: number): string => [...after.accounts, ...before.accounts].find((account) => account.id === id)?.name ?? `account ${id}`;
  return {
    accounts: after.accounts.map((account) => accountChange(account, before, after, named)),
    mirrors: [...new Set([...after.edges, ...before.edges].map(({ mirror }) => mirror))].map((mirror) => mirrorChange(mirror, before.edges, after.edges, nameOf)),
    automations: [...new Set([...after.automations, ...before.automations].map(({ name }) => name))].map((name) => automationChange(name, before.automations, after.automations)),
  };
}

function automationChange(name: string, before: readonly Automation[], after: readonly Automation[]): AutomationChange {
  const [was, is] = [before, after].map((all) => all.find((one) => one.name === name));
  return { name, change: was === undefined ? 'added' : is === undefined ? 'removed' : equal(was, is) ? 'same' : 'changed' };
}

/** Whether anything differs that decides what is written on tickets as they are; automations run for what happens from now on. */
export function anyChange({ accounts, mirrors }: MeshChanges): boolean {
  return accounts.some(({ change }) => change === 'added' || change === 'changed') || mirrors.some(({ change }) => change !== 'same');
}

function accountChange(account: AccountFacts, before: MeshFacts, after: MeshFacts, named: ReadonlySet<string>): AccountChange {
  const { id, name, service } = account;
  const known = before.accounts.find((one) => one.id === id);
  const lens = changedNames(before.lenses.get(id) ?? NO_LENS_TERMS, after.lenses.get(id) ?? NO_LENS_TERMS);
  if (known === undefined) return { name, service, change: 'added', what: [] };
  const what = [
    ...(['service', 'url'] as const).filter((part) => known[part] !== account[part]),
    ...(equal(known.credentials, account.credentials) ? [] : ['credentials']),
    ...changedNames(known.settings, account.settings).map((setting) => `settings.${setting}`),
    ...lens,
  ];
  if (what.length > 0) return { name, service, change: 'changed', what };
  return { name, service, change: named.has(name) ? 'same' : 'unnamed', what };
}

function mirrorChange(mirror: string, before: readonly MirrorEdge[], after: readonly MirrorEdge[], nameOf: (id: number) => string): MirrorChange {
  const was = before.filter((edge) => edge.mirror === mirror);
  const is = after.filter((edge) => edge.mirror === mirror);
  const ways = [
    ...is.map((edge) => wayChange(was.find(({ from, to }) => from === edge.from && to === edge.to), edge, nameOf)),
    ...was
      .filter((edge) => !is.some(({ from, to }) => from === edge.from && to === edge.to))
      .map((edge): WayChange => ({ from: nameOf(edge.from), to: nameOf(edge.to), change: 'removed', terms: [] })),
  ];
  const change = was.length === 0 ? 'added' : is.length === 0 ? 'removed' : ways.some((way) => way.change !== 'same') ? 'changed' : 'same';
  return { name: mirror, change, ways };
}

function wayChange(known: MirrorEdge | undefined, edge: MirrorEdge, nameOf: (id: number) => string): WayChange {
  const way = { from: nameOf(edge.from), to: nameOf(edge.to) };
  if (known === undefined) return { ...way, change: 'added', terms: [] };
  const shown = (name: string, value: unknown): unknown => (name === 'owner' ? Object.fromEntries(Object.entries(value ?? {}).map(([field, id]) => [field, nameOf(Number(id))])) : value);
  const terms = changedNames(known.terms, edge.terms).map((name) => ({
    name, was: shown(name, known.terms[name as keyof Terms]), is: shown(name, edge.terms[name as keyof Terms]),
  }));
  return { ...way, change: terms.length === 0 ? 'same' : 'changed', terms };
}

function changedNames(before: object, after: object): readonly string[] {
  const a: Readonly<Record<string, unknown>> = { ...before };
  const b: Readonly<Record<string, unknown>> = { ...after };
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => !equal(a[name] ?? null, b[name] ?? null));
}

/** By value, whatever order the keys are in: what went through the database has its own. */
function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(ordered(a)) === JSON.stringify(ordered(b));
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, part]) => [name, ordered(part)]));
}
