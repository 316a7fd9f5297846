/** Who asks, as the server knows them. Where it knows nobody (no accounts at all), these addresses do not exist. */
import type { Me } from './contract';
import { getJson, send, serverUrl } from './http';

/** Undefined where there are no accounts. */
export const fetchMe = (lang: string) => getJson<Me>(serverUrl('auth/me', { lang }));

/** The sign-in page, which leads back to where one is. */
export const signInUrl = (lang: string, { search, hash } = location) => serverUrl('auth/sign-in', { lang, next: `/portal/${search}${hash}` });

export const sessionsUrl = (lang: string) => serverUrl('auth/sessions', { lang });

/** Another password; the answer's cookie carries on this session, all others end. What is wrong is said in the language asked for. */
export const changePassword = async (lang: string, wish: { current: string; new: string; code: string }): Promise<void> =>
  void (await send('POST', serverUrl('auth/password/change', { lang }), wish));

export const signOut = async (): Promise<void> => void (await send('POST', serverUrl('auth/sign-out'), {}));

/** One click, and one is an invented person of the demo. */
export const enterAs = async (person: string): Promise<void> => void (await send('POST', serverUrl(`auth/demo/${encodeURIComponent(person)}`), {}));
