import { beforeEach, describe, expect, it, vi } from 'vitest';
import { dropDraft, readDraft, writeDraft, type Draft } from '../src/editing/drafts';
import { DRAFT } from '../src/state/work';

const stored = new Map<string, string>();
beforeEach(() => {
  stored.clear();
  vi.stubGlobal('sessionStorage', {
    getItem: (name: string) => stored.get(name) ?? null,
    setItem: (name: string, text: string) => stored.set(name, text),
    removeItem: (name: string) => stored.delete(name),
  });
});

const draft = (over: Partial<Draft> = {}): Draft => ({ subject: 'elena', layer: 'events', id: '7', texts: { name: 'Festa' }, reason: '', ...over });

describe('drafts', () => {
  it('are kept one for each feature, and the last comes first', () => {
    writeDraft(draft());
    writeDraft(draft({ id: '8' }));
    writeDraft(draft({ texts: { name: 'Sagra' } }));
    expect(readDraft('elena')?.texts).toEqual({ name: 'Sagra' });
    expect(readDraft('elena', { layer: 'events', id: '8' })?.id).toBe('8');
    expect(readDraft('elena', { layer: 'events', id: undefined })).toBeUndefined();
  });

  it('of new ones are kept one for each code', () => {
    const { id: _, ...made } = draft({ layer: 'works' });
    writeDraft({ ...made, of: 'A', texts: { title: 'Ponte' } });
    writeDraft({ ...made, of: 'B', texts: { title: 'Piazza' } });
    expect(readDraft('elena', { layer: 'works', of: 'A' })?.texts).toEqual({ title: 'Ponte' });
    expect(readDraft('elena', { layer: 'works' })).toBeUndefined();
    dropDraft('works', undefined, 'A');
    expect(readDraft('elena')?.of).toBe('B');
  });

  it('are their author\u2019s alone', () => {
    writeDraft(draft());
    expect(readDraft('marco')).toBeUndefined();
    expect(readDraft(null)).toBeUndefined();
  });

  it('leave nothing behind, and what can\u2019t be read is none', () => {
    writeDraft(draft());
    dropDraft('events', '7');
    expect(stored.has(DRAFT)).toBe(false);
    stored.set(DRAFT, '{"damaged');
    expect(readDraft('elena')).toBeUndefined();
  });
});
