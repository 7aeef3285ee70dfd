/**
 * The sandbox: fake help desks over real HTTP, which an unmodified client of a vendor cannot tell from the real one.
 * It imitates the vendors and shares nothing with the connectors, so that it can contradict them.
 */
import { createFreshdesk } from './freshdesk/index.ts';
import { createHelpdesk } from './helpdesk/index.ts';
import { createHelpspace } from './helpspace/index.ts';
import type { DeskModel, Premises } from './kit/desk.ts';
import { openDesk, type SandboxDesk } from './kit/server.ts';
import { createZendeskClassic } from './zendesk-classic/index.ts';
import { createZendesk } from './zendesk/index.ts';

export type { Fault } from './kit/faults.ts';
export type { SandboxDesk } from './kit/server.ts';

/** One line a desk. The order is that of the ports. */
export const SANDBOX_DESKS: Readonly<Record<string, (premises: Premises) => DeskModel>> = {
  helpdesk: createHelpdesk,
  zendesk: createZendesk,
  freshdesk: createFreshdesk,
  helpspace: createHelpspace,
  'zendesk-classic': createZendeskClassic,
};

/**
 * Starts the desks, all or those named; `port` is that of the first, the others follow upward, and 0 (the default) lets
 * the system choose. Either all of them run in the end or, when it rejects, none.
 */
export async function startSandbox(
  options: { readonly only?: readonly string[]; readonly port?: number; readonly host?: string } = {},
): Promise<SandboxDesk[]> {
  const { only, port = 0, host = '127.0.0.1' } = options;
  const known = Object.keys(SANDBOX_DESKS);
  const unknown = (only ?? []).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no sandbox desk is called ${unknown.join(', ')}; there are ${known.join(', ')}`);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('the first port must be a whole number from 0 to 65535 (--port)');
  const wanted = Object.entries(SANDBOX_DESKS).filter(([name]) => only === undefined || only.includes(name));
  if (port !== 0 && port + wanted.length - 1 > 65_535) throw new Error(`port ${port} leaves no room for ${wanted.length} desks: choose a smaller first port (--port)`);
  const desks: SandboxDesk[] = [];
  try {
    for (const [, build] of wanted) desks.push(await openDesk(build, { host, port: port === 0 ? 0 : port + desks.length }));
  } catch (error) {
    await Promise.all(desks.map((desk) => desk.close()));
    throw error;
  }
  return desks;
}
