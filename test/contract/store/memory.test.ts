import { createMemoryStore } from '../../../src/store/memory.ts';
import { createWorld } from '../../../src/world.ts';
import { storeSuite } from './suite.ts';

storeSuite('store in memory', async () => {
  const world = createWorld({ level: 'silent' });
  return { store: createMemoryStore(world), world, close: async () => undefined };
});
