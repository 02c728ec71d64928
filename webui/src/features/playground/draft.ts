import type { Chat, ChatMessage } from './snippets';

/** What is about to be sent, as the page has it; an empty parameter is not sent at all. */
export type Draft = {
  system: string;
  messages: ChatMessage[];
  temperature: number | string;
  maxTokens: number | string;
  topP: number | string;
  stream: boolean;
};

export const emptyDraft = (): Draft => ({
  system: '',
  messages: [{ role: 'user', content: '' }],
  temperature: '',
  maxTokens: '',
  topP: '',
  stream: true,
});

/** The call that the draft means: empty messages are left out. */
export function chatOf(d: Draft): Chat {
  const system: ChatMessage[] = d.system.trim() === '' ? [] : [{ role: 'system', content: d.system }];
  return {
    messages: [...system, ...d.messages.filter((m) => m.content.trim() !== '')],
    ...number('temperature', d.temperature),
    ...number('max_tokens', d.maxTokens),
    ...number('top_p', d.topP),
    ...(d.stream ? { stream: true } : {}),
  };
}

const number = (name: string, value: number | string) => (value === '' ? {} : { [name]: Number(value) });

/** Nothing is written yet. */
export const isBlank = (d: Draft) => d.messages.every((m) => m.content.trim() === '');
