import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { useQueryClient } from '@tanstack/react-query';
import { toMs } from '@/api/duration';
import { CONFIG_KEY } from '@/api/queries';
import type { Settings } from '@/gen/trunkline/admin/v1/settings_pb';
import { useI18n } from '@/i18n';
import type { Change } from '@/ui/Changes';
import { TagsField } from '@/ui/fields/Combo';
import { DurationField } from '@/ui/fields/DurationField';
import { Fields } from '@/ui/fields/Form';
import { LeaveGuard } from '@/ui/LeaveGuard';
import { Card } from '@/ui/Page';
import { SaveBar } from '@/ui/SaveBar';
import { SocketFields, type Sockets } from './SocketFields';
import c from './settings.module.css';
import { useDraft } from './useDraft';
import { useSave } from './useSave';

type Draft = { calls: number | undefined; auditEvents: number | undefined; origins: string[]; sockets: Sockets };

const draftOf = (s: Settings): Draft => ({
  calls: s.retention?.calls ? toMs(s.retention.calls) : undefined,
  auditEvents: s.retention?.auditEvents ? toMs(s.retention.auditEvents) : undefined,
  origins: [...(s.cors?.allowedOrigins ?? [])],
  sockets: { enabled: s.websocket?.enabled ?? true, perKey: s.websocket?.maxConnectionsPerKey },
});
const durationOf = (ms: number | undefined) => (ms === undefined ? undefined : durationFromMs(ms));
const messageOf = (d: Draft) => ({
  retention:
    d.calls === undefined && d.auditEvents === undefined
      ? undefined
      : { calls: durationOf(d.calls), auditEvents: durationOf(d.auditEvents) },
  cors: d.origins.length > 0 ? { allowedOrigins: d.origins } : undefined,
  websocket:
    d.sockets.enabled && d.sockets.perKey === undefined
      ? undefined
      : { enabled: d.sockets.enabled, maxConnectionsPerKey: d.sockets.perKey },
});

/** How long calls are kept, what is kept of them, and which web pages may call the gateway. */
export function DataSection({ settings }: { settings: Settings }) {
  const { t, setting, list, int } = useI18n();
  const client = useQueryClient();
  const byDefault = toMs(settings.defaultRetention?.calls);

  const differences = (a: Draft, b: Draft): Change[] => {
    const kept = (ms: number | undefined) => (ms === undefined ? t('policy.inherited') : setting(ms));
    const sockets = (d: Draft) => t(d.sockets.enabled ? 'settings.on' : 'settings.off');
    const perKey = (d: Draft) => (d.sockets.perKey === undefined ? t('policy.inherited') : int(d.sockets.perKey));
    const pages = (d: Draft) => (d.origins.length > 0 ? list(d.origins) : t('settings.noOrigins'));
    return [
      { name: t('settings.calls'), before: kept(a.calls), after: kept(b.calls) },
      { name: t('settings.auditEvents'), before: kept(a.auditEvents), after: kept(b.auditEvents) },
      { name: t('settings.origins'), before: pages(a), after: pages(b) },
      { name: t('settings.sockets'), before: sockets(a), after: sockets(b) },
      { name: t('settings.socketsPerKey'), before: perKey(a), after: perKey(b) },
    ].filter(({ before, after }) => before !== after);
  };
  const { base, draft, setDraft, take } = useDraft(settings, draftOf, (a, b) => differences(a, b).length === 0);
  const { save, errors, busy, leftError, conflict } = useSave(base, ['retention', 'cors', 'websocket']);
  const stored = draftOf(base);
  const changes = differences(stored, draft);
  const { theirs } = conflict;
  return (
    <>
      <Card title={t('settings.retention')} sub={t('settings.retentionHow')}>
        <Fields>
          <DurationField
            label={t('settings.calls')}
            description={t('settings.callsHow')}
            placeholder={setting(byDefault)}
            inherited={byDefault}
            value={draft.calls}
            onChange={(calls) => setDraft({ ...draft, calls })}
            units={['h', 'd']}
            error={errors['retention.calls']}
          />
          <DurationField
            label={t('settings.auditEvents')}
            description={t('settings.auditEventsHow')}
            placeholder={setting(toMs(settings.defaultRetention?.auditEvents))}
            inherited={toMs(settings.defaultRetention?.auditEvents)}
            value={draft.auditEvents}
            onChange={(auditEvents) => setDraft({ ...draft, auditEvents })}
            units={['h', 'd']}
            error={errors['retention.auditEvents']}
          />
          <p className={c.note}>{t('settings.bodies')}</p>
        </Fields>
      </Card>
      <Card title="CORS" sub={t('settings.corsHow')}>
        <TagsField
          label={t('settings.origins')}
          description={t('settings.originsHow')}
          placeholder="https://app.example.com"
          value={draft.origins}
          onChange={(origins) => setDraft({ ...draft, origins })}
          error={Object.entries(errors).find(([path]) => path.startsWith('cors'))?.[1]}
        />
      </Card>
      <SocketFields
        value={draft.sockets}
        onChange={(sockets) => setDraft({ ...draft, sockets })}
        byDefault={100}
        error={errors['websocket.maxConnectionsPerKey']}
      />
      <Card title={t('settings.prices')}>
        <p className={c.note}>{t('settings.pricesHow')}</p>
      </Card>
      <SaveBar
        changes={changes}
        onSave={() => save(messageOf(draft))}
        onDiscard={() => setDraft(stored)}
        busy={busy}
        error={leftError}
        conflict={
          theirs && {
            changes: differences(stored, draftOf(theirs)),
            onReload: () => {
              conflict.settled();
              take(theirs);
              client.invalidateQueries({ queryKey: CONFIG_KEY });
            },
            onOverwrite: () => {
              conflict.settled();
              save(messageOf(draft), theirs.etag);
            },
          }
        }
      />
      <LeaveGuard when={changes.length > 0} />
    </>
  );
}
