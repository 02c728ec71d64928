import { describe, expect, test } from 'vitest';
import { pickLang } from './languages';
import { en } from './locales/en';
import { ja } from './locales/ja';
import { ko } from './locales/ko';
import { zh } from './locales/zh';
import { makeI18n } from './translate';

const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
/** Names and symbols that no language translates. */
const isTechnical = (english: string) =>
  !/\p{L}/u.test(
    english.replace(
      /\{\w+\}|\b(OK|Token|Trunkline|copy|p50|p95|p99|API|URL|ID|IP|CSV|JSON|TTFT|Base|Anthropic|OpenAI|Gemini|Azure|Redis|Webhook|Slack|STARTTLS)\b/g,
      '',
    ),
  );
const isOne = (key: string) => key.endsWith('_one');

describe.each(Object.entries({ zh, ja, ko }))('%s', (_, messages: Record<string, string>) => {
  test('has every key, and no other', () => {
    const wanted = Object.keys(en).filter((key) => !isOne(key));
    expect(Object.keys(messages).sort()).toEqual(wanted.sort());
  });

  test('keeps every placeholder and leaves nothing empty or in English', () => {
    for (const [key, text] of Object.entries(messages)) {
      const english = (en as Record<string, string>)[key] ?? '';
      expect(holes(text), key).toEqual(holes(english));
      expect(text.trim(), key).toBe(text);
      expect(text, key).not.toBe('');
      if (!isTechnical(english)) expect(text, key).not.toBe(english);
    }
  });
});

const areas = import.meta.glob<Record<string, Record<string, string>>>('./locales/en/*.ts', { eager: true });
/** What may begin the keys of the areas that are no page; every page's keys begin with its own name. */
const OPEN: Record<string, RegExp> = { common: /./, shell: /./, outcomes: /^outcome\./, errors: /^error\./ };

test('a key begins with its area and is in no other', () => {
  const names = Object.keys(areas).map((path) => path.slice('./locales/en/'.length, -'.ts'.length));
  const seen = new Set<string>();
  for (const area of names.filter((name) => name !== 'index')) {
    const [texts = {}] = Object.values(areas[`./locales/en/${area}.ts`] ?? {});
    for (const key of Object.keys(texts)) {
      expect(seen.has(key), `${key} is said twice`).toBe(false);
      seen.add(key);
      const begin = key.split('.')[0] ?? '';
      if (OPEN[area]) expect(OPEN[area].test(key) && (begin === area || !names.includes(begin)), key).toBe(true);
      else expect(begin, key).toBe(area);
    }
  }
});

test('every message is used', () => {
  const sources = import.meta.glob('../**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true });
  const code = Object.entries(sources)
    .filter(([path]) => !path.includes('/locales/') && !path.includes('.test.'))
    .map(([, text]) => String(text))
    .join('\n');
  // t(`providers.price.${part}`) uses every key that begins like it.
  const begins = [...code.matchAll(/`([\w.]+[._])\$\{/g)].map((m) => m[1] ?? '');
  const unused = Object.keys(en).filter((key) => {
    const base = key.replace(/_(one|other)$/, '');
    const isBuilt = begins.some((begin) => base.startsWith(begin));
    return !isBuilt && ![`'${key}'`, `"${key}"`, `'${base}'`].some((literal) => code.includes(literal));
  });
  expect(unused).toEqual([]);
});

test('fills placeholders and leaves no brace behind', () => {
  const { t } = makeI18n('en', en);
  expect(t('snapshot.live', { revision: 12, live: 2, nodes: 3 })).toBe('Revision 12 live on 2 of 3 nodes');
});

test('a value that looks like a placeholder is not filled in again', () => {
  expect(makeI18n('en', en).t('groups.gone', { name: '{name}' })).toBe('There is no group called {name}');
});

test.each([
  [0, '0 members'],
  [1, '1 member'],
  [2, '2 members'],
  [1234, '1,234 members'],
])('English counts %i', (n, text) => expect(makeI18n('en', en).count('groups.members', n)).toBe(text));

test('Japanese has one form for every number', () => {
  expect(makeI18n('ja', ja).count('groups.members', 1)).toBe('メンバー 1 件');
});

test.each([
  [['zh-Hant-TW', 'en'], 'zh'],
  [['fr-FR', 'ko-KR'], 'ko'],
  [['', 'JA'], 'ja'],
  [['tlh'], 'en'],
  [[], 'en'],
  [['constructor'], 'en'],
])('the browser that wants %j gets %s', (wanted, lang) => expect(pickLang(wanted)).toBe(lang));
