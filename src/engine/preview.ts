/** What a new mesh.yaml would change and cause, worked out from the stored state with the real rules; nothing is written anywhere. */
import type { Automation } from '../core/automation.ts';
import { foresee, missingAccounts, newSteps } from '../core/foresee.ts';
import type { Limits } from '../core/guards.ts';
import { anyChange, meshChanges, type MeshChanges } from '../core/mesh-changes.ts';
import type { CompileWhere } from '../core/rules.ts';
import { wantedReplica, type Link, type Replica } from '../core/state.ts';
import type { Step } from '../core/step.ts';
import { DeskFailure, type Connector, type Vault } from '../ports/connector.ts';
import type { MeshRehearsal, Survey } from '../ports/repair.ts';
import type { AccountDraft, AccountStore, LoadedMesh, Mirror } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import { createRoster, type Roster } from './roster.ts';

/** One step as an example. */
export interface SampleStep {
  readonly link_id: string;
  readonly subject: unknown;
  readonly account: string;
  /** Null: the ticket would be created. */
  readonly ticket_id: string | null;
  readonly step: Step;
}

export interface StepCount {
  readonly account: string;
  readonly kind: Step['kind'];
  /** Steps that become due, and steps that were due and would be no longer. */
  readonly due: number;
  readonly dropped: number;
}

export interface Preview {
  readonly changes: MeshChanges;
  /** Links that were looked through; 0 where nothing changes that could matter to them. */
  readonly links: number;
  readonly counts: readonly StepCount[];
  readonly sample: readonly SampleStep[];
  /** Accounts on which what only the new rules bring would wait for a person, since they change for so many of its tickets. */
  readonly held: readonly { readonly account: string; readonly because: string }[];
  /** Desks that could not be asked for what their forecasts depend on: what is said of them may be off. */
  readonly unasked: readonly { readonly account: string; readonly why: string }[];
}

export interface Desired {
  readonly accounts: readonly AccountDraft[];
  readonly mirrors: readonly Mirror[];
  readonly automations?: readonly Automation[];
}

export interface PreviewPorts {
  readonly mesh: MeshRehearsal;
  readonly survey: Survey;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly vault: Vault;
  readonly compileWhere: CompileWhere;
  readonly limits: Limits;
  readonly world: World;
  /** Told now and then how many links were looked through, of about so many. */
  readonly progress: (done: number, all: number) => void;
}

const PAGE = 200;

export async function preview(ports: PreviewPorts, desired: Desired, sampleSize: number): Promise<Preview> {
  const { mesh, survey, world } = ports;
  const { before, after } = await mesh.rehearse(desired.accounts, desired.mirrors, ports.limits, desired.automations);
  const changes = meshChanges(before, after, new Set(desired.accounts.map(({ name }) => name)));
  if (!anyChange(changes)) return { changes, links: 0, counts: [], sample: [], held: [], unasked: [] };
  const old = await rosterOf(before, ports);
  const next = await rosterOf(after, ports);
  const unasked = [...(await learn(next, changes)), ...notAsked(changes)];
  await learn(old, changes);

  const counts = new Map<string, { account: string; kind: Step['kind']; due: number; dropped: number }>();
  const sample: SampleStep[] = [];
  const count = (account: string, kind: Step['kind'], what: 'due' | 'dropped'): void => {
    const name = `${account} ${kind}`;
    const known = counts.get(name) ?? { account, kind, due: 0, dropped: 0 };
    known[what] += 1;
    counts.set(name, known);
  };
  let links = 0;
  const all = await survey.countLinks();
  for (let cursor: string | null = null; ; ) {
    const page = await survey.linksAfter(cursor, PAGE);
    const replicas = await replicasOf(page, survey);
    for (const link of page) {
      const own = replicas.get(link.id) ?? [];
      const was = stepsOf(link, own, old, world);
      const is = stepsOf(link, own, next, world);
      for (const { account, replica, steps } of is) {
        const known = was.find((one) => one.account === account)?.steps ?? [];
        for (const step of newSteps(known, steps)) {
          count(account, step.kind, 'due');
          if (sample.length < sampleSize) sample.push({ link_id: link.id, subject: link.fields.subject?.value ?? null, account, ticket_id: replica.ticket_id, step });
        }
      }
      for (const { account, steps } of was) {
        const left = is.find((one) => one.account === account)?.steps ?? [];
        for (const step of newSteps(left, steps)) count(account, step.kind, 'dropped');
      }
    }
    links += page.length;
    ports.progress(links, all);
    cursor = page.at(-1)?.id ?? null;
    if (page.length < PAGE) break;
  }
  const sorted = [...counts.values()].sort((a, b) => (a.account === b.account ? (a.kind < b.kind ? -1 : 1) : a.account < b.account ? -1 : 1));
  return { changes, links, counts: sorted, sample, held: newlyHeld(before, after), unasked };
}

function newlyHeld(before: LoadedMesh, after: LoadedMesh): Preview['held'] {
  const known = new Map(before.accounts.map(({ id, rules_held: held }) => [id, held]));
  return after.accounts.flatMap(({ id, name, rules_held: because }) => (because === undefined || known.get(id) === because ? [] : [{ account: name, because }]));
}

/** The accounts and rules of one moment at work: they call nobody but to learn, and change nothing. */
export async function rosterOf(loaded: LoadedMesh, { connectors, vault, compileWhere, world }: Omit<PreviewPorts, 'progress'>): Promise<Roster> {
  const nothing = async (): Promise<void> => undefined;
  const accounts: AccountStore = {
    load: async () => loaded,
    version: async () => loaded.version,
    sweep: async () => ({ cursor: null, since: 0 }),
    countDeletions: async () => 0,
    countTickets: async () => 0,
    apply: nothing, setSecrets: nothing, stop: nothing, resume: nothing, pause: nothing, swept: nothing, holdDeletions: nothing, releaseDeletions: nothing, releaseRules: nothing,
  };
  const roster = createRoster({ accounts, vault, connectors, compileWhere, world });
  await roster.refresh(true);
  return roster;
}

/**
 * Asks each desk for its configuration; the failures. With new credentials nobody is called: those that are renewed in use
 * would be used up by it.
 */
export async function learn(roster: Roster, changes: MeshChanges): Promise<Preview['unasked']> {
  const strange = new Set(notAsked(changes).map(({ account }) => account));
  const results = await Promise.all(
    roster.all().filter(({ name }) => !strange.has(name)).map(async ({ id, name }) => {
      try {
        await roster.ready(id);
        return null;
      } catch (error) {
        if (!(error instanceof DeskFailure)) throw error;
        return { account: name, why: error.message };
      }
    }),
  );
  return results.filter((result) => result !== null);
}

export function notAsked({ accounts }: MeshChanges): Preview['unasked'] {
  return accounts.flatMap(({ name, change, what }) => {
    if (change === 'added') return [{ account: name, why: 'it is not connected yet' }];
    return what.some((part) => part === 'credentials' || part === 'url' || part === 'service') ? [{ account: name, why: 'it is connected anew' }] : [];
  });
}

async function replicasOf(links: readonly Link[], survey: Survey): Promise<ReadonlyMap<string, readonly Replica[]>> {
  const standing = await survey.replicasOfLinks(links.map(({ id }) => id));
  const byLink = new Map<string, Replica[]>();
  for (const { replica } of standing) {
    const list = byLink.get(replica.link_id ?? '') ?? [];
    list.push(replica);
    byLink.set(replica.link_id ?? '', list);
  }
  return byLink;
}

/** What every replica of a link would be made to do under these rules, those included that it would be given. */
function stepsOf(link: Link, replicas: readonly Replica[], roster: Roster, world: World): readonly { readonly account: string; readonly replica: Replica; readonly steps: readonly Step[] }[] {
  const wanted = missingAccounts(link, roster.rules()).map((id) => wantedReplica(world.id(), link.id, id));
  return [...replicas, ...wanted].flatMap((replica) => {
    const member = roster.member(replica.account_id);
    if (member === null) return [];
    const grown = wanted.length === 0 ? link : { ...link, accounts: [...link.accounts, ...wanted.map(({ account_id: id }) => id)] };
    return [{ account: member.account.name, replica, steps: foresee(grown, replica, member.sight, world.now()).steps }];
  });
}
