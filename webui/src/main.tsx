import './theme/mantine.css';
import './theme/tokens.css';
import { setNonce } from 'get-nonce';
import { createRoot } from 'react-dom/client';
import { App } from './app/App';
import { reloadOnceOnMissingChunk } from './app/reload';
import { preloadLanguage } from './i18n';

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
setNonce(nonce); // react-remove-scroll, inside menus and drawers, reads it from here

reloadOnceOnMissingChunk();
preloadLanguage();
const root = document.getElementById('root');
if (root) createRoot(root).render(<App nonce={nonce} />);
