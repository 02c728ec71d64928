import { useI18n } from '@/i18n';
import type { Change } from '@/ui/Changes';
import type { Draft } from './draft';
import { eventWord, securityWords, wayWords } from './words';

/** In what two drafts of a channel differ, in the words of its form; of a secret only that it is another one. */
export function useDifferences() {
  const { t, list } = useI18n();
  const words = (all: string[]) => (all.length > 0 ? list(all) : '–');
  const yes = (on: boolean) => t(on ? 'alerts.on' : 'alerts.off');
  const secret = (text: string) => (text ? t('alerts.newSecret') : '–');
  const event = (name: string) => {
    const word = eventWord(name);
    return word ? t(word) : name;
  };
  const rows = (d: Draft) => [
    { name: t('alerts.enabled'), value: yes(d.enabled) },
    { name: t('alerts.way'), value: t(wayWords[d.way]) },
    { name: t('alerts.url'), value: d.webhook.url },
    { name: t('alerts.secret'), value: secret(d.webhook.secret) },
    { name: t('alerts.slackUrl'), value: secret(d.slack.webhookUrl) },
    { name: t('alerts.host'), value: `${d.email.host} ${d.email.port}` },
    { name: t('alerts.security'), value: t(securityWords[d.email.security]) },
    { name: t('alerts.username'), value: d.email.username },
    { name: t('alerts.password'), value: secret(d.email.password) },
    { name: t('alerts.from'), value: d.email.from },
    { name: t('alerts.receivers'), value: words(d.email.to) },
    { name: t('alerts.private'), value: yes(d.allowPrivateNetwork) },
    { name: t('alerts.events'), value: d.events.length > 0 ? list(d.events.map(event)) : t('alerts.everything') },
    { name: t('alerts.digest'), value: d.digest === undefined ? '–' : `${d.digest / 1000} s` },
    { name: t('alerts.sendResolved'), value: yes(d.sendResolved) },
    { name: t('alerts.providers'), value: words(d.providers) },
    { name: t('alerts.groups'), value: words(d.groups) },
  ];
  return (a: Draft, b: Draft): Change[] => {
    const after = rows(b);
    return rows(a)
      .map((row, i) => ({ name: row.name, before: row.value, after: after[i]?.value }))
      .filter((change) => change.before !== change.after);
  };
}
