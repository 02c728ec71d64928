import { Link } from '@tanstack/react-router';
import { useI18n } from '@/i18n';
import { Loaded } from '@/ui/Loaded';
import { Card } from '@/ui/Page';
import { isEnabled } from '../address';
import { useGroupsOf } from '../queries';
import c from './detail.module.css';

/** The groups whose calls may come here, and for which models. */
export function GroupsCard({ provider }: { provider: string }) {
  const { t, sentences } = useI18n();
  const groups = useGroupsOf(provider);
  return (
    <Card title={t('providers.groups.title')} sub={t('providers.groups.sub')} flush>
      <Loaded query={groups}>
        {(found) =>
          found.length === 0 ? (
            <p className={c.none}>
              {sentences(
                t('providers.noGroupUses'),
                <Link to="/groups" className={c.link}>
                  {t('providers.groups.go')}
                </Link>,
              )}
            </p>
          ) : (
            <ul className={c.list}>
              {found.map((group) => (
                <li key={group.name}>
                  <div>
                    <Link to="/groups" search={{ group: group.name }}>
                      {group.name}
                    </Link>
                    <small className="mono">
                      {group.members
                        .filter((m) => m.provider === provider)
                        .map((m) => m.model)
                        .join(', ')}
                    </small>
                  </div>
                  {!isEnabled(group) && <span>{t('health.disabled')}</span>}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Card>
  );
}
