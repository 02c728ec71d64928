import { Link } from '@tanstack/react-router';
import { healthFrom } from '@/api/targetState';
import { useI18n } from '@/i18n';
import { HealthDetail, HealthPill } from '@/ui/HealthPill';
import { RelativeTime } from '@/ui/Time';
import type { Column } from '@/ui/table/column';
import { ProviderMenu } from '../actions/ProviderMenu';
import { dialectOf, hostOf } from '../address';
import type { useFigures } from '../queries';
import c from './list.module.css';
import type { Row } from './rows';
import { Strip } from './Strip';

type Known = { figures: ReturnType<typeof useFigures>; healthAt: number; parts: Map<string, readonly string[]> };

export function useListColumns({ figures, healthAt, parts }: Known): Column<Row>[] {
  const { t, int, percent, usdShort } = useI18n();
  const figure = (text: string) => (figures.isKnown ? text : <span className={c.quiet}>–</span>);
  return [
    {
      id: 'name',
      title: t('providers.col.name'),
      sort: 'name',
      cell: ({ provider }) => (
        <span className={c.name}>
          <b>{provider.name}</b>
          <small>{hostOf(provider)}</small>
        </span>
      ),
    },
    {
      id: 'health',
      phone: 'corner',
      title: t('providers.col.health'),
      sort: 'health',
      descFirst: true,
      cell: ({ state, health }) =>
        state === 'disabled' ? <HealthPill state="disabled" /> : <HealthDetail health={healthFrom(health, healthAt)} />,
    },
    {
      id: 'models',
      title: t('providers.col.models'),
      align: 'right',
      sort: 'models',
      descFirst: true,
      cell: ({ models, health, state }) =>
        health && state !== 'disabled' && health.usableModels < models
          ? t('providers.usable', { n: int(health.usableModels), of: int(models) })
          : int(models),
    },
    {
      id: 'requests',
      title: t('providers.col.requests'),
      hint: t('providers.hint.requests'),
      align: 'right',
      sort: 'requests',
      descFirst: true,
      cell: ({ requests }) => figure(int(requests)),
    },
    {
      id: 'failures',
      title: t('providers.col.failures'),
      hint: t('providers.hint.failures'),
      align: 'right',
      sort: 'failures',
      descFirst: true,
      cell: ({ requests, failures }) =>
        failures > 0 ? (
          <span>
            {int(failures)}
            <span className={`${c.sub} ${c.bad}`}>{percent(failures / requests, 1)}</span>
          </span>
        ) : (
          figure(int(0))
        ),
    },
    {
      id: 'strip',
      title: t('providers.col.strip'),
      phone: 'wide',
      cell: ({ provider }) => (
        <span className={c.strip}>
          <Strip provider={provider.name} part={parts.get(provider.name) ?? [provider.name]} />
        </span>
      ),
    },
    {
      id: 'cost',
      title: t('providers.col.cost'),
      hint: t('providers.hint.cost'),
      align: 'right',
      sort: 'cost',
      descFirst: true,
      cell: ({ cost }) => figure(usdShort(cost)),
    },
    { id: 'dialect', title: t('providers.col.dialect'), optional: true, cell: ({ provider }) => dialectOf(provider) },
    {
      id: 'groups',
      title: t('providers.col.groups'),
      optional: true,
      phone: 'wide',
      cell: ({ health }) => (
        <span className={c.groups}>
          {health?.groups.map((group) => (
            <Link key={group} to="/groups" search={{ group }}>
              {group}
            </Link>
          ))}
        </span>
      ),
    },
    {
      id: 'created',
      title: t('providers.col.created'),
      optional: true,
      sort: 'create_time',
      descFirst: true,
      cell: ({ provider }) => provider.createTime && <RelativeTime at={provider.createTime} />,
    },
    {
      id: 'changed',
      title: t('providers.col.changed'),
      optional: true,
      sort: 'update_time',
      descFirst: true,
      cell: ({ provider }) => provider.updateTime && <RelativeTime at={provider.updateTime} />,
    },
    {
      id: 'actions',
      title: t('table.actions'),
      hideTitle: true,
      align: 'right',
      bare: true,
      cell: ({ provider, state }) => <ProviderMenu provider={provider} isCooling={state === 'cooling'} />,
    },
  ];
}
