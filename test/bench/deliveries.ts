/** Deliveries a second to one subscriber, signed, stored and in order per ticket, against got in a loop: see bare-deliveries.ts. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { MeshEvent } from '../../src/core/mesh-event.ts';
import { USUAL_SUBSCRIPTION } from '../../src/core/subscription.ts';
import type { World } from '../../src/ports/world.ts';
import { connectDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/index.ts';
import { migrate } from '../../src/store/migrate.ts';
import { tell } from '../../src/store/outbox.ts';
import { createSecretBox } from '../../src/store/secret-box.ts';

export interface DeliveryBench {
  /** Of an empty database. */
  readonly url: string;
  readonly secretKey: string;
  readonly world: World;
  readonly events: number;
  readonly rounds: number;
  /** Starts a worker process on the database. */
  serve(): Promise<{ stop(): Promise<number> }>;
}

const TICKETS = 500;
const CONCURRENCY = 16;

/** By turns: ours and the bare loop, events a second. */
export async function measureDeliveries({ url, secretKey, world, events, rounds, serve }: DeliveryBench): Promise<readonly { readonly ours: number; readonly bare: number }[]> {
  const database = connectDatabase(url, world.log);
  await migrate(database.pool);
  const store = createStore({ database, box: createSecretBox(secretKey), world, wake: () => null, leaseMs: 30_000 });
  let heard = 0;
  let reached: () => void = () => undefined;
  let due = Infinity;
  const sink = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200).end('ok');
      heard += 1;
      if (heard >= due) reached();
    });
  });
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(sink.address() as AddressInfo).port}/in`;
  const worker = await serve();
  try {
    await store.subscriptions.make(world.id(), { ...USUAL_SUBSCRIPTION, url: address, events: ['*'], secret: null, token: null });
    const ours = async (): Promise<number> => {
      heard = 0;
      due = events;
      const all = new Promise<void>((resolve) => {
        reached = resolve;
      });
      const began = performance.now();
      await database.transaction((sql) => tell(sql, Array.from({ length: events }, (_, n) => eventOf(world, n % TICKETS, n))));
      await all;
      due = Infinity;
      return events / ((performance.now() - began) / 1_000);
    };
    const bare = async (): Promise<number> => {
      const { stdout } = await promisify(execFile)(process.execPath, ['test/bench/bare-deliveries.ts', address, String(events), String(CONCURRENCY), JSON.stringify(eventOf(world, 1, 1))]);
      return (JSON.parse(stdout) as { rate: number }).rate;
    };
    await ours();
    const measured: { ours: number; bare: number }[] = [];
    for (let round = 0; round < rounds; round += 1) measured.push({ bare: await bare(), ours: await ours() });
    return measured;
  } finally {
    await worker.stop();
    sink.closeAllConnections();
    sink.close();
    await database.close();
  }
}

function eventOf(world: World, ticket: number, serial: number): MeshEvent {
  return {
    id: world.id(), type: 'ticket.updated', time: new Date(world.now()).toISOString(), account: { id: 3, name: 'support', service: 'zendesk' },
    link: `00000000-0000-7000-8000-${String(ticket).padStart(12, '0')}`, cause: 'person', private: false,
    ticket: { id: `ticket_${ticket}`, raw_id: String(ticket), url: null, subject: `Number ${serial}`, description: `<p>${'words '.repeat(80)}</p>`, status: 'open', tags: ['bench'] },
    changes: { status: { from: 'pending', to: 'open' } },
  };
}
