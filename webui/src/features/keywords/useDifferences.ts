import { useI18n } from '@/i18n';
import type { Change } from '@/ui/Changes';
import { type Draft, SCOPES } from './draft';
import { actionWords, scopeWords } from './words';

/** In what two drafts of a keyword differ, in the words of its form. */
export function useDifferences() {
  const { t, list } = useI18n();
  const words = (all: string[]) => (all.length > 0 ? list(all) : '–');
  const rows = (d: Draft) => [
    { name: t('keywords.enabled'), value: t(d.enabled ? 'keywords.on' : 'keywords.off') },
    {
      name: t('keywords.match'),
      value: `${t(d.kind === 'pattern' ? 'keywords.pattern' : 'keywords.text')}: ${d[d.kind]}`,
    },
    { name: t('keywords.action'), value: t(actionWords[d.action]) },
    {
      name: t('keywords.scopes'),
      value:
        d.scopes.length > 0
          ? list(SCOPES.filter((scope) => d.scopes.includes(scope)).map((scope) => t(scopeWords[scope])))
          : t('keywords.everywhere'),
    },
    { name: t('keywords.providers'), value: words(d.providers) },
    { name: t('keywords.groups'), value: words(d.groups) },
  ];
  return (a: Draft, b: Draft): Change[] => {
    const after = rows(b);
    return rows(a)
      .map((row, i) => ({ name: row.name, before: row.value, after: after[i]?.value }))
      .filter((change) => change.before !== change.after);
  };
}
