/** `deskmesh sandbox`: runs the fake desks until the signal, and says how to reach them. */
import { AppError } from '../errors.ts';
import { startSandbox, type SandboxDesk } from '../sandbox/index.ts';

export interface SandboxOptions {
  readonly json: boolean;
  readonly only?: readonly string[];
  readonly port?: number;
}

const listed = (credentials: Readonly<Record<string, string>>): string =>
  Object.entries(credentials).map(([name, value]) => `${name} ${value}`).join(', ');

const prose = ({ service, url, credentials, human, accountSettings }: SandboxDesk): string =>
  `${service} at ${url}; credentials: ${listed(credentials)}; a human agent: ${listed(human)}` +
  (Object.keys(accountSettings).length === 0 ? '' : `; settings of an account: ${JSON.stringify(accountSettings)}`);

/** In the words of mesh.yaml. */
const line = ({ service, url, credentials, human, accountSettings }: SandboxDesk): string =>
  JSON.stringify({ service, url, credentials, human, ...(Object.keys(accountSettings).length > 0 && { settings: accountSettings }) });

export async function sandboxCommand(options: SandboxOptions, signal: AbortSignal, print: (line: string) => void): Promise<void> {
  if (signal.aborted) return;
  let desks: SandboxDesk[];
  try {
    desks = await startSandbox({
      ...(options.only === undefined ? {} : { only: options.only }),
      ...(options.port === undefined ? {} : { port: options.port }),
    });
  } catch (error) {
    throw new AppError('configuration', error instanceof Error ? error.message : String(error), { cause: error });
  }
  try {
    for (const desk of desks) print(options.json ? line(desk) : prose(desk));
    if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    await Promise.all(desks.map((desk) => desk.close()));
  }
}
