/** Reads mesh.yaml: all that is wrong with it at once, each with its place, its line and what would be right. */
import { wrongWithAddress } from '../contracts/address.ts';
import { meshSchema, type Mesh, type MeshAccount, type MeshMirror, type MeshSubscription } from '../contracts/mesh.ts';
import type { About } from '../ports/connector.ts';
import { automationOf, automationsFaults, type WrittenAutomation } from './mesh-automations.ts';
import { invalid, inWords, readMeshFile, type MeshFault, type MeshFile, type Path } from './mesh-file.ts';
import { lensContradictions, lensesOf, lensFaults, type WrittenLenses } from './mesh-lenses.ts';
import { didYouMean, shapeCheck } from './mesh-shape.ts';
import { faultsOfSubscription, subscriptionOf, type SubscriptionJudging } from './mesh-subscriptions.ts';
import { ownerContradictions, termFaults, termsOf, type WrittenTerms } from './mesh-terms.ts';

/** What the connectors ask of an account, by service. */
export type Services = Readonly<Record<string, Pick<About, 'credentials' | 'settings'>>>;

type Environment = Readonly<Record<string, string | undefined>>;
type Fields = Readonly<Record<string, unknown>>;
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
  const faults = [
    ...file.faults,
    ...shapeFaults(file, { account: accounts, mirror: mirrors, automation: automations, subscription: subscriptions }),
    ...accounts.flatMap((account) => accountFaults(file, account, services)),
    ...doubleDesks(file, accounts),
    ...mirrors.flatMap((mirror) => mirrorFaults(file, mirror, accounts)),
    ...doubleNames(file, accounts),
    ...doubleNames(file, mirrors),
    ...doubleNames(file, automations),
    ...automationsFaults(file, automations, { accounts, mirrors, subscriptions }),
    ...subscriptions.flatMap(({ path: place, value }) => (isFields(value) ? faultsOfSubscription(file, place, value, namesOf(file, accounts).map(({ name }) => name), judging) : [])),
    ...doubleNames(file, subscriptions),
    ...lensContradictions(file, mirrors),
    ...ownerContradictions(file, mirrors.map((item) => ({ ...item, members: isFields(item.value) ? membersOf(item.value) : [] }))),
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

function mirrorFaults(file: MeshFile, { path, value }: Item, accounts: readonly Item[]): readonly MeshFault[] {
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
    ...termFaults(file, path, value, membersOf(value), [...to, ...all].flatMap((item) => (typeof item.value === 'string' ? [item.value] : []))),
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

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
  const ways =
    from === undefined
      ? accounts.flatMap((one) => accounts.filter((other) => other !== one).map((other) => ({ from: one, to: other })))
      : to.map((other) => ({ from, to: other }));
  return { name, ways: ways.map((way) => ({ ...way, terms: termsOf(written, way.to) })), lenses: lensesOf(written) };
}
