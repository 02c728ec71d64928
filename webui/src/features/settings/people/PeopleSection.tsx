import { useWhoAmI } from '@/api/session';
import { UserService } from '@/gen/trunkline/admin/v1/user_pb';
import { ForRole } from '@/ui/ForRole';
import { Users } from './Users';

/** Who may sign in. */
export function PeopleSection() {
  const who = useWhoAmI().data;
  if (!who) return null;
  return (
    <ForRole call={UserService.method.listUsers}>
      <Users self={who.username} />
    </ForRole>
  );
}
