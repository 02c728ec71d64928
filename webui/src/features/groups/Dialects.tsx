import type { CandidateDialect } from '@/gen/trunkline/admin/v1/group_pb';
import { useI18n } from '@/i18n';
import c from './groups.module.css';

/** How calls in the APIs that clients speak reach a member: as they come, translated, or not at all. */
export function Dialects({ of }: { of: readonly CandidateDialect[] }) {
  const { t, list } = useI18n();
  const ways = new Map<string, string[]>();
  for (const one of of) {
    const way = t(wordOf(one), { spoken: one.spoken });
    ways.set(way, [...(ways.get(way) ?? []), one.dialect]);
  }
  if (of.length === 0) return null;
  return (
    <ul className={c.dialects} aria-label={t('groups.route.dialects')}>
      {[...ways].map(([way, dialects]) => (
        <li key={way}>
          <span className="mono">{list(dialects)}</span> {way}
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
