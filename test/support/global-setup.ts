/** Runs once before all test files: starts the database server that they share. */
import { startTestServer } from './database.ts';

declare global {
  var deskmeshTestServer: { stop(): Promise<void> } | undefined;
}

export default async function setUp(): Promise<void> {
  globalThis.deskmeshTestServer = await startTestServer();
}
