// Small buttons that need no server, keyed on data attributes so that swapped-in fragments need no set-up.
(() => {
  'use strict';
  const toast = detail => document.dispatchEvent(new CustomEvent('toast', { detail }));

  function toggle(button) {
    const open = document.getElementById(button.dataset.toggle).classList.toggle('show');
    button.setAttribute('aria-expanded', open);
  }

  function reveal(button) {
    const field = document.getElementById(button.dataset.reveal);
    const show = field.type === 'password';
    field.type = show ? 'text' : 'password';
    button.setAttribute('aria-pressed', show);
  }

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      toast({ kind: 'ok', title: 'Copied', text: button.dataset.copy });
    } catch {
      toast({ kind: 'bad', title: 'Could not copy', text: 'Select the text and copy it yourself.' });
    }
  }

  const dismiss = button => button.closest(button.dataset.dismiss)?.remove();

  document.addEventListener('click', event => {
    const button = event.target.closest('button, a');
    if (!button) return;
    if ('toggle' in button.dataset) toggle(button);
    if ('reveal' in button.dataset) reveal(button);
    if ('copy' in button.dataset) copy(button);
    if ('dismiss' in button.dataset) dismiss(button);
  });
})();
