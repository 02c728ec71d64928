import { Code, ConnectError } from '@connectrpc/connect';
import { useQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { BadgeCheck, Hourglass, Undo2 } from 'lucide-react';
import { useState } from 'react';
import { CALM } from '@/api/client';
import { useAction } from '@/api/useAction';
import { type AuthorityKey, AuthorityKeyRole, AuthorityKeyService } from '@/gen/trunkline/admin/v1/authority_key_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { Pill } from '@/ui/Pill';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import c from './settings.module.css';

/** How often the progress of a replacement is read, in milliseconds. */
const PROGRESS = 1000;

type Step = 'rotate' | 'advance' | 'cancel';

const TITLE = {
  rotate: 'settings.authorityRotateTitle',
  advance: 'settings.authorityAdvanceTitle',
  cancel: 'settings.authorityCancelTitle',
} as const;
const VERB = {
  rotate: 'settings.authorityRotate',
  advance: 'settings.authorityAdvance',
  cancel: 'settings.authorityCancel',
} as const;

/** The key of the authority by which nodes and replicas know each other, and its replacement. The all-in-one has none. */
export function AuthoritySection() {
  const { t, count, list } = useI18n();
  const query = useQuery(
    AuthorityKeyService.method.listAuthorityKeys,
    {},
    {
      refetchInterval: ({ state }) => ((state.data?.authorityKeys.length ?? 0) > 1 ? PROGRESS : CALM),
      retry: (tries, error) => error.code !== Code.FailedPrecondition && tries < 2,
    },
  );
  const [asked, setAsked] = useState<Step>();
  const close = () => setAsked(undefined);
  const method = AuthorityKeyService.method;
  const actions = {
    rotate: useAction(method.rotateAuthorityKey, {
      onDone: close,
      done: () => t('settings.authorityBegun'),
      quiet: true,
    }),
    advance: useAction(method.advanceAuthorityKey, {
      onDone: close,
      done: () => t('settings.authorityOn'),
      quiet: true,
    }),
    cancel: useAction(method.cancelAuthorityKey, {
      onDone: close,
      done: () => t('settings.authorityGivenUp'),
      quiet: true,
    }),
  };
  if (query.error && ConnectError.from(query.error).code === Code.FailedPrecondition) return null;
  const { authorityKeys: keys = [], waitingNodes: waiting = [] } = query.data ?? {};
  const beside = keys[1]?.role;
  const columns: Column<AuthorityKey>[] = [
    { id: 'fingerprint', title: t('settings.keyId'), cell: (k) => <b className="mono">{k.fingerprint}</b> },
    { id: 'state', title: t('settings.keyState'), cell: (k) => <RolePill role={k.role} /> },
    { id: 'since', title: t('settings.authoritySince'), cell: (k) => (k.since ? <RelativeTime at={k.since} /> : '–') },
  ];
  const run = () => {
    if (asked === 'advance') actions.advance.run({ withoutNodes: waiting });
    else if (asked) actions[asked].run({});
  };
  return (
    <section className={c.tokens}>
      <header>
        <div>
          <h2>{t('settings.authority')}</h2>
          <p className={c.note}>{t('settings.authorityHow')}</p>
        </div>
        {actions.rotate.allowed && keys.length === 1 && (
          <Button variant="default" onClick={() => setAsked('rotate')}>
            {t('settings.authorityRotate')}
          </Button>
        )}
      </header>
      <DataTable
        label={t('settings.authority')}
        columns={columns}
        rows={query.data?.authorityKeys}
        rowKey={(k) => k.fingerprint}
        query={query}
        empty={<p className={c.none}>–</p>}
      />
      {keys.length > 1 && (
        <p className={c.note} role="status">
          {waiting.length > 0
            ? count('settings.authorityWaits', waiting.length, { names: list(waiting) })
            : t('settings.authorityReady')}
        </p>
      )}
      {keys.length > 1 && (
        <div className={c.steps}>
          {actions.advance.allowed && waiting.length > 0 && (
            <Button variant="default" size="compact-sm" onClick={() => setAsked('advance')}>
              {t('settings.authorityAdvance')}
            </Button>
          )}
          {actions.cancel.allowed && beside === AuthorityKeyRole.NEXT && (
            <Button variant="default" size="compact-sm" onClick={() => setAsked('cancel')}>
              {t('settings.authorityCancel')}
            </Button>
          )}
        </div>
      )}
      <ConfirmDialog
        opened={asked !== undefined}
        title={t(TITLE[asked ?? 'rotate'])}
        confirm={t(VERB[asked ?? 'rotate'])}
        onConfirm={run}
        onClose={close}
        busy={asked && actions[asked].busy}
        error={asked && actions[asked].error}
        danger={asked === 'advance'}
      >
        <p>
          {asked === 'advance'
            ? t('settings.authorityAdvanceText', { names: list(waiting) })
            : t(asked === 'cancel' ? 'settings.authorityCancelText' : 'settings.authorityRotateText')}
        </p>
      </ConfirmDialog>
    </section>
  );
}

function RolePill({ role }: { role: AuthorityKeyRole }) {
  const { t } = useI18n();
  if (role === AuthorityKeyRole.SIGNING)
    return (
      <Pill tone="ok" Icon={BadgeCheck}>
        {t('settings.authoritySigning')}
      </Pill>
    );
  if (role === AuthorityKeyRole.NEXT)
    return (
      <Pill tone="mute" Icon={Hourglass}>
        {t('settings.authorityNext')}
      </Pill>
    );
  return (
    <Pill tone="mute" Icon={Undo2}>
      {t('settings.authorityRetired')}
    </Pill>
  );
}
