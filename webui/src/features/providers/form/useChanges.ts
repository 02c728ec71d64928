import { type PlainKey, useI18n } from '@/i18n';
import type { Change } from '@/ui/Changes';
import { toMap } from '@/ui/fields/PairsField';
import { ruleText } from '../rules/rule';
import { cloudOf, KIND_WORDS } from './cloud';
import { endpointsOf, endpointText } from './endpoints';
import {
  changedFields,
  type Field,
  type ParameterValues,
  TIMER_WORDS,
  TIMERS,
  type Values,
  type WayValues,
} from './values';

const PARAMETERS = {
  secretHeaders: 'providers.form.secretHeader',
  secretQuery: 'providers.form.secretParameter',
} as const satisfies Partial<Record<Field, PlainKey>>;

const WORDS: Record<
  Exclude<
    Field,
    'endpoints' | 'credentials' | 'headers' | 'timeouts' | 'fieldRules' | keyof typeof PARAMETERS | keyof WayValues
  >,
  PlainKey
> = {
  baseUrl: 'providers.form.baseUrl',
  dialect: 'providers.form.dialect',
  forwardHeaders: 'providers.form.forward',
  allowPrivateNetwork: 'providers.form.private',
  maxInFlight: 'providers.form.maxInFlight',
  enabled: 'providers.form.enabled',
};

/** Says in words how one set of values differs from another. */
export function useChanges(): (before: Values, after: Values) => Change[] {
  const { t, int, setting } = useI18n();
  const yes = (on: boolean) => t(on ? 'providers.yes' : 'providers.no');
  const plain = (value: string | number | boolean | string[]) => {
    if (typeof value === 'boolean') return yes(value);
    if (typeof value === 'number') return int(value);
    return typeof value === 'string' ? value : value.join(', ');
  };

  const credentials = (before: Values, after: Values): Change[] => {
    const old = new Map(before.credentials.map((c) => [c.name, c]));
    const kept = new Set(after.credentials.map((c) => c.name));
    const gone = before.credentials.filter((c) => !kept.has(c.name)).map((c) => named(c.name, { before: c.name }));
    const others = after.credentials.flatMap((c) => {
      const was = old.get(c.name);
      if (!was) return [named(c.name, { after: t('providers.change.added') })];
      const secret = c.secret !== '' ? [named(c.name, { after: t('providers.change.secret') })] : [];
      const [wasKind, isKind] = [t(KIND_WORDS[was.kind]), t(KIND_WORDS[c.kind])];
      const kind =
        JSON.stringify(cloudOf(was)) === JSON.stringify(cloudOf(c))
          ? []
          : [
              named(c.name, {
                before: wasKind,
                after: wasKind === isKind ? t('providers.change.other') : isKind,
              }),
            ];
      const used =
        was.enabled === c.enabled
          ? []
          : [{ name: `${c.name}: ${t('providers.form.used')}`, before: yes(was.enabled), after: yes(c.enabled) }];
      return [...secret, ...kind, ...used];
    });
    const all = [...gone, ...others];
    // The order is that in which they are tried.
    return all.length > 0 ? all : [named('', { after: after.credentials.map((c) => c.name).join(', ') })];
  };
  const named = (name: string, change: Partial<Change>): Change => ({
    name: [t('providers.form.credential'), name].filter(Boolean).join(' '),
    ...change,
  });

  const parameters = (word: PlainKey, before: ParameterValues[], after: ParameterValues[]): Change[] => {
    const name = (p: ParameterValues) => [t(word), p.name].filter(Boolean).join(' ');
    const gone = before.filter((p) => !after.some((is) => is.name === p.name));
    const isNew = (p: ParameterValues) => !before.some((was) => was.name === p.name);
    return [
      ...gone.map((p) => ({ name: name(p), before: p.name })),
      ...after
        .filter((p) => isNew(p) || p.secret !== '')
        .map((p) => ({ name: name(p), after: t(isNew(p) ? 'providers.change.added' : 'providers.change.secret') })),
    ];
  };

  /** What is long, or secret in part, is not shown but for whether it is there. */
  const way = (name: string, before: string, after: string): Change => ({
    name,
    before: before || t('providers.no'),
    after: before === after ? t('providers.change.other') : after || t('providers.no'),
  });
  const whether = (text: string) => (text.trim() === '' ? '' : t('providers.yes'));

  const headers = (before: Values, after: Values): Change[] => {
    const [was, is] = [toMap(before.headers), toMap(after.headers)];
    return [...new Set([...Object.keys(was), ...Object.keys(is)])]
      .filter((name) => was[name] !== is[name])
      .map((name) => ({ name, before: was[name], after: is[name] }));
  };
  const timeouts = (before: Values, after: Values): Change[] => {
    const text = (ms: number | undefined) => (ms === undefined ? t('providers.timer.none') : setting(ms));
    return TIMERS.filter((timer) => before.timeouts[timer] !== after.timeouts[timer]).map((timer) => ({
      name: t(TIMER_WORDS[timer]),
      before: text(before.timeouts[timer]),
      after: text(after.timeouts[timer]),
    }));
  };

  return (before, after) =>
    changedFields(before, after).flatMap((field): Change[] => {
      if (field === 'credentials') return credentials(before, after);
      if (field === 'headers') return headers(before, after);
      if (field === 'secretHeaders' || field === 'secretQuery')
        return parameters(PARAMETERS[field], before[field], after[field]);
      if (field === 'timeouts') return timeouts(before, after);
      if (field === 'proxy') return [way(t('providers.form.proxy'), before.proxy.url, after.proxy.url)];
      if (field === 'caCertificates')
        return [way(t('providers.form.authorities'), whether(before[field]), whether(after[field]))];
      if (field === 'clientCertificate')
        return [
          way(
            t('providers.form.clientCertificate'),
            whether(before[field].certificate),
            whether(after[field].certificate),
          ),
        ];
      if (field === 'endpoints') {
        const text = (values: Values) => endpointsOf(values.endpoints).map(endpointText).join('; ') || '–';
        return [{ name: t('providers.endpoint.title'), before: text(before), after: text(after) }];
      }
      if (field === 'fieldRules') {
        const text = (values: Values) => values.fieldRules.map(ruleText).join(', ') || '–';
        return [{ name: t('providers.rules.title'), before: text(before), after: text(after) }];
      }
      return [{ name: t(WORDS[field]), before: plain(before[field]), after: plain(after[field]) }];
    });
}
