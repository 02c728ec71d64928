import { ActionIcon, Menu } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { CopyPlus, Ellipsis, PackageSearch, Pause, Pencil, Play, TimerReset, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useMay } from '@/api/role';
import { useAction } from '@/api/useAction';
import { type Provider, ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { useI18n } from '@/i18n';
import { isEnabled } from '../address';
import { DeleteDialog } from './DeleteDialog';
import { DisableDialog } from './DisableDialog';

/** What can be done with a provider, wherever it is shown. */
export function ProviderMenu({ provider, isCooling }: { provider: Provider; isCooling: boolean }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<'disable' | 'delete'>();
  const { name } = provider;
  const go = (search: { provider?: string; tab?: string; import?: true; new?: string; from?: string }) =>
    void navigate({ to: '/providers', search });
  const enable = useAction(ProviderService.method.updateProvider, { done: () => t('providers.enabled', { name }) });
  const reset = useAction(ProviderService.method.resetCooldown, {
    done: () => t('providers.cooldownEnded', { name }),
  });
  const close = () => setAsking(undefined);
  const may = useMay();
  const { importModels, createProvider, deleteProvider } = ProviderService.method;
  if (!enable.allowed) return null;
  return (
    <>
      <Menu position="bottom-end" shadow="md" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={30} aria-label={t('providers.menu', { name })}>
            <Ellipsis size={17} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<Pencil size={15} aria-hidden />}
            onClick={() => go({ provider: name, tab: 'settings' })}
          >
            {t('providers.edit')}
          </Menu.Item>
          {may(importModels) && (
            <Menu.Item
              leftSection={<PackageSearch size={15} aria-hidden />}
              onClick={() => go({ provider: name, import: true })}
            >
              {t('providers.import')}
            </Menu.Item>
          )}
          {may(createProvider) && (
            <Menu.Item leftSection={<CopyPlus size={15} aria-hidden />} onClick={() => go({ new: 'copy', from: name })}>
              {t('providers.duplicate')}
            </Menu.Item>
          )}
          {reset.allowed && isCooling && (
            <Menu.Item leftSection={<TimerReset size={15} aria-hidden />} onClick={() => reset.run({ provider: name })}>
              {t('providers.endCooldown')}
            </Menu.Item>
          )}
          <Menu.Divider />
          {isEnabled(provider) ? (
            <Menu.Item leftSection={<Pause size={15} aria-hidden />} onClick={() => setAsking('disable')}>
              {t('providers.disable')}
            </Menu.Item>
          ) : (
            <Menu.Item
              leftSection={<Play size={15} aria-hidden />}
              onClick={() =>
                enable.run({
                  provider: { name, etag: provider.etag, enabled: true },
                  updateMask: { paths: ['enabled'] },
                })
              }
            >
              {t('providers.enable')}
            </Menu.Item>
          )}
          {may(deleteProvider) && (
            <Menu.Item color="red" leftSection={<Trash2 size={15} aria-hidden />} onClick={() => setAsking('delete')}>
              {t('providers.delete')}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <DisableDialog provider={provider} opened={asking === 'disable'} onClose={close} />
      <DeleteDialog provider={provider} opened={asking === 'delete'} onClose={close} />
    </>
  );
}
