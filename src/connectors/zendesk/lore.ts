/**
 * What the owner of a Zendesk has set up there: custom fields, statuses, groups, organizations. Learnt before the first call
 * and now and then; what an account may not see or does not have stays unknown, and is then left to the desk to judge.
 */
import type { Status } from '../../core/model.ts';
import { DeskFailure } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { ifAllowed, notDone } from '../kit/failure.ts';
import type { Answer, Http } from '../kit/http.ts';
import { memory } from '../kit/remember.ts';
import type { CustomField } from './custom.ts';
import { manyFields, manyGroups, manyOrganizations, manyStatuses, type ZendeskNamed } from './setup-shapes.ts';
import { PAGE_SIZE, cursorOf, type Paging } from './pages.ts';

/** What forecasts and writes ask; answers without a call. */
export interface Lore {
  /** Undefined: not learnt. Null: the desk has no such field. */
  field(id: string): CustomField | null | undefined;
  /** The id that an id or a name stands for. Undefined: not learnt. Null: there is none. */
  group(idOrName: string): string | null | undefined;
  organization(idOrName: string): string | null | undefined;
  /** The custom status that this account writes for a unified one; undefined where the plain category does. */
  statusId(status: Status): string | undefined;
}

export interface Learner extends Lore {
  learn(): Promise<void>;
  /** Looks up what a write names and nobody has learnt yet. For what comes before a write. */
  resolve(named: { readonly group?: string | null; readonly company?: string | null }): Promise<void>;
}

export const NO_LORE: Lore = { field: () => undefined, group: () => undefined, organization: () => undefined, statusId: () => undefined };

const MOST_FIELD_PAGES = 20;
/** Beyond so many organizations, names are looked up when they are asked for. */
const MOST_ORGANIZATION_PAGES = 5;
const ORGANIZATION_MS = 1_800_000;
const NOWHERE_MS = 120_000;
const ID = /^[1-9]\d{0,19}$/;

/** `statuses` is the owner's choice, by unified status; `readAs` is what each category reads as. */
export function openLore(
  http: Http,
  world: World,
  { statuses, readAs }: { readonly statuses: Readonly<Partial<Record<Status, string>>>; readonly readAs: Readonly<Record<string, Status>> },
): Learner {
  let fields: ReadonlyMap<string, CustomField> | null = null;
  let groups: ReadonlyMap<string, string> | null = null;
  let chosen = statuses;
  const organizations = memory<string | null>({ max: 20_000, ttlMs: ORGANIZATION_MS, now: () => world.now() });

  /** All rows of a list; null where this account may not see it. */
  async function all<Row>(path: string, most: number, read: (answer: Answer) => Paging<Row>): Promise<readonly Row[] | null> {
    const rows: Row[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < most; page += 1) {
      const after: string = cursor === null ? '' : `&page%5Bafter%5D=${encodeURIComponent(cursor)}`;
      const answer = await ifAllowed(http.get(`${path}?${PAGE_SIZE}=100${after}`));
      if (answer === null) return null;
      const { items, paged } = read(answer);
      rows.push(...items);
      const next = cursorOf(paged);
      if (next === null || next === cursor) break;
      cursor = next;
    }
    return rows;
  }

  async function learnFields(): Promise<void> {
    const rows = await all('/ticket_fields', MOST_FIELD_PAGES, (answer) => {
      const paged = manyFields(answer);
      return { items: paged.ticket_fields, paged };
    });
    if (rows === null) return;
    fields = new Map(
      rows
        .filter(({ removable }) => removable !== false)
        .map(({ id, type, active, custom_field_options: options }) => [
          String(id),
          { type, active: active !== false, options: (options ?? []).map(({ name, value }) => ({ name: name ?? value, value })) },
        ]),
    );
  }

  async function learnGroups(): Promise<void> {
    const rows = await all('/groups', MOST_FIELD_PAGES, (answer) => {
      const paged = manyGroups(answer);
      return { items: paged.groups, paged };
    });
    if (rows !== null) groups = byName(rows.filter(({ deleted }) => deleted !== true));
  }

  async function learnOrganizations(): Promise<void> {
    const rows = await all('/organizations', MOST_ORGANIZATION_PAGES, (answer) => {
      const paged = manyOrganizations(answer);
      return { items: paged.organizations, paged };
    });
    for (const [key, id] of byName(rows ?? [])) organizations.set(key, id);
  }

  /** A status that reads back as another one than it is written for would be taken for somebody's change. */
  async function learnStatuses(): Promise<void> {
    if (Object.keys(statuses).length === 0) return;
    const answer = await ifAllowed(http.get('/custom_statuses'));
    if (answer === null) return;
    const known = new Map(manyStatuses(answer).custom_statuses.map((one) => [String(one.id), one]));
    const good = Object.entries(statuses).filter(([status, id]) => {
      const found = known.get(id);
      const fits = found !== undefined && found.active !== false && readAs[found.status_category] === status;
      if (!fits) world.log.warn('zendesk.status_not_usable', { status, id, category: found?.status_category ?? null });
      return fits;
    });
    chosen = Object.fromEntries(good);
  }

  /** An answer that makes no sense leaves one thing unknown; it is no reason to leave the account alone. */
  async function learnt(part: () => Promise<void>): Promise<void> {
    try {
      await part();
    } catch (error) {
      if (!(error instanceof DeskFailure) || !['surprise', 'refused', 'missing'].includes(error.kind)) throw error;
      world.log.warn('zendesk.not_learnt', { message: error.message });
    }
  }

  async function organizationNamed(name: string): Promise<string | null> {
    if (ID.test(name)) return name;
    // https://developer.zendesk.com/api-reference/ticketing/organizations/organizations/#search-organizations
    const answer = await ifAllowed(http.look(`/organizations/search?name=${encodeURIComponent(name)}`));
    if (answer === null) return null;
    return byName(manyOrganizations(answer).organizations).get(keyOf(name)) ?? null;
  }

  return {
    field: (id) => (fields === null ? undefined : (fields.get(id) ?? null)),
    group: (idOrName) => (groups === null ? undefined : (groups.get(keyOf(idOrName)) ?? null)),
    organization(idOrName) {
      const known = organizations.get(keyOf(idOrName));
      return known === undefined && ID.test(idOrName) ? idOrName : known;
    },
    statusId: (status) => chosen[status],
    async learn() {
      await Promise.all([learnFields, learnGroups, learnOrganizations, learnStatuses].map(learnt));
    },
    resolve: ({ group, company }) =>
      notDone(async () => {
        if (group != null && groups === null) await learnGroups();
        if (company != null) await organizations.recall(keyOf(company), () => organizationNamed(company), (id) => (id === null ? NOWHERE_MS : ORGANIZATION_MS));
      }),
  };
}

function keyOf(name: string): string {
  return name.trim().toLowerCase();
}

/** By name without case, and by id; an id wins over a name that looks like one, and of equal names the first. */
function byName(rows: readonly ZendeskNamed[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { id, name } of rows) if (!found.has(keyOf(name))) found.set(keyOf(name), String(id));
  for (const { id } of rows) found.set(String(id), String(id));
  return found;
}
