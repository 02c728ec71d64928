import { useQuery } from '@connectrpc/connect-query';
import { Button } from '@mantine/core';
import { Check, CircleAlert, KeyRound } from 'lucide-react';
import { useState } from 'react';
import { CALM } from '@/api/client';
import { useAction } from '@/api/useAction';
import { type MasterKey, MasterKeyService } from '@/gen/trunkline/admin/v1/master_key_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { Pill } from '@/ui/Pill';
import { Progress } from '@/ui/Progress';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { DataTable } from '@/ui/table/DataTable';
import c from './settings.module.css';

/** How often the progress of a rotation is read, in milliseconds. */
const PROGRESS = 1000;

/** The master keys that secrets are sealed under, and their rotation. */
export function KeysSection() {
  const { t, rich, int } = useI18n();
  const query = useQuery(
    MasterKeyService.method.listMasterKeys,
    {},
    { refetchInterval: ({ state }) => (state.data?.pendingCount ? PROGRESS : CALM) },
  );
  const [next, setNext] = useState<MasterKey>();
  const rotate = useAction(MasterKeyService.method.rotateMasterKey, {
    onDone: () => setNext(undefined),
    done: () => t('settings.keyRotated', { id: next?.id ?? '' }),
    quiet: true,
  });
  const { secretCount = 0, pendingCount = 0, inUseSince, inUseBy } = query.data ?? {};
  const columns: Column<MasterKey>[] = [
    { id: 'id', title: t('settings.keyId'), cell: (k) => <b className="mono">{k.id}</b> },
    { id: 'state', phone: 'corner', title: t('settings.keyState'), cell: (k) => <KeyState of={k} /> },
    { id: 'secrets', title: t('settings.keySecrets'), align: 'right', cell: (k) => int(k.secretCount) },
    { id: 'lacking', title: t('settings.keyLacking'), cell: (k) => int(k.lackingReplicas.length) },
    {
      id: 'use',
      title: t('settings.keyUse'),
      hideTitle: true,
      align: 'right',
      bare: true,
      cell: (k) =>
        rotate.allowed &&
        !k.inUse &&
        k.given && (
          <Button variant="default" size="compact-sm" onClick={() => setNext(k)}>
            {t('settings.keyUse')}
          </Button>
        ),
    },
  ];
  return (
    <section className={c.tokens}>
      <header>
        <div>
          <h2>{t('settings.masterKeys')}</h2>
          <p className={c.note}>{t('settings.masterKeysHow')}</p>
        </div>
      </header>
      <DataTable
        label={t('settings.masterKeys')}
        columns={columns}
        rows={query.data?.masterKeys}
        rowKey={(k) => k.id}
        query={query}
        empty={<p className={c.none}>–</p>}
      />
      {pendingCount > 0 ? (
        <>
          <p className={c.note}>
            {t('settings.keyPending', { done: int(secretCount - pendingCount), all: int(secretCount) })}
          </p>
          <Progress label={t('settings.keyState')} share={(secretCount - pendingCount) / secretCount} />
        </>
      ) : (
        inUseSince && (
          <p className={c.note}>
            {rich('settings.keySettled', {
              when: (
                <>
                  <RelativeTime at={inUseSince} />
                  {inUseBy && ` (${inUseBy})`}
                </>
              ),
            })}
          </p>
        )
      )}
      <ConfirmDialog
        opened={next !== undefined}
        title={t('settings.keyUseTitle', { id: next?.id ?? '' })}
        confirm={t('settings.keyUse')}
        onConfirm={() => next && rotate.run({ id: next.id })}
        onClose={() => setNext(undefined)}
        busy={rotate.busy}
        error={rotate.error}
        danger={false}
      >
        <p>{t('settings.keyUseText')}</p>
      </ConfirmDialog>
    </section>
  );
}

function KeyState({ of: key }: { of: MasterKey }) {
  const { t } = useI18n();
  if (key.inUse)
    return (
      <Pill tone="ok" Icon={Check}>
        {t('settings.keyInUse')}
      </Pill>
    );
  if (!key.given)
    return (
      <Pill tone="bad" Icon={CircleAlert}>
        {t('settings.keyMissing')}
      </Pill>
    );
  return (
    <Pill tone="mute" Icon={KeyRound}>
      {t(key.secretCount > 0 ? 'settings.keyOld' : 'settings.keyIdle')}
    </Pill>
  );
}
