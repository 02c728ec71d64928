import type { Messages } from '../../messages';
import { alerts } from './alerts';
import { audit } from './audit';
import { calls } from './calls';
import { common } from './common';
import { dashboard } from './dashboard';
import { errors } from './errors';
import { groups } from './groups';
import { history } from './history';
import { imports } from './import';
import { keys } from './keys';
import { keywords } from './keywords';
import { login } from './login';
import { nodes } from './nodes';
import { outcomes } from './outcomes';
import { people } from './people';
import { playground } from './playground';
import { policy } from './policy';
import { providers } from './providers';
import { rollout } from './rollout';
import { settings } from './settings';
import { shell } from './shell';

export const zh: Messages = {
  ...common,
  ...shell,
  ...login,
  ...dashboard,
  ...providers,
  ...imports,
  ...groups,
  ...keys,
  ...calls,
  ...keywords,
  ...alerts,
  ...audit,
  ...policy,
  ...settings,
  ...people,
  ...playground,
  ...nodes,
  ...rollout,
  ...history,
  ...outcomes,
  ...errors,
};
