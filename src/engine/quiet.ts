/** Waits until lanes have come to rest: nothing of them is due or in anybody's hands. */
import type { Standing } from '../ports/repair.ts';
import type { World } from '../ports/world.ts';

/** Being worked on, or about to be. A lane that waits for a later try is not. */
export function isMoving({ due, leased }: Pick<Standing, 'due' | 'leased'>, now: number): boolean {
  return due !== null && (leased || due <= now);
}

/** `idle`: what is due is taken by nobody, so nobody works. */
export type Rest = 'quiet' | 'idle' | 'late';

const LOOK_MS = 300;
/** A worker looks for due lanes every second. */
const IDLE_MS = 15_000;

/** `standing` is asked again and again; `told` hears how many are left. */
export async function untilQuiet(
  standing: () => Promise<readonly Standing[]>,
  { world, withinMs, told }: { readonly world: World; readonly withinMs: number; readonly told: (left: number) => void },
): Promise<Rest> {
  const began = world.now();
  let movedAt = began;
  let before = '';
  for (;;) {
    const moving = (await standing()).filter((one) => isMoving(one, world.now()));
    told(moving.length);
    if (moving.length === 0) return 'quiet';
    const now = world.now();
    const signs = moving.map(({ replica: { id, version, looked }, read, leased }) => `${id} ${version} ${looked} ${read} ${leased}`).join();
    if (signs !== before || moving.some(({ leased }) => leased)) movedAt = now;
    before = signs;
    if (now - movedAt >= IDLE_MS) return 'idle';
    if (now - began >= withinMs) return 'late';
    await world.sleep(LOOK_MS);
  }
}
