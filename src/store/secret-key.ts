/** The key that goes with the bundled database: made on the first start and kept beside it. */
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors.ts';

/**
 * The key in DATA_DIR/secret.key, made on the first call. Two processes that call this at the same time get the same one:
 * only a complete file is linked into place, and whoever comes second reads it.
 */
export async function keptSecretKey(dataDir: string): Promise<string> {
  const path = join(dataDir, 'secret.key');
  const found = await readKey(path);
  if (found !== null) return found;
  await mkdir(dataDir, { recursive: true });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(32).toString('base64')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } catch (error) {
    throw new AppError('configuration', `The key ${path} cannot be written; let DATA_DIR name a folder that this user can write to.`, { cause: error });
  } finally {
    await rm(draft, { force: true });
  }
  const kept = await readKey(path);
  if (kept === null) throw new AppError('configuration', `The key ${path} vanished while it was being made; start again.`);
  return kept;
}

async function readKey(path: string): Promise<string | null> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new AppError('configuration', `The key ${path} cannot be read; run Deskmesh as the user that it belongs to.`, { cause: error });
  }
  if (Buffer.byteLength(text) < 32)
    throw new AppError('configuration', `The key in ${path} is damaged; put the file back from a backup, or give the key as SECRET_KEY.`);
  await chmod(path, 0o600).catch(() => undefined);
  return text;
}
