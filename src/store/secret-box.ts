/** Credentials at rest: sealed with a key that only SECRET_KEY gives. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scryptSync } from 'node:crypto';
import { AppError } from '../errors.ts';

export interface SecretBox {
  /** `context` says where the sealed text belongs, e.g. `account 7 credentials`; it opens nowhere else. */
  seal(plain: string, context: string): string;
  /** Throws `configuration` if another SECRET_KEY sealed it, `internal_error` if it is damaged or from another context. */
  open(sealed: string, context: string): string;
  /** Tells keys apart and says nothing else about them. Kept in the database. */
  fingerprint(): string;
  /** Throws `configuration` unless `fingerprint` is of this key: a start with a wrong key ends here, not at the first use. */
  expect(fingerprint: string): void;
}

const VERSION = 'v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM under a key from scrypt: nobody can tell whether SECRET_KEY was drawn at random or typed by a person, and for
 * a typed one the 30 ms a start make guessing it from a stolen database dear. The salt is fixed since there is one key an
 * installation and no place before the database to keep another. HKDF then parts the key of the box from its fingerprint.
 *
 * A sealed text is `v1.<fingerprint>.<base64url of nonce, ciphertext, tag>`.
 */
export function createSecretBox(secretKey: string): SecretBox {
  const root = scryptSync(secretKey.normalize('NFC'), 'deskmesh secret box v1', 32, { N: 2 ** 14, r: 8, p: 1 });
  const part = (purpose: string, bytes: number): Buffer => Buffer.from(hkdfSync('sha256', root, '', purpose, bytes));
  const key = part('deskmesh seal', 32);
  const mark = part('deskmesh fingerprint', 9).toString('base64url');

  const expect = (fingerprint: string): void => {
    if (fingerprint !== mark) throw wrongKey();
  };
  return {
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${mark}.${sealed.toString('base64url')}`;
    },
    open(sealed, context) {
      const [version, fingerprint, body, ...rest] = sealed.split('.');
      if (version !== VERSION || fingerprint === undefined || body === undefined || rest.length > 0) throw damaged(context);
      expect(fingerprint);
      const bytes = Buffer.from(body, 'base64url');
      if (bytes.length < NONCE_BYTES + TAG_BYTES) throw damaged(context);
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
      } catch {
        throw damaged(context);
      }
    },
    fingerprint: () => mark,
    expect,
  };
}

function wrongKey(): AppError {
  return new AppError(
    'configuration',
    'SECRET_KEY is not the one that this database was set up with: its credentials cannot be opened. Start with the old key ' +
      '(for the bundled database it is in DATA_DIR/secret.key); if that is lost, begin with an empty database.',
    { faults: [{ path: 'SECRET_KEY', message: 'must be the key that the database was set up with' }] },
  );
}

function damaged(context: string): AppError {
  return new AppError('internal_error', `What is sealed as "${context}" is damaged or was moved there; apply its account's configuration again.`);
}
