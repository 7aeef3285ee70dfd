/** Whether anybody listens, and to what: asked of the database now and then, so that nothing else has to ask. */
import type { Audience, SubscriptionStore } from '../ports/subscriptions.ts';
import type { World } from '../ports/world.ts';

export interface AudienceWatch {
  now(): Audience;
  /** Never rejects: what was known stands. */
  refresh(): Promise<void>;
}

export const NOBODY: Audience = { any: false, mirror: false };

export function createAudience({ subscriptions, automated, world }: {
  readonly subscriptions: Pick<SubscriptionStore, 'audience'>;
  /** Whether there are automations: they listen, too. */
  readonly automated: () => boolean;
  readonly world: Pick<World, 'log'>;
}): AudienceWatch {
  let known = NOBODY;
  return {
    now: () => (automated() ? { ...known, any: true } : known),
    async refresh() {
      try {
        known = await subscriptions.audience();
      } catch (error) {
        world.log.warn('audience.not_read', { message: error instanceof Error ? error.message : String(error) });
      }
    },
  };
}
