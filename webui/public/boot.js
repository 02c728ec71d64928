// Runs before the first paint, so that neither theme nor language flashes. A file of its
// own, because the page's policy allows no inline script.
(() => {
  let scheme = null;
  let lang = null;
  try {
    scheme = localStorage.getItem('ui.scheme');
    lang = localStorage.getItem('ui.lang');
  } catch {
    // Storage may be refused; the defaults do.
  }
  if (scheme !== 'light' && scheme !== 'dark') {
    scheme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  }
  const tags = { en: 'en-US', zh: 'zh-CN', ja: 'ja-JP', ko: 'ko-KR' };
  document.documentElement.setAttribute('data-mantine-color-scheme', scheme);
  if (lang && Object.hasOwn(tags, lang)) document.documentElement.lang = tags[lang];
})();
