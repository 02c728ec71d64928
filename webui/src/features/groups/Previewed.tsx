import type { Candidate, GroupRoute } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import c from './groups.module.css';
import { leftOutWords } from './words';

/** What each member would be told of a request, in the order in which they are tried; those left out last. */
export function Previewed({ route }: { route: GroupRoute }) {
  const { t } = useI18n();
  return (
    <ul className={c.previewed} aria-label={t('groups.preview.title')} aria-live="polite">
      {[...route.candidates, ...route.leftOut].map((one) => (
        <li key={`${one.provider} ${one.memberModel}`}>
          <p>
            <b>{one.provider}</b> <span className={`${c.model} mono`}>{one.memberModel}</span>
          </p>
          <Told of={one} />
        </li>
      ))}
    </ul>
  );
}

function Told({ of: { translation, leftOutReason } }: { of: Candidate }) {
  const { t, list } = useI18n();
  if (!translation) {
    const why = leftOutWords[leftOutReason];
    return <p className={c.note}>{t(why ?? 'groups.preview.native')}</p>;
  }
  const { to, uncertain, approximated, dropped, refused, reason } = translation;
  return (
    <>
      <p className={c.note}>{t(uncertain ? 'groups.preview.perhaps' : 'groups.route.translated', { spoken: to })}</p>
      {refused !== '' && <p className={c.problem}>{t('groups.preview.refused', { what: refused, why: reason })}</p>}
      {approximated.length > 0 && (
        <p className={c.note}>{t('groups.preview.approximated', { names: list(approximated) })}</p>
      )}
      {dropped.length > 0 && <p className={c.note}>{t('groups.preview.dropped', { names: list(dropped) })}</p>}
      {refused === '' && approximated.length + dropped.length === 0 && (
        <p className={c.note}>{t('groups.preview.whole')}</p>
      )}
    </>
  );
}
