import type { DescMethod } from '@bufbuild/protobuf';
import {
  BellRing,
  ChartColumn,
  FileClock,
  FlaskConical,
  History,
  KeyRound,
  Layers,
  type LucideIcon,
  Plug,
  ScrollText,
  Server,
  Settings,
  ShieldAlert,
} from 'lucide-react';
import { useMay } from '@/api/role';
import { AuditService } from '@/gen/trunkline/admin/v1/audit_pb';
import type { PlainKey } from '@/i18n';

/** needs: the method without which the page is nothing; who may not call it is not led there. */
export type NavPage = { to: PagePath; word: PlainKey; Icon: LucideIcon; jump: string; needs?: DescMethod };
export type PagePath =
  | '/'
  | '/calls'
  | '/playground'
  | '/providers'
  | '/groups'
  | '/keys'
  | '/keywords'
  | '/alerts'
  | '/nodes'
  | '/history'
  | '/audit'
  | '/settings';

/** The pages as the sidebar, the palette and the shortcuts show them: g and then the letter jumps there. */
const NAV: readonly { word: PlainKey; pages: readonly NavPage[] }[] = [
  {
    word: 'nav.observe',
    pages: [
      { to: '/', word: 'nav.dashboard', Icon: ChartColumn, jump: 'd' },
      { to: '/calls', word: 'nav.calls', Icon: ScrollText, jump: 'l' },
      { to: '/playground', word: 'nav.playground', Icon: FlaskConical, jump: 't' },
    ],
  },
  {
    word: 'nav.route',
    pages: [
      { to: '/providers', word: 'nav.providers', Icon: Plug, jump: 'p' },
      { to: '/groups', word: 'nav.groups', Icon: Layers, jump: 'g' },
      { to: '/keys', word: 'nav.keys', Icon: KeyRound, jump: 'k' },
      { to: '/keywords', word: 'nav.keywords', Icon: ShieldAlert, jump: 'w' },
    ],
  },
  {
    word: 'nav.system',
    pages: [
      { to: '/alerts', word: 'nav.alerts', Icon: BellRing, jump: 'a' },
      { to: '/nodes', word: 'nav.nodes', Icon: Server, jump: 'n' },
      { to: '/history', word: 'nav.history', Icon: History, jump: 'h' },
      { to: '/audit', word: 'nav.audit', Icon: FileClock, jump: 'u', needs: AuditService.method.listAuditEvents },
      { to: '/settings', word: 'nav.settings', Icon: Settings, jump: 's' },
    ],
  },
];

/** The parts of the navigation, each with the pages that the signed-in person may read. */
export function useNav() {
  const may = useMay();
  return NAV.map(({ word, pages }) => ({ word, pages: pages.filter(({ needs }) => !needs || may(needs)) }));
}

export const usePages = (): readonly NavPage[] => useNav().flatMap((part) => part.pages);
