import type { ServiceImpl } from '@connectrpc/connect';
import { createRouterTransport } from '@connectrpc/connect';
import { TransportProvider } from '@connectrpc/connect-query';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router';
import { render } from '@testing-library/react';
import { createQueryClient } from '@/api/queries';
import { createAppRouter } from '@/app/routes';
import { CallService } from '@/gen/trunkline/admin/v1/call_pb';
import { ConfigService } from '@/gen/trunkline/admin/v1/config_pb';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { KeywordService } from '@/gen/trunkline/admin/v1/keyword_pb';
import { NodeService } from '@/gen/trunkline/admin/v1/node_pb';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { SettingsService } from '@/gen/trunkline/admin/v1/settings_pb';
import { UsageService } from '@/gen/trunkline/admin/v1/usage_pb';
import { I18nProvider } from '@/i18n';
import { keepRefusals } from './refusal';

/** What the control plane answers; what is left out is empty, and someone is signed in. */
export type Backend = {
  session?: Partial<ServiceImpl<typeof SessionService>>;
  providers?: Partial<ServiceImpl<typeof ProviderService>>;
  groups?: Partial<ServiceImpl<typeof GroupService>>;
  keys?: Partial<ServiceImpl<typeof KeyService>>;
  nodes?: Partial<ServiceImpl<typeof NodeService>>;
  calls?: Partial<ServiceImpl<typeof CallService>>;
  keywords?: Partial<ServiceImpl<typeof KeywordService>>;
  config?: Partial<ServiceImpl<typeof ConfigService>>;
  settings?: Partial<ServiceImpl<typeof SettingsService>>;
  usage?: Partial<ServiceImpl<typeof UsageService>>;
};

/** The whole console on an in-memory control plane, opened at a path. */
export function renderApp(path: string, backend: Backend = {}) {
  const transport = createRouterTransport(
    (router) => {
      router.service(SessionService, { whoAmI: () => ({ username: 'ada', version: 'v1' }), ...backend.session });
      router.service(ProviderService, { listProviders: () => ({}), ...backend.providers });
      router.service(GroupService, { listGroups: () => ({}), ...backend.groups });
      router.service(KeyService, { listApiKeys: () => ({}), ...backend.keys });
      router.service(NodeService, { listNodes: () => ({}), ...backend.nodes });
      router.service(CallService, { listCalls: () => ({}), ...backend.calls });
      router.service(KeywordService, { listFailureKeywords: () => ({}), ...backend.keywords });
      router.service(ConfigService, { listRevisions: () => ({}), ...backend.config });
      router.service(SettingsService, { getSettings: () => ({}), ...backend.settings });
      router.service(UsageService, {
        summarizeUsage: () => ({}),
        getUsageSeries: () => ({}),
        breakDownUsage: () => ({}),
        getAttemptSeries: () => ({}),
        breakDownAttempts: () => ({}),
        ...backend.usage,
      });
    },
    { transport: { interceptors: [keepRefusals] } },
  );
  const queryClient = createQueryClient();
  const router = createAppRouter({ queryClient, transport }, createMemoryHistory({ initialEntries: [path] }));
  render(
    <MantineProvider env="test">
      <I18nProvider initial="en">
        <TransportProvider transport={transport}>
          <QueryClientProvider client={queryClient}>
            <RouterProvider router={router} />
          </QueryClientProvider>
        </TransportProvider>
      </I18nProvider>
    </MantineProvider>,
  );
  return { router, queryClient };
}
