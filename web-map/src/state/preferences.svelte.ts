/** Language and appearance: from the link, else from the last visit, else from what the browser asks for. */
import type { Lang, Text, Theme } from '../api/contract';
import { localized, translate, type Key } from '../i18n/translate';
import { decode } from './permalink';

const KEEP = 'opensit.';

function remembered<T extends string>(name: string): T | undefined {
  try {
    return (localStorage.getItem(KEEP + name) as T | null) ?? undefined;
  } catch {
    return undefined;
  }
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(KEEP + name, value);
  } catch {
    // A browser that keeps nothing still shows a map.
  }
}

function askedTheme(): Theme {
  if (matchMedia('(prefers-contrast: more)').matches) return 'contrast';
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

class Preferences {
  lang = $state<Lang>('it');
  theme = $state<Theme>('light');

  constructor() {
    const link = decode(location.hash);
    this.lang = link.lang ?? remembered<Lang>('lang') ?? (navigator.language.startsWith('it') ? 'it' : 'en');
    this.theme = link.theme ?? remembered<Theme>('theme') ?? askedTheme();
    this.show();
  }

  setLang(lang: Lang): void {
    this.lang = lang;
    remember('lang', lang);
    this.show();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    remember('theme', theme);
    this.show();
  }

  /** What a link asks for, without making it the reader's habit. */
  adopt(lang: Lang | undefined, theme: Theme | undefined): void {
    this.lang = lang ?? this.lang;
    this.theme = theme ?? this.theme;
    this.show();
  }

  private show(): void {
    document.documentElement.lang = this.lang;
    document.documentElement.dataset['theme'] = this.theme;
  }
}

export const prefs = new Preferences();

export const t = (key: Key, values?: Record<string, string | number>) => translate(prefs.lang, key, values);
export const tr = (text: Text | null | undefined) => localized(text, prefs.lang);
export const reduceMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
