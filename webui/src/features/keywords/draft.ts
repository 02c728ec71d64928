import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FailureKeyword, FailureKeywordSchema } from '@/gen/trunkline/admin/v1/keyword_pb';
import type { Preset } from './presets';

export const SCOPES = ['error', 'answer', 'stream'] as const;
export type Scope = (typeof SCOPES)[number];
/** What a hit does: the call moves on, it moves on and counts against the target, or it is only noted. */
export type Action = 'move' | 'count' | 'log';

/** A failure keyword as the form has it. */
export type Draft = {
  name: string;
  kind: 'keyword' | 'pattern';
  keyword: string;
  pattern: string;
  enabled: boolean;
  action: Action;
  scopes: string[];
  providers: string[];
  groups: string[];
};

export const emptyDraft = (preset?: Preset): Draft => ({
  name: preset?.name ?? '',
  kind: preset?.pattern ? 'pattern' : 'keyword',
  keyword: preset?.keyword ?? '',
  pattern: preset?.pattern ?? '',
  enabled: true,
  action: 'move',
  scopes: [],
  providers: [],
  groups: [],
});

export const actionOf = (k: FailureKeyword): Action => (k.logOnly ? 'log' : k.count ? 'count' : 'move');

export const draftOf = (k: FailureKeyword): Draft => ({
  name: k.name,
  kind: k.pattern ? 'pattern' : 'keyword',
  keyword: k.keyword,
  pattern: k.pattern,
  enabled: k.enabled ?? true,
  action: actionOf(k),
  scopes: [...k.scopes],
  providers: [...k.providers],
  groups: [...k.groups],
});

export function messageOf(d: Draft, etag = ''): MessageInitShape<typeof FailureKeywordSchema> {
  return {
    name: d.name.trim(),
    etag,
    keyword: d.kind === 'keyword' ? d.keyword : '',
    pattern: d.kind === 'pattern' ? d.pattern : '',
    enabled: d.enabled,
    count: d.action === 'count',
    logOnly: d.action === 'log',
    scopes: d.scopes,
    providers: d.providers,
    groups: d.groups,
  };
}
