import { PRESETS, type Preset } from '@/gen/presets';

/** An API that no preset is for. */
export const CUSTOM: Preset = {
  id: 'custom',
  title: '',
  name: '',
  baseUrl: '',
  dialect: 'openai',
  endpoints: [],
  keyLooks: '',
  isKeyless: false,
  isLocal: false,
  placeholders: [],
  docs: '',
};

export const presetOf = (id: string): Preset | undefined =>
  id === CUSTOM.id ? CUSTOM : PRESETS.find((preset) => preset.id === id);
