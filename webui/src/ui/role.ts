import { Role } from '@/gen/trunkline/admin/v1/role_pb';
import type { PlainKey } from '@/i18n';

const words: Record<Role, [name: PlainKey, means: PlainKey]> = {
  [Role.UNSPECIFIED]: ['people.unknown', 'people.unknown'],
  [Role.VIEWER]: ['people.viewer', 'people.viewerMeans'],
  [Role.OPERATOR]: ['people.operator', 'people.operatorMeans'],
  [Role.OWNER]: ['people.owner', 'people.ownerMeans'],
};

export const roleWord = (role: Role): PlainKey => (words[role] ?? words[Role.UNSPECIFIED])[0];

/** What the role may do. */
export const roleMeans = (role: Role): PlainKey => (words[role] ?? words[Role.UNSPECIFIED])[1];
