/** Live calls to an account's desk, and what their failures mean for the caller and for the account. */
import { toldFailure } from '../../engine/failures.ts';
import { SWITCHED_OFF, type Member, type Roster } from '../../engine/roster.ts';
import { Unsure } from '../../engine/writes.ts';
import { AppError } from '../../errors.ts';
import { DeskFailure, type Desk } from '../../ports/connector.ts';
import type { LaneStore } from '../../ports/store.ts';
import type { World } from '../../ports/world.ts';
import type { RequestLog } from '../request-log.ts';
import type { Call } from './route.ts';

export interface Desks {
  /**
   * Calls the account's desk. `what` is asked for: a `ticket`, say. Whatever the desk fails with becomes an AppError with the
   * desk's own words; the account is stopped or paused by it as by a failure of the mirror's.
   */
  call<T>(call: Pick<Call, 'member' | 'requestId'>, what: string, work: (desk: Desk) => Promise<T>, options?: { readonly key?: string | undefined }): Promise<T>;
}

export interface DeskParts {
  readonly roster: Roster;
  readonly lanes: Pick<LaneStore, 'hasten'>;
  readonly world: World;
  readonly within: RequestLog['within'];
}

export function createDesks({ roster, lanes, world, within }: DeskParts): Desks {
  async function failed(member: Member, failure: DeskFailure): Promise<void> {
    const { kind, status, code, message } = failure;
    world.log.info('api.desk_failed', { account: member.account.name, kind, status, code, message });
    try {
      await roster.failed(member.account.id, failure);
    } catch (error) {
      world.log.warn('account.not_judged', { account: member.account.name, message: String(error) });
    }
  }

  function succeeded(id: number, requestId: string): void {
    if (roster.succeeded(id)) void lanes.hasten(id).catch((error: unknown) => world.log.warn('lanes.not_hastened', { request_id: requestId, message: String(error) }));
  }

  return {
    async call({ member, requestId }, what, work, { key } = {}) {
      if (member.account.stopped_because === SWITCHED_OFF) throw new AppError('forbidden', 'This account is switched off: PATCH it with {"active": true} first.');
      const { service, id } = member.account;
      try {
        const result = await within(requestId, async () => {
          await roster.ready(id);
          return work(member.desk);
        });
        succeeded(id, requestId);
        return result;
      } catch (error) {
        const failure = error instanceof Unsure ? error.failure : error;
        if (!(failure instanceof DeskFailure)) throw error;
        await within(requestId, () => failed(member, failure));
        const knownAt = error instanceof Unsure ? { knownAt: key === undefined ? null : error.knownAt } : {};
        throw toldFailure(failure, { service, now: world.now(), what, ...knownAt });
      }
    },
  };
}

/** What a desk cannot do at all; `capability` is its name among the capabilities. */
export function cannot(member: Pick<Member, 'account'>, capability: string, what: string): AppError {
  return new AppError('not_implemented', `${member.account.service} desks cannot ${what}.`, { details: { capability } });
}
