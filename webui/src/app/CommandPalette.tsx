import { createSpotlight, Spotlight, type SpotlightStore } from '@mantine/spotlight';
import { useNavigate } from '@tanstack/react-router';
import { CornerDownLeft, Keyboard, KeyRound, Layers, type LucideIcon, Plug, ScrollText, Search } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useFoundGroups, useFoundKeys, useFoundProviders } from '@/api/found';
import { type PlainKey, useI18n } from '@/i18n';
import { matches } from '@/ui/FilterBox';
import { Keys } from '@/ui/Kbd';
import { usePages } from './nav';
import c from './palette.module.css';

type Entry = { id: string; label: string; note?: string; keys?: string; Icon: LucideIcon; go: () => void };
type Part = { word: PlainKey; entries: Entry[] };

/** Things of one kind that are shown at most; more letters find the others. */
const MOST = 6;
/** A request id is one long word with digits in it; shorter words are names. */
const REQUEST_ID = /^(?=.*\d)[\w-]{12,}$/;
/** A request id has hyphens between its digits. */
const TRACE_ID = /^[0-9a-f]{32}$/;

/** Goes anywhere by typing: pages, providers, groups, keys, and calls by request or trace id. */
export function CommandPalette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const { t } = useI18n();
  const [[store, actions]] = useState(createSpotlight);
  const [query, setQuery] = useState('');
  useEffect(() => actions.open(), [actions]);
  const parts = useEntries(query.trim(), onHelp).filter((part) => part.entries.length > 0);
  // What the server finds comes after the letters: Enter then means the first of what is in sight.
  const shown = parts.flatMap((part) => part.entries.map((entry) => entry.id)).join('\n');
  useEffect(() => {
    if (shown !== '') selectFirst(store);
  }, [shown, store]);
  return (
    <Spotlight.Root
      store={store}
      query={query}
      onQueryChange={setQuery}
      onSpotlightClose={onClose}
      shortcut={null}
      size={580}
      scrollable
      maxHeight={420}
      attributes={{ content: { 'aria-label': t('shell.search') } }}
      overlayProps={{ backgroundOpacity: 0.35 }}
      transitionProps={{ duration: 120 }}
      classNames={{ content: c.content }}
    >
      <Spotlight.Search
        placeholder={t('palette.placeholder')}
        aria-label={t('shell.search')}
        leftSection={<Search size={17} aria-hidden />}
      />
      <Spotlight.ActionsList className={c.list}>
        {parts.map((part) => (
          <Spotlight.ActionsGroup key={part.word} label={t(part.word)} className={c.part}>
            {part.entries.map((entry) => (
              <Spotlight.Action key={entry.id} onClick={entry.go} className={c.entry}>
                <entry.Icon size={16} aria-hidden />
                <span className={c.label}>{entry.label}</span>
                {entry.note && <span className={c.note}>{entry.note}</span>}
                {entry.keys && <Keys keys={entry.keys} />}
              </Spotlight.Action>
            ))}
          </Spotlight.ActionsGroup>
        ))}
        {parts.length === 0 && <Spotlight.Empty>{t('list.noMatch')}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

function useEntries(query: string, onHelp: () => void): Part[] {
  const { t, count } = useI18n();
  const navigate = useNavigate();
  // Without a word there would only be the first few by name, which helps nobody.
  const options = { most: MOST, enabled: query !== '' };
  const groups = found(useFoundGroups(query, options), query);
  const providers = found(useFoundProviders(query, options), query);
  const keys = found(useFoundKeys(query, options), query);
  const pages = usePages()
    .map(({ to, word, Icon, jump }) => ({
      id: to,
      label: t(word),
      keys: `g ${jump}`,
      Icon,
      go: () => void navigate({ to }),
    }))
    .filter((page) => matches(query, page.label, page.id));
  const ofTrace: Entry[] = TRACE_ID.test(query)
    ? [
        {
          id: 'trace',
          label: t('palette.trace', { id: query }),
          Icon: ScrollText,
          go: () => void navigate({ to: '/calls', search: { traceId: query } }),
        },
      ]
    : [];
  const call: Entry[] = REQUEST_ID.test(query)
    ? [
        {
          id: 'call',
          label: t('palette.call', { id: query }),
          Icon: CornerDownLeft,
          go: () => void navigate({ to: '/calls', search: { call: query } }),
        },
      ]
    : [];
  const help = { id: 'help', label: t('shortcuts.title'), keys: '?', Icon: Keyboard, go: onHelp };
  return [
    { word: 'palette.calls', entries: [...ofTrace, ...call] },
    { word: 'palette.pages', entries: pages },
    {
      word: 'nav.groups',
      entries: groups.map((g) => ({
        id: g.name,
        label: g.name,
        note: count('groups.members', g.members.length),
        Icon: Layers,
        go: () => void navigate({ to: '/groups', search: { group: g.name } }),
      })),
    },
    {
      word: 'nav.providers',
      entries: providers.map((p) => ({
        id: p.name,
        label: p.name,
        note: count('providers.models', p.models.length),
        Icon: Plug,
        go: () => void navigate({ to: '/providers', search: { provider: p.name } }),
      })),
    },
    {
      word: 'nav.keys',
      entries: keys.map((k) => ({
        id: k.name,
        label: k.name,
        note: k.owner,
        Icon: KeyRound,
        go: () => void navigate({ to: '/keys', search: { key: k.name } }),
      })),
    },
    {
      word: 'palette.more',
      entries: [
        ...(matches(query, help.label) ? [help] : []),
        ...groups.slice(0, 1).map(({ name }) => ({
          id: 'search-calls',
          label: t('palette.callsOf', { name }),
          Icon: ScrollText,
          go: () => void navigate({ to: '/calls', search: { group: name } }),
        })),
      ],
    },
  ];
}

/** What was found for the letters before stays until there is an answer; without letters there is nothing. */
const found = <T,>(items: T[] | undefined, query: string): T[] => (query === '' ? [] : (items ?? []));

/** As the kit itself does when the letters change; it does not export it. */
function selectFirst(store: SpotlightStore) {
  const list = document.getElementById(store.getState().listId);
  list?.querySelector('[data-selected]')?.removeAttribute('data-selected');
  list?.querySelector('[data-action]')?.setAttribute('data-selected', 'true');
  store.updateState((state) => ({ ...state, selected: 0 }));
}
