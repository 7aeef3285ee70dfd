/** What of an account the mapping needs to know, and who its agents are: the API has no call that tells them (?). */
import type { Person } from '../../core/model.ts';
import type { Definitions } from './fields.ts';
import type { Settings } from './settings.ts';

export interface Words extends Partial<Pick<Settings, 'agents' | 'description_field' | 'attachment_url' | 'max_comment_bytes'>> {
  /** The description is the first message, and there is a session to write it with. */
  readonly description_message?: boolean;
  /** The custom fields; null or absent while they are not known. */
  readonly fields?: Definitions | null;
  /** Where relative links begin. */
  readonly home?: string;
}

/** The form of this vendor's user ids: those of other desks are none. */
const AGENT_ID = /^usr_\w+$/;

/** The agent of the settings with this person's e-mail address; without an address, the one of that id here. Undefined: nobody. */
export function agentOf(person: Person, words: Words): Person | undefined {
  const wanted = person.email?.trim().toLowerCase() ?? '';
  if (wanted === '') {
    const id = person.user_id ?? '';
    return AGENT_ID.test(id) ? { user_id: id, email: emailOf(id, words), name: null } : undefined;
  }
  const found = Object.entries(words.agents ?? {}).find(([email]) => email.toLowerCase() === wanted);
  return found === undefined ? undefined : { user_id: found[1], email: found[0], name: null };
}

export function emailOf(id: string, words: Words): string | null {
  return Object.entries(words.agents ?? {}).find(([, known]) => known === id)?.[0] ?? null;
}
