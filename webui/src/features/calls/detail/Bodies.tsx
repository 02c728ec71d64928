import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Eye } from 'lucide-react';
import { useState } from 'react';
import { type Call, CallService } from '@/gen/trunkline/admin/v1/call_pb';
import { useI18n } from '@/i18n';
import { ForRole } from '@/ui/ForRole';
import { Loaded } from '@/ui/Loaded';
import { BodyView } from './BodyView';
import c from './detail.module.css';
import { useBody } from './useBody';

/** What the client sent and was answered, if it is kept. Each look is noted, so it takes a click. */
export function Bodies({ call }: { call: Call }) {
  return (
    <ForRole call={CallService.method.getCallBody}>
      <Kept call={call} />
    </ForRole>
  );
}

function Kept({ call }: { call: Call }) {
  const { t, rich, dateTime, relative, sentences } = useI18n();
  const [isAsked, setAsked] = useState(false);
  const query = useBody(call.id, isAsked);
  if (!isAsked && query.data === undefined) {
    return (
      <div className={c.ask}>
        <p className={c.note}>{t('calls.body.noted')}</p>
        <Button variant="default" size="xs" leftSection={<Eye size={14} aria-hidden />} onClick={() => setAsked(true)}>
          {t('calls.body.show')}
        </Button>
      </div>
    );
  }
  return (
    <Loaded query={query}>
      {({ body, reads }) =>
        body ? (
          <>
            <BodyView body={body} />
            <p className={c.note}>
              {sentences(
                body.redacted && t('calls.body.redacted'),
                body.expireTime && t('calls.body.expires', { time: dateTime(timestampMs(body.expireTime)) }),
                reads[1]?.readTime &&
                  t('calls.body.before', {
                    who: reads[1].actor,
                    when: relative(timestampMs(reads[1].readTime), Date.now()),
                  }),
              )}
            </p>
          </>
        ) : (
          <p className={c.note} role="status">
            {call.group
              ? rich('calls.body.none', {
                  group: (
                    <Link to="/groups" search={{ group: call.group }} className={c.link}>
                      {call.group}
                    </Link>
                  ),
                })
              : t('calls.body.noneAtAll')}
          </p>
        )
      }
    </Loaded>
  );
}
