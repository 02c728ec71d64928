import { useQuery } from '@connectrpc/connect-query';
import { CircleAlert, CornerDownRight } from 'lucide-react';
import { useAction } from '@/api/useAction';
import { type GroupRoute, GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { ErrorState, SkeletonRows } from '@/ui/States';
import { useGroupsOf } from '../queries';
import c from './actions.module.css';

/** Asks before a provider is disabled, and says where the calls of each group will go then. */
export function DisableDialog({
  provider,
  opened,
  onClose,
}: {
  provider: Provider;
  opened: boolean;
  onClose: () => void;
}) {
  const { t } = useI18n();
  const { name, etag } = provider;
  const disable = useAction(ProviderService.method.updateProvider, {
    done: () => t('providers.disabled', { name }),
    onDone: onClose,
    quiet: true,
  });
  return (
    <ConfirmDialog
      opened={opened}
      title={t('providers.disableTitle', { name })}
      confirm={t('providers.disable')}
      danger={false}
      busy={disable.busy}
      error={disable.error}
      onConfirm={() => disable.run({ provider: { name, etag, enabled: false }, updateMask: { paths: ['enabled'] } })}
      onClose={() => {
        disable.reset();
        onClose();
      }}
    >
      <p className={c.text}>{t('providers.disableText')}</p>
      {opened && <Consequences provider={name} />}
    </ConfirmDialog>
  );
}

function Consequences({ provider }: { provider: string }) {
  const { t } = useI18n();
  const groups = useGroupsOf(provider);
  const names = groups.data?.map((g) => g.name) ?? [];
  const routes = useQuery(GroupService.method.explainGroups, { names, pageSize: 1000 }, { enabled: names.length > 0 });
  const failed = groups.error ? groups : routes.error ? routes : undefined;
  if (failed) return <ErrorState error={failed.error} onRetry={() => failed.refetch()} busy={failed.isFetching} />;
  if (groups.data?.length === 0) return <p className={c.text}>{t('providers.noGroupUses')}</p>;
  if (!routes.data) return <SkeletonRows rows={2} />;
  return (
    <ul className={c.uses}>
      {routes.data.routes.map((route) => (
        <Consequence key={route.group} route={route} provider={provider} />
      ))}
    </ul>
  );
}

function Consequence({ route, provider }: { route: GroupRoute; provider: string }) {
  const { t, rich } = useI18n();
  const next = route.candidates.find((candidate) => candidate.provider !== provider);
  const uses = route.candidates.some((candidate) => candidate.provider === provider);
  return (
    <li>
      <b>{route.group}</b>
      {!uses ? (
        <span>{t('providers.after.same')}</span>
      ) : next ? (
        <span>
          <CornerDownRight size={14} aria-hidden />
          {rich('providers.after.next', {
            provider: <b>{next.provider}</b>,
            model: <span className="mono">{next.model}</span>,
          })}
        </span>
      ) : (
        <span data-tone="bad">
          <CircleAlert size={14} aria-hidden />
          {t('providers.after.none')}
        </span>
      )}
    </li>
  );
}
