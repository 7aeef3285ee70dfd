/** Ports for processes that are ended and started again on the same one. */
import { createServer } from 'node:net';

/** Below those that systems give to outgoing calls, so that none of these takes it while nobody listens there. */
const [FIRST, LAST] = [12_000, 32_000];

export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (!(await isTaken(port))) return port;
  }
}

/** Whether somebody listens there, on loopback. */
export function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(true));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)));
  });
}
