/**
 * Whose ticket it is to be. Somebody known is named by number, so that no second contact is made; else by address. Where
 * the desk refuses that (a blocked or deleted contact, an address that somebody else holds), the holder is asked for, and
 * in the end the account's own requester stands in. https://developers.freshdesk.com/api/#create_ticket
 */
import type { Person } from '../../core/model.ts';
import { DeskFailure } from '../../ports/connector.ts';
import { notDone } from '../kit/failure.ts';
import { wireId } from '../kit/hold.ts';
import { blamesOf, type Blame } from './complaints.ts';
import type { Connection } from './connection.ts';
import type { Attempt } from './correct.ts';
import type { Body } from './map.ts';
import { oneContact } from './shapes.ts';

export interface Requesters {
  /** Names a requester in the body. Rejects with `refused` if there is none and nobody stands in. */
  first(body: Body): Promise<Attempt>;
  /** The next way to name one after a refusal; null if there is none left. */
  next(attempt: Attempt, blames: readonly Blame[]): Promise<Attempt | null>;
}

const KEYS = ['requester_id', 'email', 'name'];

/** Whether a refusal is about the requester. */
export function isRequester({ key }: Blame): boolean {
  return KEYS.includes(key) || key === 'phone';
}

export function requesterOf(person: Person | null, update: boolean, { http, people, settings }: Connection): Requesters {
  const standIn = update ? undefined : settings.default_requester_email;
  const tried = new Set<string>();
  let looked = false;
  let stoodIn = false;

  const named = (attempt: Attempt, keys: Body, reason: string | null): Attempt => ({
    body: { ...Object.fromEntries(Object.entries(attempt.body).filter(([key]) => !KEYS.includes(key))), ...keys },
    warnings: reason === null ? attempt.warnings : [...attempt.warnings, { field: 'requester', reason }],
  });
  const byId = (attempt: Attempt, id: string): Attempt => {
    tried.add(id);
    return named(attempt, { requester_id: wireId(id) }, null);
  };
  const byAddress = (attempt: Attempt, { email, name }: Person): Attempt => {
    tried.add('address');
    // The name is that of a contact who is made by this call; a known one keeps theirs.
    return named(attempt, { email, ...(name !== null && { name }) }, null);
  };
  const instead = (attempt: Attempt, why: string | null): Attempt | null => {
    if (stoodIn) return null;
    stoodIn = true;
    if (standIn !== undefined) return named(attempt, { email: standIn }, why === null ? null : `${why}: the account’s own requester stands in`);
    return update && why !== null ? named(attempt, {}, why) : null;
  };

  /** Who holds the address: the conflict of making a contact with it tells, also of agents and of people in the trash. */
  const holderOf = async ({ email, name }: Person): Promise<string | null> => {
    try {
      return String(oneContact(await http.send('POST', '/contacts', { json: { email, name: name ?? email } })).id);
    } catch (error) {
      if (!(error instanceof DeskFailure)) throw error;
      if (error.status === 409) return blamesOf(error).find(({ holder }) => holder !== null)?.holder ?? null;
      if (error.kind === 'refused' || error.status === 403) return null;
      // A contact may have been made, which does no harm; the ticket was not.
      return notDone(() => Promise.reject(error));
    }
  };

  return {
    async first(body) {
      const attempt: Attempt = { body, warnings: [] };
      if (person === null) {
        const stand = instead(attempt, null);
        if (stand !== null) return stand;
        throw new DeskFailure('refused', 'Freshdesk makes no ticket without a requester: set default_requester_email in this account’s settings', { fields: ['requester'] });
      }
      if (person.email === null) return byId(attempt, person.user_id ?? '');
      const known = settings.requesters === 'known' ? await people.anybodyBy(person.email) : people.rememberedBy(person.email);
      if (known?.user_id != null) return byId(attempt, known.user_id);
      if (settings.requesters === 'create') return byAddress(attempt, person);
      const stand = instead(attempt, `nobody here is known to have the address ${person.email}`);
      if (stand !== null) return stand;
      throw new DeskFailure('refused', `nobody here is known to have the address ${person.email}, and this account’s settings let no contacts be made`, { fields: ['requester'] });
    },

    async next(attempt, blames) {
      if (person === null || stoodIn) return null;
      const told = blames.find(({ holder }) => holder !== null)?.holder ?? null;
      if (told !== null && !tried.has(told)) return byId(attempt, told);
      if (person.email !== null && settings.requesters === 'create') {
        if (!tried.has('address')) return byAddress(attempt, person);
        if (!looked) {
          looked = true;
          const holder = await holderOf(person);
          if (holder !== null && !tried.has(holder)) return byId(attempt, holder);
        }
      }
      return instead(attempt, `Freshdesk does not take ${person.email ?? 'this person'} as requester`);
    },
  };
}
