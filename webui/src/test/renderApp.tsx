import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { createRouterTransport } from '@connectrpc/connect';
import { TransportProvider } from '@connectrpc/connect-query';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { createMemoryHistory, RouterProvider } from '@tanstack/react-router';
import { render } from '@testing-library/react';
import { IdentityGate, proveIdentity } from '@/api/identity';
import { createQueryClient } from '@/api/queries';
import { watchSession } from '@/api/transport';
import { ConfirmIdentity } from '@/app/ConfirmIdentity';
import { createAppRouter } from '@/app/routes';
import { sessionEnded } from '@/app/sessionEnded';
import { AlertChannelService } from '@/gen/trunkline/admin/v1/alert_channel_pb';
import { AlertService } from '@/gen/trunkline/admin/v1/alert_pb';
import { AuditService } from '@/gen/trunkline/admin/v1/audit_pb';
import { AuthorityKeyService } from '@/gen/trunkline/admin/v1/authority_key_pb';
import { CallService } from '@/gen/trunkline/admin/v1/call_pb';
import { ClientSetupService } from '@/gen/trunkline/admin/v1/client_setup_pb';
import { ConfigService } from '@/gen/trunkline/admin/v1/config_pb';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { KeywordService } from '@/gen/trunkline/admin/v1/keyword_pb';
import { MasterKeyService } from '@/gen/trunkline/admin/v1/master_key_pb';
import { NodeService } from '@/gen/trunkline/admin/v1/node_pb';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { Role } from '@/gen/trunkline/admin/v1/role_pb';
import { RolloutService } from '@/gen/trunkline/admin/v1/rollout_pb';
import { SessionService } from '@/gen/trunkline/admin/v1/session_pb';
import { SettingsService } from '@/gen/trunkline/admin/v1/settings_pb';
import { TokenService } from '@/gen/trunkline/admin/v1/token_pb';
import { UsageService } from '@/gen/trunkline/admin/v1/usage_pb';
import { UserService } from '@/gen/trunkline/admin/v1/user_pb';
import { I18nProvider, type Lang } from '@/i18n';
import { keepRefusals } from './refusal';

/** What the control plane answers; lists that are left out are empty, and someone is signed in. */
export type Backend = {
  session?: Partial<ServiceImpl<typeof SessionService>>;
  tokens?: Partial<ServiceImpl<typeof TokenService>>;
  providers?: Partial<ServiceImpl<typeof ProviderService>>;
  groups?: Partial<ServiceImpl<typeof GroupService>>;
  keys?: Partial<ServiceImpl<typeof KeyService>>;
  keywords?: Partial<ServiceImpl<typeof KeywordService>>;
  channels?: Partial<ServiceImpl<typeof AlertChannelService>>;
  alerts?: Partial<ServiceImpl<typeof AlertService>>;
  audit?: Partial<ServiceImpl<typeof AuditService>>;
  settings?: Partial<ServiceImpl<typeof SettingsService>>;
  config?: Partial<ServiceImpl<typeof ConfigService>>;
  nodes?: Partial<ServiceImpl<typeof NodeService>>;
  rollouts?: Partial<ServiceImpl<typeof RolloutService>>;
  calls?: Partial<ServiceImpl<typeof CallService>>;
  masterKeys?: Partial<ServiceImpl<typeof MasterKeyService>>;
  authority?: Partial<ServiceImpl<typeof AuthorityKeyService>>;
  users?: Partial<ServiceImpl<typeof UserService>>;
  usage?: Partial<ServiceImpl<typeof UsageService>>;
  clients?: Partial<ServiceImpl<typeof ClientSetupService>>;
};

const empty = () => ({});

/** A stream on which nothing comes, until the reader leaves. */
async function* silent(_: unknown, { signal }: HandlerContext) {
  await new Promise<void>((done) => signal.addEventListener('abort', () => done()));
}

/** The whole console on an in-memory control plane, opened at a path. */
export function renderApp(path: string, backend: Backend = {}, lang: Lang = 'en') {
  const gate = new IdentityGate();
  const transport = createRouterTransport(
    (router) => {
      router.service(SessionService, {
        getSignInMethods: empty,
        whoAmI: () => ({ username: 'ada', version: 'v1', role: Role.OWNER, hasPassword: true }),
        ...backend.session,
      });
      router.service(TokenService, { listTokens: empty, ...backend.tokens });
      router.service(ProviderService, {
        listProviders: empty,
        listProviderHealth: empty,
        listImports: empty,
        ...backend.providers,
      });
      router.service(GroupService, { listGroups: empty, explainGroups: empty, ...backend.groups });
      router.service(KeyService, { listApiKeys: empty, ...backend.keys });
      router.service(KeywordService, { listFailureKeywords: empty, ...backend.keywords });
      router.service(AlertChannelService, {
        listAlertChannels: empty,
        listAlertChannelDeliveries: empty,
        ...backend.channels,
      });
      router.service(AlertService, { listAlerts: empty, ...backend.alerts });
      router.service(MasterKeyService, { listMasterKeys: empty, ...backend.masterKeys });
      router.service(AuthorityKeyService, { listAuthorityKeys: empty, ...backend.authority });
      router.service(AuditService, { listAuditEvents: empty, ...backend.audit });
      router.service(ClientSetupService, { listClientSetups: empty, ...backend.clients });
      router.service(SettingsService, { getSettings: empty, ...backend.settings });
      router.service(ConfigService, { listRevisions: empty, getStartupApply: empty, ...backend.config });
      router.service(NodeService, { listNodes: empty, listJoinTokens: empty, ...backend.nodes });
      router.service(RolloutService, { getRollout: empty, ...backend.rollouts });
      router.service(CallService, {
        listCalls: empty,
        listGaps: empty,
        listRefused: empty,
        tailCalls: silent,
        ...backend.calls,
      });
      router.service(UserService, { listUsers: empty, listSessions: empty, ...backend.users });
      router.service(UsageService, {
        summarizeUsage: empty,
        getUsageSeries: empty,
        breakDownUsage: empty,
        getAttemptSeries: empty,
        breakDownAttempts: empty,
        ...backend.usage,
      });
    },
    {
      transport: {
        interceptors: [
          watchSession(() => sessionEnded({ router, queryClient, transport })),
          proveIdentity(gate),
          keepRefusals,
        ],
      },
    },
  );
  const queryClient = createQueryClient();
  const router = createAppRouter({ queryClient, transport }, createMemoryHistory({ initialEntries: [path] }));
  render(
    <MantineProvider env="test">
      <I18nProvider initial={lang}>
        <TransportProvider transport={transport}>
          <QueryClientProvider client={queryClient}>
            <RouterProvider router={router} />
            <ConfirmIdentity gate={gate} />
          </QueryClientProvider>
        </TransportProvider>
      </I18nProvider>
    </MantineProvider>,
  );
  return { router, queryClient };
}
