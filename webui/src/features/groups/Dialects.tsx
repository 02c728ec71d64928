import type { CandidateDialect } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import c from './groups.module.css';

/** How calls in each API that clients speak reach a member: as they come, translated, or not at all. */
export function Dialects({ of }: { of: readonly CandidateDialect[] }) {
  const { t } = useI18n();
  if (of.length === 0) return null;
  return (
    <ul className={c.dialects} aria-label={t('groups.route.dialects')}>
      {of.map((one) => (
        <li key={one.dialect}>
          <span className="mono">{one.dialect}</span> {t(wordOf(one), { spoken: one.spoken })}
        </li>
      ))}
    </ul>
  );
}

function wordOf({ dialect, spoken, uncertain }: CandidateDialect) {
  if (spoken === '') return 'groups.route.untold';
  if (spoken !== dialect) return 'groups.route.translated';
  return uncertain ? 'groups.route.uncertain' : 'groups.route.native';
}
