import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

const iris: MantineColorsTuple = [
  '#f1f1fd',
  '#e3e3fa',
  '#c7c6f3',
  '#a8a6ec',
  '#8c8ae6',
  '#7472df',
  '#5753d0',
  '#4a46c2',
  '#3f3ba8',
  '#33308a',
];
const dark: MantineColorsTuple = [
  '#eceef2',
  '#c3c9d3',
  '#a5adba',
  '#8a93a2',
  '#343b48',
  '#242933',
  '#1a1e25',
  '#14171d',
  '#0f1116',
  '#0c0e12',
];
const gray: MantineColorsTuple = [
  '#f7f8fa',
  '#f0f1f5',
  '#e5e7ec',
  '#d3d6de',
  '#b9bec9',
  '#9aa1ae',
  '#6b7280',
  '#565c69',
  '#333842',
  '#15181e',
];

/** Dark enough for white text on it. */
const red: MantineColorsTuple = [
  '#fdebee',
  '#fbd5da',
  '#f6acb5',
  '#f0808d',
  '#ea5c6c',
  '#e24557',
  '#c42f46',
  '#b0243a',
  '#961c30',
  '#7d1527',
];

/** What opens at something is no higher than the window has room for; it scrolls, and the page need not. */
const inSight = { flip: true, shift: true, size: { padding: 8 } };

/** Mantine's share of the looks; everything else reads the tokens of tokens.css. */
export const theme = createTheme({
  primaryColor: 'iris',
  primaryShade: { light: 6, dark: 6 },
  colors: { iris, dark, gray, red },
  black: '#15181e',
  defaultRadius: 8,
  fontFamily: 'var(--font-ui)',
  fontFamilyMonospace: 'var(--font-mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '18px' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'sm', radius: 8 } },
    Menu: { defaultProps: { radius: 10, shadow: 'md', middlewares: inSight } },
    Popover: { defaultProps: { radius: 10, shadow: 'md', middlewares: inSight } },
    // The head of a dialog is no banner of the page.
    DrawerHeader: { defaultProps: { role: 'presentation' } },
    ModalHeader: { defaultProps: { role: 'presentation' } },
    Input: { vars: () => ({ wrapper: { '--input-bd': 'var(--line-strong)' } }) },
  },
});

/** The kit's own red is too pale for text on some of our surfaces, and its placeholders are on white. */
const texts = { '--mantine-color-error': 'var(--bad-text)', '--mantine-color-placeholder': 'var(--text-3)' };
/** On dark, its quiet buttons would be almost white, whether they add or delete. */
const quiet = {
  '--mantine-color-red-light-color': 'var(--bad-text)',
  '--mantine-color-iris-light-color': 'var(--accent-text)',
};
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: texts,
  dark: { ...texts, ...quiet },
});
