import { useState } from 'react';
import type { CallBody, CallHeader } from '@/gen/trunkline/admin/v1/call_body_pb';
import { useI18n } from '@/i18n';
import { CopyAction } from '@/ui/Code';
import { Tabs } from '@/ui/Tabs';
import c from './detail.module.css';

/** Request, answer and their headers in a box of fixed height, as text and never as anything else. */
export function BodyView({ body }: { body: CallBody }) {
  const { t } = useI18n();
  const headers = [
    linesOf(t('calls.body.request'), body.requestHeaders),
    linesOf(t('calls.body.response'), body.responseHeaders),
  ]
    .filter((lines) => lines !== '')
    .join('\n\n');
  const views = [
    { value: 'request', label: t('calls.body.request'), text: body.request, isCut: body.requestTruncated },
    { value: 'response', label: t('calls.body.response'), text: body.response, isCut: body.responseTruncated },
    ...(headers === '' ? [] : [{ value: 'headers', label: t('calls.body.headers'), text: headers, isCut: false }]),
  ];
  const [tab, setTab] = useState('request');
  const { text = '', isCut } = views.find((view) => view.value === tab) ?? {};
  return (
    <Tabs label={t('calls.body.title')} tabs={views} value={tab} onChange={setTab}>
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

/** A header as text below its title; empty: none is kept. */
function linesOf(title: string, headers: readonly CallHeader[]) {
  return headers.length === 0 ? '' : [title, ...headers.map(({ name, value }) => `${name}: ${value}`)].join('\n');
}

/** JSON with line breaks; what is no JSON, or was cut, as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
