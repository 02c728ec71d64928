import { useState } from 'react';
import type { CallBody } from '@/gen/trunkline/admin/v1/call_body_pb';
import { useI18n } from '@/i18n';
import { CopyAction } from '@/ui/Code';
import { Tabs } from '@/ui/Tabs';
import c from './detail.module.css';

/** Request and answer in a box of fixed height, as text and never as anything else. */
export function BodyView({ body }: { body: CallBody }) {
  const { t } = useI18n();
  const [tab, setTab] = useState<'request' | 'response'>('request');
  const isRequest = tab === 'request';
  const text = isRequest ? body.request : body.response;
  const isCut = isRequest ? body.requestTruncated : body.responseTruncated;
  return (
    <Tabs
      label={t('calls.body.title')}
      tabs={[
        { value: 'request', label: t('calls.body.request') },
        { value: 'response', label: t('calls.body.response') },
      ]}
      value={tab}
      onChange={setTab}
    >
      <figure className={c.body}>
        <figcaption>
          <span>{isCut && t('calls.body.cut')}</span>
          <CopyAction value={text} />
        </figcaption>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <pre tabIndex={0} translate="no">
          {text === '' ? '–' : pretty(text)}
        </pre>
      </figure>
    </Tabs>
  );
}

/** JSON with line breaks; what is no JSON, or was cut, as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
