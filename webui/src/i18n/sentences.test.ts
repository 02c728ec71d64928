import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { ja } from './locales/ja';
import { ko } from './locales/ko';
import { makeI18n } from './translate';

test('sentences follow each other as the language sets them', () => {
  const text = (i18n: ReturnType<typeof makeI18n>) => renderToStaticMarkup(i18n.sentences('一。', false, '', '二。'));
  expect(text(makeI18n('ja', ja))).toBe('一。二。');
  expect(text(makeI18n('ko', ko))).toBe('一。 二。');
});
