export type Preset = {
  id: string;
  /** As it writes itself; not translated. */
  title: string;
  /** Suggested name of the provider. */
  name: string;
  baseUrl: string;
  /** The parts of baseUrl that are one's own, such as the name of an Azure resource. */
  placeholders?: readonly string[];
  dialect: 'openai' | 'anthropic' | 'fake';
  /** How its keys begin; empty when there is no rule. */
  keyLooks: string;
  /** It is called without a key unless one was set up there. */
  isKeyless?: boolean;
  /** On a network of one's own: its address may be private. */
  isLocal?: boolean;
  /** Where its API and keys are described. */
  docs?: string;
};

/** Vendors whose API Trunkline speaks as it is. All that differs between them is data, and this is all of it. */
export const PRESETS: readonly Preset[] = [
  {
    id: 'openai',
    title: 'OpenAI',
    name: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    dialect: 'openai',
    keyLooks: 'sk-…',
    docs: 'https://platform.openai.com/docs/api-reference/authentication',
  },
  {
    id: 'azure',
    title: 'Azure OpenAI',
    name: 'azure',
    baseUrl: 'https://YOUR-RESOURCE.openai.azure.com/openai/v1',
    placeholders: ['YOUR-RESOURCE'],
    dialect: 'openai',
    keyLooks: '',
    docs: 'https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle',
  },
  {
    id: 'anthropic',
    title: 'Anthropic',
    name: 'anthropic',
    baseUrl: 'https://api.anthropic.com/v1',
    dialect: 'anthropic',
    keyLooks: 'sk-ant-…',
    docs: 'https://docs.anthropic.com/en/api/overview',
  },
  {
    id: 'gemini',
    title: 'Google Gemini',
    name: 'gemini',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
    dialect: 'openai',
    keyLooks: 'AIza…',
    docs: 'https://ai.google.dev/gemini-api/docs/openai',
  },
  {
    id: 'deepseek',
    title: 'DeepSeek',
    name: 'deepseek',
    baseUrl: 'https://api.deepseek.com/v1',
    dialect: 'openai',
    keyLooks: 'sk-…',
    docs: 'https://api-docs.deepseek.com',
  },
  {
    id: 'qwen',
    title: 'Qwen (DashScope)',
    name: 'qwen',
    baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    dialect: 'openai',
    keyLooks: 'sk-…',
    docs: 'https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope',
  },
  {
    id: 'moonshot',
    title: 'Moonshot (Kimi)',
    name: 'moonshot',
    baseUrl: 'https://api.moonshot.ai/v1',
    dialect: 'openai',
    keyLooks: 'sk-…',
    docs: 'https://platform.moonshot.ai/docs',
  },
  {
    id: 'zhipu',
    title: 'Zhipu (GLM)',
    name: 'zhipu',
    baseUrl: 'https://open.bigmodel.cn/api/paas/v4',
    dialect: 'openai',
    keyLooks: '',
    docs: 'https://docs.bigmodel.cn',
  },
  {
    id: 'minimax',
    title: 'MiniMax',
    name: 'minimax',
    baseUrl: 'https://api.minimax.io/v1',
    dialect: 'openai',
    keyLooks: '',
    docs: 'https://platform.minimax.io/docs',
  },
  {
    id: 'mistral',
    title: 'Mistral',
    name: 'mistral',
    baseUrl: 'https://api.mistral.ai/v1',
    dialect: 'openai',
    keyLooks: '',
    docs: 'https://docs.mistral.ai/api',
  },
  {
    id: 'groq',
    title: 'Groq',
    name: 'groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    dialect: 'openai',
    keyLooks: 'gsk_…',
    docs: 'https://console.groq.com/docs/openai',
  },
  {
    id: 'xai',
    title: 'xAI',
    name: 'xai',
    baseUrl: 'https://api.x.ai/v1',
    dialect: 'openai',
    keyLooks: 'xai-…',
    docs: 'https://docs.x.ai/docs/api-reference',
  },
  {
    id: 'openrouter',
    title: 'OpenRouter',
    name: 'openrouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    dialect: 'openai',
    keyLooks: 'sk-or-…',
    docs: 'https://openrouter.ai/docs/api-reference/overview',
  },
  {
    id: 'siliconflow',
    title: 'SiliconFlow',
    name: 'siliconflow',
    baseUrl: 'https://api.siliconflow.cn/v1',
    dialect: 'openai',
    keyLooks: 'sk-…',
    docs: 'https://docs.siliconflow.cn',
  },
  {
    id: 'ollama',
    title: 'Ollama',
    name: 'ollama',
    baseUrl: 'http://127.0.0.1:11434/v1',
    dialect: 'openai',
    keyLooks: '',
    isKeyless: true,
    isLocal: true,
    docs: 'https://docs.ollama.com/api/openai-compatibility',
  },
  {
    id: 'vllm',
    title: 'vLLM',
    name: 'vllm',
    baseUrl: 'http://127.0.0.1:8000/v1',
    dialect: 'openai',
    keyLooks: '',
    isKeyless: true,
    isLocal: true,
    docs: 'https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html',
  },
  {
    id: 'lmstudio',
    title: 'LM Studio',
    name: 'lm-studio',
    baseUrl: 'http://127.0.0.1:1234/v1',
    dialect: 'openai',
    keyLooks: '',
    isKeyless: true,
    isLocal: true,
    docs: 'https://lmstudio.ai/docs/developer/openai-compat',
  },
];

/** An API that no preset is for. */
export const CUSTOM: Preset = { id: 'custom', title: '', name: '', baseUrl: '', dialect: 'openai', keyLooks: '' };

export const presetOf = (id: string): Preset | undefined =>
  id === CUSTOM.id ? CUSTOM : PRESETS.find((preset) => preset.id === id);
