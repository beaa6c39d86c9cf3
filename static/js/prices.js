// Puts a price that was picked or created into the field that asked for it.
(() => {
  'use strict';
  function fill({ into, price }) {
    const input = document.getElementById(into);
    if (!input) return null;
    input.value = price;
    input.dispatchEvent(new Event('input', { bubbles: true }));
    return input;
  }

  document.addEventListener('click', event => {
    const button = event.target.closest('[data-price][data-into]');
    if (!button) return;
    button.closest('[popover]')?.hidePopover();
    fill(button.dataset)?.focus();
  });
  document.addEventListener('price-chosen', event => fill(event.detail));
})();
