import type { PlainKey } from '@/i18n';
import type { Action, Scope } from './draft';

export const actionWords: Record<Action, PlainKey> = {
  move: 'keywords.actionMove',
  count: 'keywords.actionCount',
  log: 'keywords.actionLog',
};

export const actionNotes: Record<Action, PlainKey> = {
  move: 'keywords.actionMoveHow',
  count: 'keywords.actionCountHow',
  log: 'keywords.actionLogHow',
};

export const scopeWords: Record<Scope, PlainKey> = {
  error: 'keywords.scopeError',
  answer: 'keywords.scopeAnswer',
  stream: 'keywords.scopeStream',
};
