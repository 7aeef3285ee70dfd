/** Runs once after all test files: stops what the global set-up started. */
import './global-setup.ts';

export default async function tearDown(): Promise<void> {
  await globalThis.deskmeshTestServer?.stop();
}
