// The theme is a cookie, so that the server prints data-bs-theme and nothing flashes. "system" is no cookie.
(() => {
  'use strict';
  const root = document.documentElement;
  const oneYear = 31536000;

  const show = value => document.querySelectorAll('[data-theme-set]').forEach(button =>
    button.setAttribute('aria-pressed', button.dataset.themeSet === value));

  function choose(value) {
    const keep = value !== 'system';
    if (keep) root.dataset.bsTheme = value; else delete root.dataset.bsTheme;
    const secure = location.protocol === 'https:' ? '; secure' : '';
    document.cookie = `theme=${keep ? value : ''}; path=/; samesite=lax; max-age=${keep ? oneYear : 0}${secure}`;
    show(value);
  }

  document.addEventListener('click', event => {
    const button = event.target.closest('[data-theme-set]');
    if (button) choose(button.dataset.themeSet);
  });
})();
