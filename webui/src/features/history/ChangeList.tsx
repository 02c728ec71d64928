import type { ResourceChange } from '@/gen/trunkline/admin/v1/revision_pb';
import { useI18n } from '@/i18n';
import c from './history.module.css';
import { changeKey, kindWord, operationWords } from './revision';

/** Changes with every field that differs; secrets are only said to have changed. */
export function ChangeList({ changes, of }: { changes: ResourceChange[]; of: number }) {
  const { t, int } = useI18n();
  if (changes.length === 0) return <p className={c.none}>{t('history.nothing')}</p>;
  return (
    <>
      <ul className={c.changes}>
        {changes.map((change) => {
          const kind = kindWord(change.kind);
          return (
            <li key={changeKey(change)}>
              <p className={c.change}>
                <small>{t(operationWords[change.operation])}</small> {kind ? t(kind) : change.kind}{' '}
                {change.name && <b>{change.name}</b>}
              </p>
              {change.differences.length > 0 && (
                <ul className={c.differences} translate="no">
                  {change.differences.map((line) => (
                    <li key={line}>{line}</li>
                  ))}
                </ul>
              )}
            </li>
          );
        })}
      </ul>
      {of > changes.length && <p className={c.none}>{t('history.more', { n: int(of - changes.length) })}</p>}
    </>
  );
}
