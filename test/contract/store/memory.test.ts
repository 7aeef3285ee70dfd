import { createMemoryStore } from '../../../src/store/memory.ts';
import { createWorld } from '../../../src/world.ts';
import { backfillSuite } from './backfills.ts';
import { storeSuite } from './suite.ts';

const make = async () => {
  const world = createWorld({ level: 'silent' });
  return { store: createMemoryStore(world), world, close: async () => undefined };
};

storeSuite('store in memory', make);
backfillSuite('store in memory', make);
