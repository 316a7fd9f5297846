/** What is being reported, kept in this browser alone until it is sent: a connection that is lost loses nothing. */
import type { LonLat } from '../api/contract';

export interface Draft {
  /** Makes that it is taken once, however often it is sent. */
  key: string;
  photo?: Blob;
  point?: LonLat;
  address?: string;
  category?: string;
  text?: string;
  /** It was sent, and nobody answered. */
  waiting?: boolean;
}

const open = (): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open('opensit-report', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('drafts');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
  });

async function within<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  try {
    const database = await open();
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction('drafts', mode);
      const request = act(transaction.objectStore('drafts'));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB'));
    }).finally(() => database.close());
  } catch {
    // a private window may have none: then the draft lives as long as the page
    return undefined;
  }
}

export const fresh = (): Draft => ({ key: crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('') });
export const load = (): Promise<Draft | undefined> => within('readonly', (store) => store.get('current') as IDBRequest<Draft | undefined>);
export const keep = (draft: Draft): Promise<unknown> => within('readwrite', (store) => store.put({ ...draft }, 'current'));
export const forget = (): Promise<unknown> => within('readwrite', (store) => store.delete('current'));
