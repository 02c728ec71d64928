export const settings = {
  'settings.lead': 'What holds for the whole gateway unless a group or a provider says otherwise.',
} as const;
