import type { DescMethod } from '@bufbuild/protobuf';
import { Button } from '@mantine/core';
import { Link, type LinkOptions } from '@tanstack/react-router';
import { Check } from 'lucide-react';
import { roleFor, useMay } from '@/api/role';
import { GroupService } from '@/gen/trunkline/admin/v1/group_pb';
import { KeyService } from '@/gen/trunkline/admin/v1/key_pb';
import { ProviderService } from '@/gen/trunkline/admin/v1/provider_pb';
import { type PlainKey, useI18n } from '@/i18n';
import { FirstCall } from '@/ui/ClientSetups';
import { Card } from '@/ui/Page';
import { roleWord } from '@/ui/role';
import c from './setup.module.css';
import type { Setup } from './useSetup';

/** The way from an empty installation to the first answered call; ticks itself off. */
export function Checklist({ setup }: { setup: Setup }) {
  const { t } = useI18n();
  const { done, provider, group } = setup;
  const current = done.indexOf(false);
  const may = useMay();
  /** needs: what one must be allowed to call for it. */
  const steps: { title: PlainKey; text: PlainKey; link: LinkOptions; needs?: DescMethod }[] = [
    {
      title: 'dashboard.setup.provider',
      text: 'dashboard.setup.providerText',
      link: { to: '/providers', search: { new: 'choose' } },
      needs: ProviderService.method.createProvider,
    },
    {
      title: 'dashboard.setup.models',
      text: 'dashboard.setup.modelsText',
      link: { to: '/providers', search: provider === undefined ? {} : { provider, import: true } },
      needs: ProviderService.method.importModels,
    },
    {
      title: 'dashboard.setup.group',
      text: 'dashboard.setup.groupText',
      link: { to: '/groups', search: { new: true } },
      needs: GroupService.method.createGroup,
    },
    {
      title: 'dashboard.setup.key',
      text: 'dashboard.setup.keyText',
      link: { to: '/keys', search: { new: true } },
      needs: KeyService.method.createApiKey,
    },
    {
      title: 'dashboard.setup.call',
      text: 'dashboard.setup.callText',
      link: { to: '/playground', search: group === undefined ? {} : { group } },
    },
  ];
  return (
    <Card title={t('dashboard.setup.title')} sub={t('dashboard.setup.sub')}>
      <ol className={c.steps}>
        {steps.map((step, i) => (
          <li key={step.title} data-done={done[i]} aria-current={i === current ? 'step' : undefined}>
            <span className={c.mark}>
              {done[i] ? (
                <Check size={14} strokeWidth={3} aria-label={t('dashboard.setup.done')} />
              ) : (
                <span aria-hidden>{i + 1}</span>
              )}
            </span>
            <div className={c.step}>
              <h3>{t(step.title)}</h3>
              {i === current && <p>{t(step.text)}</p>}
              {i === current && step.needs && !may(step.needs) && (
                <p>{t('role.needed', { role: t(roleWord(roleFor(step.needs))) })}</p>
              )}
              {i === current && i === steps.length - 1 && <FirstCall group={group ?? 'gpt-4-pool'} />}
            </div>
            {!done[i] && (!step.needs || may(step.needs)) && (
              <Button
                variant={i === current ? 'filled' : 'default'}
                renderRoot={(props: object) => <Link {...props} {...step.link} />}
              >
                {t(i === steps.length - 1 ? 'dashboard.setup.playground' : step.title)}
              </Button>
            )}
          </li>
        ))}
      </ol>
    </Card>
  );
}
