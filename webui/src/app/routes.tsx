import type { Transport } from '@connectrpc/connect';
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouterHistory,
  redirect,
} from '@tanstack/react-router';
import { BASE } from '@/api/base';
import { isSignedOut } from '@/api/errors';
import { whoAmI } from '@/api/session';
import { alertsSearch } from '@/features/alerts/search';
import { auditSearch } from '@/features/audit/search';
import { callsSearch } from '@/features/calls/search';
import { dashboardSearch } from '@/features/dashboard/search';
import { groupsSearch } from '@/features/groups/search';
import { historySearch } from '@/features/history/search';
import { keysSearch } from '@/features/keys/search';
import { keywordsSearch } from '@/features/keywords/search';
import { loginSearch } from '@/features/login/search';
import { nodesSearch } from '@/features/nodes/search';
import { playgroundSearch } from '@/features/playground/search';
import { providersSearch } from '@/features/providers/search';
import { settingsSearch } from '@/features/settings/search';
import { NotFoundPage } from './NotFoundPage';
import { RouteError } from './RouteError';
import { Shell } from './Shell';

export type RouterContext = { queryClient: QueryClient; transport: Transport };

const root = createRootRouteWithContext<RouterContext>()({ notFoundComponent: NotFoundPage });

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: loginSearch,
  component: lazyRouteComponent(() => import('@/features/login/LoginPage'), 'LoginPage'),
});

/** Every page behind the sign-in. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queryClient.ensureQueryData(whoAmI(context.transport));
    } catch (error) {
      if (isSignedOut(error)) throw redirect({ to: '/login', search: { next: location.href } });
      throw error;
    }
  },
  component: Shell,
  errorComponent: RouteError,
});

// What a page's address holds is said in its own search.ts; names of things may hold dots and
// slashes, so they are search parameters and never part of a path.
const page = <P extends string>(path: P) => ({ getParentRoute: () => signedIn, path }) as const;

const dashboard = createRoute({
  ...page('/'),
  validateSearch: dashboardSearch,
  component: lazyRouteComponent(() => import('@/features/dashboard/DashboardPage'), 'DashboardPage'),
});
const calls = createRoute({
  ...page('/calls'),
  validateSearch: callsSearch,
  component: lazyRouteComponent(() => import('@/features/calls/CallsPage'), 'CallsPage'),
});
const playground = createRoute({
  ...page('/playground'),
  validateSearch: playgroundSearch,
  component: lazyRouteComponent(() => import('@/features/playground/PlaygroundPage'), 'PlaygroundPage'),
});
const providers = createRoute({
  ...page('/providers'),
  validateSearch: providersSearch,
  component: lazyRouteComponent(() => import('@/features/providers/ProvidersPage'), 'ProvidersPage'),
});
const groups = createRoute({
  ...page('/groups'),
  validateSearch: groupsSearch,
  component: lazyRouteComponent(() => import('@/features/groups/GroupsPage'), 'GroupsPage'),
});
const keys = createRoute({
  ...page('/keys'),
  validateSearch: keysSearch,
  component: lazyRouteComponent(() => import('@/features/keys/KeysPage'), 'KeysPage'),
});
const keywords = createRoute({
  ...page('/keywords'),
  validateSearch: keywordsSearch,
  component: lazyRouteComponent(() => import('@/features/keywords/KeywordsPage'), 'KeywordsPage'),
});
const alerts = createRoute({
  ...page('/alerts'),
  validateSearch: alertsSearch,
  component: lazyRouteComponent(() => import('@/features/alerts/AlertsPage'), 'AlertsPage'),
});
const nodes = createRoute({
  ...page('/nodes'),
  validateSearch: nodesSearch,
  component: lazyRouteComponent(() => import('@/features/nodes/NodesPage'), 'NodesPage'),
});
const history = createRoute({
  ...page('/history'),
  validateSearch: historySearch,
  component: lazyRouteComponent(() => import('@/features/history/HistoryPage'), 'HistoryPage'),
});
const audit = createRoute({
  ...page('/audit'),
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import('@/features/audit/AuditPage'), 'AuditPage'),
});
const settings = createRoute({
  ...page('/settings'),
  validateSearch: settingsSearch,
  component: lazyRouteComponent(() => import('@/features/settings/SettingsPage'), 'SettingsPage'),
});

// Shows every part of src/ui; only while developing, so no build holds it.
const kit = () =>
  createRoute({
    getParentRoute: () => root,
    path: '/kit',
    component: lazyRouteComponent(() => import('@/kit/KitPage'), 'KitPage'),
  });

const routeTree = root.addChildren([
  ...(import.meta.env.DEV ? [kit()] : []),
  login,
  signedIn.addChildren([
    dashboard,
    calls,
    playground,
    providers,
    groups,
    keys,
    keywords,
    alerts,
    nodes,
    history,
    audit,
    settings,
  ]),
]);

export function createAppRouter(context: RouterContext, memory?: RouterHistory) {
  return createRouter({
    routeTree,
    context,
    history: memory,
    basepath: BASE,
    defaultPreload: 'intent',
    defaultErrorComponent: RouteError,
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
