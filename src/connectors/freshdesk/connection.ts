/** What the calls to one Freshdesk share: the way out, who is who, the form, and what was lately seen of its tickets. */
import type { World } from '../../ports/world.ts';
import { DeskFailure } from '../../ports/connector.ts';
import { CALL_TIMEOUT_MS, UPLOAD_TIMEOUT_MS, type Http } from '../kit/http.ts';
import { openRaws, type Raws } from '../kit/raws.ts';
import { memory, type Memory } from '../kit/remember.ts';
import { openForms, type Forms } from './form.ts';
import { marksOf, type Words } from './map.ts';
import { openPeople, type People } from './people.ts';
import type { Settings } from './settings.ts';
import type { FreshdeskTicket } from './shapes.ts';

/** What a ticket showed when it was last read or written. */
export interface Seen {
  /** Null where no reading has shown the tags yet. */
  readonly marks: readonly string[] | null;
  readonly status: number | null;
  readonly custom: Readonly<Record<string, unknown>>;
  readonly source: number | null;
  /** As it stands on the desk; null where the reading did not show it. */
  readonly description: string | null;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface Connection {
  readonly http: Http;
  readonly settings: Settings;
  readonly people: People;
  readonly forms: Forms;
  /** The ticket that each was merged into, as its comments told. */
  readonly merges: Memory<string>;
  readonly raws: Raws;
  now(): number;
  words(): Words;
  seen(id: string): Seen | undefined;
  /** What was seen a moment ago, so that hardly anybody can have changed it. */
  justSeen(id: string): Seen | undefined;
  see(raw: FreshdeskTicket): Seen;
  path(id: string): string;
  pace(files: boolean): Pace;
}

/** How long a write has taken, with the looks before it and the corrections after. */
export interface Pace {
  /** One more call still ends in time. */
  inTime(): boolean;
  /** Fails if not; nothing was sent. */
  demand(): void;
}

const REMEMBERED_MS = 3_600_000;
const FRESH_MS = 10_000;
/** The longest time of one call that is sent, by kit/http. */
const SENDING_MS = 14_000;

/** A write with files may be sent twice: with them, and without those that do not fit. */
export const FILES_TIMEOUT_MS = 2 * UPLOAD_TIMEOUT_MS;

export function openConnection(http: Http, settings: Settings, world: World): Connection {
  const now = (): number => world.now();
  const tickets = memory<Seen>({ max: 20_000, ttlMs: REMEMBERED_MS, now });
  const forms = openForms(http);
  return {
    http,
    settings,
    forms,
    people: openPeople(http, world),
    merges: memory<string>({ max: 5_000, ttlMs: REMEMBERED_MS, now }),
    raws: openRaws(),
    now,
    words: () => ({ ...settings, form: forms.known() }),
    seen: (id) => tickets.get(id),
    justSeen(id) {
      const seen = tickets.get(id);
      return seen !== undefined && now() - seen.at < FRESH_MS ? seen : undefined;
    },
    see(raw) {
      const before = tickets.get(String(raw.id));
      const seen: Seen = {
        marks: raw.tags === undefined ? (before?.marks ?? null) : marksOf(raw),
        status: raw.status ?? null,
        custom: raw.custom_fields ?? {},
        source: raw.source ?? null,
        description: raw.description === undefined ? (before?.description ?? null) : raw.description,
        at: now(),
      };
      tickets.set(String(raw.id), seen);
      return seen;
    },
    path: (id) => `/tickets/${encodeURIComponent(id)}`,
    pace(files) {
      const began = now();
      const most = files ? FILES_TIMEOUT_MS - UPLOAD_TIMEOUT_MS : CALL_TIMEOUT_MS - SENDING_MS;
      const inTime = (): boolean => now() - began < most;
      return {
        inTime,
        demand() {
          if (!inTime()) throw new DeskFailure('unavailable', 'not sent: what had to be looked up before took too long');
        },
      };
    },
  };
}
