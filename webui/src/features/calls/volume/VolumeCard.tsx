import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { useQuery } from '@connectrpc/connect-query';
import { keepPreviousData } from '@tanstack/react-query';
import { UsageBucket, UsageDimension, UsageService } from '@/gen/trunkline/admin/v1/usage_pb';
import { type PlainKey, useI18n } from '@/i18n';
import { Legend } from '@/ui/charts/Legend';
import { TimeChart } from '@/ui/charts/TimeChart';
import { Loaded } from '@/ui/Loaded';
import { STEP_MS, searchOf, stepOf } from '@/ui/range';
import { SkeletonBlock } from '@/ui/States';
import { useFilter } from '../filters/useFilter';
import type { View } from '../view';
import { BANDS, volumeOf } from './bands';
import c from './volume.module.css';
import { Zoom } from './Zoom';

const BUCKETS = { minute: UsageBucket.MINUTE, hour: UsageBucket.HOUR, day: UsageBucket.DAY } as const;
const WORDS: Record<keyof typeof BUCKETS, PlainKey> = {
  minute: 'calls.volume.minute',
  hour: 'calls.volume.hour',
  day: 'calls.volume.day',
};
/** Sums per minute are kept for 90 days; a day less, for what passes meanwhile. */
const MINUTES_KEPT = 89 * 86_400_000;
const HEIGHT = 128;

/** How many calls there were when, over the list: a drag, a click or a key narrows the time. */
export function VolumeCard({ view }: { view: View }) {
  const { t, span: written } = useI18n();
  const { set } = useFilter();
  const onZoom = (span: { from: number; to: number }) => set({ ...searchOf(span), id: undefined });
  return (
    <section className={c.card} aria-label={t('calls.volume')}>
      <header>
        <h2>{t('calls.volume')}</h2>
        <span className={`${c.span} num`}>{written(view.span.from, view.span.to)}</span>
        <Zoom span={view.span} onZoom={onZoom} />
      </header>
      {isSummed(view) ? <Bars view={view} onZoom={onZoom} /> : <p className={c.word}>{t('calls.volume.unknown')}</p>}
    </section>
  );
}

/** Sums know nothing of a call's node, status, way of answering, time and cost, and of what its client said. */
function isSummed({ filter, which }: View): boolean {
  const { node, status, stream, attemptOutcome, clientRequestId, traceId, user, metadata, minMs, minCost } = which;
  const said = [clientRequestId, traceId, user, metadata];
  const unknown = [filter.id, node, status, stream, attemptOutcome, minMs, minCost, ...said];
  return unknown.every((value) => value === undefined);
}

function Bars({ view, onZoom }: { view: View; onZoom: (span: { from: number; to: number }) => void }) {
  const { t, int, count, sentences } = useI18n();
  const { search } = useFilter();
  const { span, which } = view;
  const finest = which.key !== undefined || span.from < Date.now() - MINUTES_KEPT ? 'hour' : 'minute';
  const wanted = stepOf(span);
  const step = wanted === 'minute' ? finest : wanted;
  const series = useQuery(
    UsageService.method.getUsageSeries,
    {
      filter: {
        startTime: timestampFromMs(span.from),
        // Sums end at full minutes: a begun one is asked for as a whole, or its calls would be in the list only.
        endTime: timestampFromMs(Math.ceil(span.to / STEP_MS.minute) * STEP_MS.minute),
        group: which.group,
        provider: which.provider,
        apiKey: which.key,
        model: which.model,
        outcome: which.outcome,
      },
      bucket: BUCKETS[step],
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      by: UsageDimension.OUTCOME,
      limit: 50,
    },
    { placeholderData: keepPreviousData },
  );
  const bands = BANDS.map(({ key, word, color }) => ({ key, label: t(word), color }));
  const bucket = (at: number) => ({ from: Math.max(at, span.from), to: Math.min(at + STEP_MS[step], span.to) });
  return (
    <Loaded query={series} skeleton={<SkeletonBlock height={HEIGHT} />}>
      {(data) => {
        const { points, calls, failed } = volumeOf(data, which);
        const used = bands.filter(({ key }) => points.some((point) => point[key] !== undefined));
        return (
          <>
            <div className={c.head}>
              <span className="num">
                <b>{count('calls.volume.calls', calls)}</b>{' '}
                {failed > 0 && failed < calls && t('calls.volume.failed', { n: int(failed) })}{' '}
                <span className={c.quiet}>{t(WORDS[step])}</span>
              </span>
              <Legend series={used} />
            </div>
            <TimeChart
              kind="bars"
              label={t('calls.volume')}
              points={points}
              series={used}
              step={STEP_MS[step]}
              height={HEIGHT}
              format={int}
              link={(at) => ({ to: '/calls', search: { ...search, ...searchOf(bucket(at)), call: undefined } })}
              onZoom={(from, to) => onZoom({ from: bucket(from).from, to: Math.min(to, span.to) })}
            />
            <p className={c.how}>
              {sentences(t('calls.volume.how'), which.provider !== undefined && t('calls.volume.provider'))}
            </p>
          </>
        );
      }}
    </Loaded>
  );
}
