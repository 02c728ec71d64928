import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Link } from '@tanstack/react-router';
import type { AuditEvent } from '@/gen/trunkline/admin/v1/audit_pb';
import { useI18n } from '@/i18n';
import { CopyAction } from '@/ui/Code';
import { Facts } from '@/ui/Page';
import { PanelPart } from '@/ui/Panel';
import c from './audit.module.css';
import { Outcome } from './Outcome';
import { roleWord } from './roles';
import { Target } from './Target';
import { route } from './view';

/** Everything that an event says; what has a page leads to it. */
export function EventDetails({ event }: { event: AuditEvent }) {
  const { t, int, count, dateTime } = useI18n();
  const role = roleWord(event.role);
  return (
    <>
      <div className={c.head}>
        <b translate="no">{event.action}</b>
        <Outcome outcome={event.outcome} />
      </div>
      {event.detail && (
        <p className={c.detail} lang="en">
          {event.detail}
        </p>
      )}
      <div className={c.facts}>
        <Facts
          rows={[
            { name: t('audit.time'), value: event.eventTime && dateTime(timestampMs(event.eventTime)) },
            {
              name: t('audit.actor'),
              value: event.actor ? (
                <route.Link to="." search={{ actor: event.actor }} className={c.link}>
                  {event.actor}
                </route.Link>
              ) : (
                '–'
              ),
              note: event.role && (role ? t(role) : event.role),
            },
            { name: t('audit.address'), value: <span className="mono">{event.address || '–'}</span> },
            ...(event.count > 1n
              ? [{ name: t('audit.standsFor'), value: count('audit.count', Number(event.count)) }]
              : []),
            ...(event.revision > 0n
              ? [
                  {
                    name: t('audit.revision'),
                    value: (
                      <Link to="/history" search={{ revision: String(event.revision) }} className={c.link}>
                        {int(event.revision)}
                      </Link>
                    ),
                  },
                ]
              : []),
            ...(event.requestId
              ? [{ name: t('audit.requestId'), value: <span className="mono">{event.requestId}</span> }]
              : []),
          ]}
        />
      </div>
      {event.targets.length > 0 && (
        <PanelPart title={t('audit.target')}>
          <ul className={c.targets}>
            {event.targets.map((target) => (
              <li key={target}>
                <Target target={target} />
              </li>
            ))}
          </ul>
        </PanelPart>
      )}
      <PanelPart title={t('audit.hash')} aside={<CopyAction value={event.hash} />}>
        <p className={`mono ${c.hash}`}>{event.hash}</p>
      </PanelPart>
    </>
  );
}
