import { useWhoAmI } from '@/api/session';
import { Role } from '@/gen/trunkline/admin/v1/role_pb';
import { useI18n } from '@/i18n';
import c from '../settings.module.css';
import { Users } from './Users';

/** Who may sign in. Owners manage it; others are told whom to ask. */
export function PeopleSection() {
  const { t } = useI18n();
  const who = useWhoAmI().data;
  if (!who) return null;
  return who.role === Role.OWNER ? <Users self={who.username} /> : <p className={c.note}>{t('people.ownersOnly')}</p>;
}
