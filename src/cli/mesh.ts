/** Reads mesh.yaml: all that is wrong with it at once, each with its place, its line and what would be right. */
import { wrongWithAddress } from '../contracts/address.ts';
import { meshSchema, type Mesh, type MeshAccount, type MeshMirror, type MeshSubscription } from '../contracts/mesh.ts';
import type { About } from '../ports/connector.ts';
import { automationOf, automationsFaults, type WrittenAutomation } from './mesh-automations.ts';
import { invalid, inWords, readMeshFile, type MeshFault, type MeshFile, type Path } from './mesh-file.ts';
import { contradictions, type Said } from './mesh-contradictions.ts';
import { deskFaults, type DeskWords } from './mesh-desks.ts';
import { lensContradictions, lensesOf, lensFaults, type WrittenLenses } from './mesh-lenses.ts';
import { didYouMean, shapeCheck } from './mesh-shape.ts';
import { faultsOfSubscription, subscriptionOf, type SubscriptionJudging } from './mesh-subscriptions.ts';
import { fieldsIn, isFields, textsIn, type Fields } from './mesh-parts.ts';
import { termFaults, termsOf, type WrittenTerms } from './mesh-terms.ts';

/** What is known of one service. */
export interface ServiceFacts extends Pick<About, 'credentials' | 'settings'> {
  /** What this account's desk can hold; throws for what its parts allow and all of them together do not. Without it that is not judged. */
  readonly desk?: (account: MeshAccount) => DeskWords;
}

/** By name. */
export type Services = Readonly<Record<string, ServiceFacts>>;

type Environment = Readonly<Record<string, string | undefined>>;
/** One item of a list of the file, whatever it is. */
interface Item {
  readonly path: Path;
  readonly value: unknown;
}

/** Reads and checks the file at `path`. `env` fills in `${NAME}`; `judging` is what subscriptions are held against. Throws one `configuration` error with `MeshFault`s. */
export async function readMesh(path: string, env: Environment, services: Services, judging: SubscriptionJudging): Promise<Mesh> {
  const file = await readMeshFile(path, env);
  const whole = isFields(file.value) ? file.value : {};
  const accounts = itemsOf(whole, 'accounts');
  const mirrors = itemsOf(whole, 'mirrors');
  const automations = itemsOf(whole, 'automations');
  const subscriptions = itemsOf(whole, 'subscriptions');
  const desks = new Map<string, DeskWords>();
  const customs = [...new Set(mirrors.flatMap(({ value }) => fieldsIn(isFields(value) ? value['custom_fields'] : undefined).map(([name]) => name)))];
  const faults = [
    ...file.faults,
    ...shapeFaults(file, { account: accounts, mirror: mirrors, automation: automations, subscription: subscriptions }),
    ...accounts.flatMap((account) => {
      const wrong = accountFaults(file, account, services);
      return wrong.length > 0 ? wrong : connectFaults(file, account, services, desks);
    }),
    ...doubleDesks(file, accounts),
    ...mirrors.flatMap((mirror) => mirrorFaults(file, mirror, accounts, customs)),
    ...mirrors.flatMap(({ path, value }) => (isFields(value) ? deskFaults(file, path, value, desks) : [])),
    ...doubleNames(file, accounts),
    ...doubleNames(file, mirrors),
    ...doubleNames(file, automations),
    ...automationsFaults(file, automations, { accounts, mirrors, subscriptions }),
    ...subscriptions.flatMap(({ path: place, value }) => (isFields(value) ? faultsOfSubscription(file, place, value, namesOf(file, accounts).map(({ name }) => name), judging) : [])),
    ...doubleNames(file, subscriptions),
    ...lensContradictions(file, mirrors),
    ...contradictions(file, mirrors.flatMap(saidBy)),
  ];
  if (faults.length > 0) throw invalid(path, faults);
  // The schema has found them to be this.
  return {
    accounts: accounts.map(({ value }) => accountOf(value as MeshAccount & { readonly settings?: Fields })),
    mirrors: mirrors.map(({ value }) => mirrorOf(value as WrittenMirror)),
    automations: automations.map(({ value }) => automationOf(value as WrittenAutomation)),
    subscriptions: subscriptions.map(({ value }) => subscriptionOf(value as MeshSubscription, judging)),
  };
}

/** Item by item, since in one large value not every fault would be found. */
function shapeFaults(file: MeshFile, lists: Readonly<Record<string, readonly Item[]>>): readonly MeshFault[] {
  const schema = meshSchema();
  const { $defs } = schema;
  const emptied = ([key, value]: [string, unknown]): [string, unknown] => [key, Array.isArray(value) ? [] : value];
  const frame = isFields(file.value) ? Object.fromEntries(Object.entries(file.value).map(emptied)) : file.value;
  const ofItems = Object.entries(lists).flatMap(([name, items]) => {
    const check = shapeCheck({ $defs, $ref: `#/$defs/${name}` });
    return items.flatMap(({ path, value }) => check(file, path, value));
  });
  return [...shapeCheck(schema)(file, [], frame), ...ofItems];
}

function accountFaults(file: MeshFile, { path, value }: Item, services: Services): readonly MeshFault[] {
  if (!isFields(value)) return [];
  const { service, url, credentials, settings = {} } = value;
  const faults: MeshFault[] = [];
  const urlPath = [...path, 'url'];
  if (typeof url === 'string' && url !== '' && !file.isUnfilled(urlPath)) {
    const wrong = wrongWithAddress(url);
    if (wrong !== null) faults.push(file.faultAt(urlPath, wrong));
  }
  const servicePath = [...path, 'service'];
  if (typeof service !== 'string' || file.isUnfilled(servicePath)) return faults;
  const known = Object.keys(services);
  const wanted = Object.hasOwn(services, service) ? services[service] : undefined;
  if (wanted === undefined) {
    const meant = file.isFilledIn(servicePath) ? '' : didYouMean(service, known);
    return [...faults, file.faultAt(servicePath, `There is no connector of this name: known are ${known.join(', ')}.${meant}`)];
  }
  if (isFields(credentials)) faults.push(...shapeCheck(wanted.credentials)(file, [...path, 'credentials'], credentials));
  if (isFields(settings)) faults.push(...shapeCheck(wanted.settings)(file, [...path, 'settings'], settings));
  return faults;
}

/** Connecting is only building: nobody is called. The desk goes into `desks`, by the account's name. */
function connectFaults(file: MeshFile, { path, value }: Item, services: Services, desks: Map<string, DeskWords>): readonly MeshFault[] {
  const { name, service, url } = isFields(value) ? value : {};
  const keys = ['name', 'service', 'url', ...['credentials', 'settings'].flatMap((part) => fieldsIn(isFields(value) ? value[part] : undefined).map(([key]) => [part, key]))];
  if (typeof name !== 'string' || typeof service !== 'string' || typeof url !== 'string' || keys.some((place) => file.isUnfilled([...path, ...[place].flat()]))) return [];
  try {
    const desk = services[service]?.desk?.(accountOf(value as unknown as MeshAccount));
    if (desk !== undefined) desks.set(name, desk);
    return [];
  } catch (error) {
    return [file.faultAt(path, error instanceof Error ? error.message : String(error))];
  }
}

/** Two accounts that are one desk would mirror its tickets into itself. */
function doubleDesks(file: MeshFile, accounts: readonly Item[]): readonly MeshFault[] {
  const seen = new Map<string, Path>();
  return accounts.flatMap(({ path, value }) => {
    if (!isFields(value) || typeof value['url'] !== 'string' || !isFields(value['credentials'])) return [];
    const entries = Object.entries(value['credentials']).sort(([a], [b]) => (a < b ? -1 : 1));
    if ([['url'], ...entries.map(([key]) => ['credentials', key])].some((place) => file.isUnfilled([...path, ...place]))) return [];
    const desk = JSON.stringify([value['service'], URL.parse(value['url'])?.origin, entries]);
    const first = seen.get(desk);
    seen.set(desk, first ?? path);
    const message = `This is the same desk with the same credentials as ${inWords(first ?? path)}: one account of it is enough.`;
    return first === undefined ? [] : [file.faultAt(path, message)];
  });
}

function doubleNames(file: MeshFile, items: readonly Item[]): readonly MeshFault[] {
  const seen = new Map<string, Path>();
  return namesOf(file, items).flatMap(({ name, path }) => {
    const first = seen.get(name);
    seen.set(name, first ?? path);
    return first === undefined ? [] : [file.faultAt([...path, 'name'], `This name is taken by ${inWords(first)}: each needs its own.`)];
  });
}

function mirrorFaults(file: MeshFile, { path, value }: Item, accounts: readonly Item[], customs: readonly string[]): readonly MeshFault[] {
  if (!isFields(value)) return [];
  const known = namesOf(file, accounts).map(({ name }) => name);
  const from = { path: [...path, 'from'], value: value['from'] };
  const to = itemsOf(value, 'to', path);
  const all = itemsOf(value, 'accounts', path);
  return [
    ...[from, ...to, ...all].flatMap(({ path: place, value: name }) => {
      if (typeof name !== 'string' || known.includes(name) || file.isUnfilled(place)) return [];
      const meant = file.isFilledIn(place) ? '' : didYouMean(name, known);
      return [file.faultAt(place, `There is no account of this name: known are ${known.join(', ') || 'none'}.${meant}`)];
    }),
    ...[to, all].flatMap((list) => list.flatMap((item, at) => {
      const isDouble = list.slice(0, at).some(({ value: earlier }) => earlier === item.value);
      return isDouble && typeof item.value === 'string' ? [file.faultAt(item.path, 'This account stands here twice: remove one of the two.')] : [];
    })),
    ...to
      .filter((item) => typeof item.value === 'string' && item.value === from.value)
      .map((item) => file.faultAt(item.path, 'This account is the one that changes come from: a mirror leads to another account.')),
    ...lensFaults(file, path, value, membersOf(value)),
    ...termFaults(file, path, value, { members: membersOf(value), targets: [...to, ...all].flatMap((item) => (typeof item.value === 'string' ? [item.value] : [])), customs }),
  ];
}

/** The accounts that a mirror connects, by name. */
function membersOf(mirror: Fields): readonly string[] {
  const lists = ['accounts', 'to'].flatMap((key) => itemsOf(mirror, key));
  return [mirror['from'], ...lists.map(({ value }) => value)].filter((name) => typeof name === 'string');
}

function namesOf(file: MeshFile, items: readonly Item[]): readonly { readonly name: string; readonly path: Path }[] {
  return items.flatMap(({ path, value }) => {
    const name = isFields(value) ? value['name'] : undefined;
    return typeof name === 'string' && !file.isUnfilled([...path, 'name']) ? [{ name, path }] : [];
  });
}

function itemsOf(value: Fields, key: string, path: Path = []): readonly Item[] {
  const list = value[key];
  return Array.isArray(list) ? list.map((item: unknown, at) => ({ path: [...path, key, at], value: item })) : [];
}

function accountOf({ name, service, url, credentials, settings }: MeshAccount & { readonly settings?: Fields }): MeshAccount {
  return { name, service, url: new URL(url).origin, credentials, settings: settings ?? {} };
}

/** A mirror as the schema lets it be written. */
interface WrittenMirror extends WrittenLenses, WrittenTerms {
  readonly name: string;
  readonly accounts?: readonly string[];
  readonly from?: string;
  readonly to?: readonly string[];
}

function mirrorOf(written: WrittenMirror): MeshMirror {
  const { name, accounts = [], from, to = [] } = written;
  const ways = waysOf(from, to, accounts).map(([one, other]) => ({ from: one, to: other, terms: termsOf(written, other) }));
  return { name, ways, lenses: lensesOf(written) };
}

/** Every way between all accounts, or from one to each of some. */
function waysOf(from: string | undefined, to: readonly string[], accounts: readonly string[]): readonly (readonly [string, string])[] {
  if (from !== undefined) return to.map((other) => [from, other]);
  return accounts.flatMap((one) => accounts.filter((other) => other !== one).map((other) => [one, other] as const));
}

function saidBy({ path, value }: Item): readonly Said[] {
  if (!isFields(value)) return [];
  const from = typeof value['from'] === 'string' ? value['from'] : undefined;
  return [{ path, value, members: membersOf(value), ways: waysOf(from, textsIn(value['to']), textsIn(value['accounts'])) }];
}
