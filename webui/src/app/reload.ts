const MARK = 'ui.reloaded';

/**
 * A tab that outlived an upgrade asks for scripts that are gone. The new page names the new
 * ones, so reload; but only once, or a broken installation would reload forever.
 */
export function reloadOnceOnMissingChunk() {
  window.addEventListener('vite:preloadError', (event) => {
    try {
      if (sessionStorage.getItem(MARK)) return;
      sessionStorage.setItem(MARK, '1');
    } catch {
      return; // without a memory, do not risk a loop
    }
    event.preventDefault();
    window.location.reload();
  });
  window.addEventListener('load', () => setTimeout(forget, 10_000));
}

function forget() {
  try {
    sessionStorage.removeItem(MARK);
  } catch {
    // nothing was remembered
  }
}
