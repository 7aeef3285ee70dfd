/** The real world, but for a clock that can be moved on. */
import type { World } from '../../src/ports/world.ts';
import type { SandboxDesk } from '../../src/sandbox/index.ts';
import { createWorld } from '../../src/world.ts';

export interface ShiftingWorld extends World {
  /** So many milliseconds pass at once, on these desks too. */
  pass(ms: number): void;
}

export function shiftingWorld(desks: () => readonly Pick<SandboxDesk, 'settings'>[]): ShiftingWorld {
  const real = createWorld({ level: 'silent' });
  let ahead = 0;
  return {
    ...real,
    now: () => real.now() + ahead,
    pass(ms) {
      ahead += ms;
      for (const desk of desks()) desk.settings({ clock_offset_ms: ahead });
    },
  };
}
