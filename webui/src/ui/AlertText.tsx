import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type Alert, AlertCause } from '@/gen/trunkline/admin/v1/alert_pb';
import { useI18n } from '@/i18n';
import { isOutcome, outcomeKey } from './outcome';
import { periodWords } from './period';
import { RelativeTime } from './Time';

/** Models and nodes that a sentence names, of more it says that there are. */
const MOST = 5;

/** What an alert says, its names leading to what they name; in English where only the control plane knows how to say it. */
export function AlertText({ alert }: { alert: Alert }) {
  return useSentence(alert) ?? <span lang="en">{alert.summary}</span>;
}

/** Why, where the control plane says so: an outcome, or the words of a node or a provider. */
export function AlertReason({ alert: { reason } }: { alert: Alert }) {
  const { t } = useI18n();
  if (reason === '') return null;
  return isOutcome(reason) ? <small>{t(outcomeKey(reason))}</small> : <small lang="en">{reason}</small>;
}

function useSentence(a: Alert): ReactNode {
  const { t, rich, int, percent, usd, list } = useI18n();
  const provider = (
    <Link to="/providers" search={{ provider: a.provider }}>
      {a.model ? `${a.provider}/${a.model}` : a.provider}
    </Link>
  );
  const group = (
    <Link to="/groups" search={{ group: a.group }}>
      {a.group}
    </Link>
  );
  const key = (
    <Link to="/keys" search={{ key: a.apiKey }}>
      {a.apiKey}
    </Link>
  );
  const node = (
    <Link to="/nodes" search={{ node: a.node }}>
      {a.node}
    </Link>
  );
  const revision = (
    <Link to="/history" search={{ revision: String(a.revision) }}>
      {int(a.revision)}
    </Link>
  );
  const few = (names: string[], n = names.length) =>
    list(n > MOST ? [...names.slice(0, MOST), t('alerts.say.others', { n: int(n - MOST) })] : names);
  const n = int(a.count);

  switch (a.event) {
    case 'cooldown': {
      if (a.nodeCount === 0) return undefined;
      const target = a.credential ? rich('alerts.say.credential', { credential: a.credential, provider }) : provider;
      return a.nodeCount > 1
        ? rich('alerts.say.coolingOn', { target, n, total: int(a.nodeCount) })
        : rich('alerts.say.cooling', { target });
    }
    case 'group_unavailable':
      if (a.cause === AlertCause.MEMBERS_COOLING) return rich('alerts.say.membersCooling', { group });
      if (a.cause === AlertCause.MEMBERS_DISABLED) return rich('alerts.say.membersDisabled', { group });
      return undefined;
    case 'budget':
      return (
        a.budget &&
        rich('alerts.say.spent', {
          key,
          share: percent(a.level / 100),
          amount: usd(a.budget.amount),
          period: t(periodWords[a.budget.period] ?? 'keys.perMonth'),
        })
      );
    case 'key_expiring':
      return (
        a.expireTime &&
        rich(a.level > 0 ? 'alerts.say.expires' : 'alerts.say.expired', {
          key,
          when: <RelativeTime at={a.expireTime} />,
        })
      );
    case 'node_lost':
      return a.lastSeenTime && rich('alerts.say.nodeLost', { node, when: <RelativeTime at={a.lastSeenTime} /> });
    case 'models_gone':
      return a.models.length > 0
        ? rich('alerts.say.modelsGone', { provider, n, models: few(a.models, a.count) })
        : undefined;
    case 'drift':
      switch (a.cause) {
        case AlertCause.CONFIGURATION_REFUSED:
          return rich('alerts.say.configurationRefused', { node });
        case AlertCause.DATABASE_REFUSED:
          return rich('alerts.say.databaseRefused', { node });
        case AlertCause.BEHIND:
          return rich('alerts.say.behind', { node, revision });
        case AlertCause.DOCUMENTS_REFUSED:
          return rich('alerts.say.documentsRefused', { node, n });
      }
      return undefined;
    case 'import_failing':
      return a.count > 0 ? rich('alerts.say.importFailing', { provider, n }) : undefined;
    case 'sign_ins_failing':
      return a.count > 0 ? t('alerts.say.signIns', { n }) : undefined;
    case 'rollout_held':
      return a.revision > 0n ? rich('alerts.say.held', { revision, nodes: few(a.nodes) }) : undefined;
  }
  return undefined;
}
