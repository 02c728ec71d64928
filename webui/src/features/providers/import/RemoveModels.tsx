import { callUnaryMethod, useTransport } from '@connectrpc/connect-query';
import { Checkbox } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useAction } from '@/api/useAction';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { ConfirmDialog } from '@/ui/ConfirmDialog';
import { Loaded } from '@/ui/Loaded';
import c from './import.module.css';

/** Which imported models go: of one import, of one credential, those that are gone, or all. */
export type What = { import?: string; credential?: string; gone?: boolean };

/** Removes what imports brought. First it says what that is and which groups use it. */
export function RemoveModels({
  provider,
  what,
  title,
  onClose,
}: {
  provider: string;
  what: What;
  title: string;
  onClose: () => void;
}) {
  const { t, count } = useI18n();
  const transport = useTransport();
  const [alsoMembers, setAlsoMembers] = useState(false);
  const dryRun = useQuery({
    queryKey: ['remove-imported', provider, what],
    retry: false,
    gcTime: 0,
    queryFn: ({ signal }) => {
      const input = { name: provider, ...what, dryRun: true };
      return callUnaryMethod(transport, ProviderService.method.removeImportedModels, input, { signal });
    },
  });
  const remove = useAction(ProviderService.method.removeImportedModels, {
    quiet: true,
    done: (result) => count('import.remove.done', result.models.length),
    onDone: onClose,
  });
  const { models = [], members = [] } = dryRun.data ?? {};
  const isReady = dryRun.data !== undefined && models.length > 0 && (members.length === 0 || alsoMembers);
  return (
    <ConfirmDialog
      opened
      title={title}
      confirm={models.length > 0 ? count('import.remove.confirm', models.length) : t('action.close')}
      danger={models.length > 0}
      busy={remove.busy}
      error={remove.error}
      onConfirm={() => {
        if (models.length === 0) onClose();
        else if (isReady) remove.run({ name: provider, ...what, alsoMembers });
      }}
      onClose={onClose}
    >
      <Loaded query={dryRun}>
        {() =>
          models.length === 0 ? (
            <p className={c.after}>{t('import.remove.nothing')}</p>
          ) : (
            <>
              <p className={c.after}>{t('import.remove.text')}</p>
              <ul className={`${c.ids} mono`} aria-label={t('providers.tab.models')}>
                {models.map((id) => (
                  <li key={id}>{id}</li>
                ))}
              </ul>
              {members.length > 0 && (
                <>
                  <p className={c.after}>{count('import.remove.members', members.length)}</p>
                  <ul className={c.ids}>
                    {members.map((member) => (
                      <li key={`${member.group} ${member.model}`}>
                        <Link to="/groups" search={{ group: member.group }}>
                          {member.group}
                        </Link>{' '}
                        <span className="mono">{member.model}</span>
                      </li>
                    ))}
                  </ul>
                  <Checkbox
                    label={t('import.remove.alsoMembers')}
                    checked={alsoMembers}
                    onChange={(event) => setAlsoMembers(event.currentTarget.checked)}
                  />
                </>
              )}
            </>
          )
        }
      </Loaded>
    </ConfirmDialog>
  );
}
