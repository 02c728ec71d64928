export const keywords = {
  'keywords.lead':
    'Words that make an answer count as failed even when its status says success, so that the next member is tried.',
} as const;
