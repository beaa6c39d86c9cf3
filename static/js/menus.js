// Popover menus: the browser opens, closes and places them. Here: arrow keys, and closing after a choice.
(() => {
  'use strict';

  document.addEventListener('click', event => {
    const item = event.target.closest('.menu .dropdown-item');
    if (item) item.closest('.menu').hidePopover();
  });

  // From inside an open menu, or from the button that opened it.
  function menuOf(element) {
    const inside = element.closest?.('.menu');
    if (inside) return inside;
    const opened = element.getAttribute?.('popovertarget');
    return opened && document.querySelector(`#${opened}.menu:popover-open`);
  }

  document.addEventListener('keydown', event => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const menu = step && menuOf(event.target);
    if (!menu) return;
    const items = [...menu.querySelectorAll('.dropdown-item')];
    const from = items.indexOf(document.activeElement);
    const next = from < 0 && step < 0 ? items.length - 1 : (from + step + items.length) % items.length;
    items[next].focus();
    event.preventDefault();
  });

  // Browsers without CSS anchors get coordinates.
  function place(menu) {
    const button = document.querySelector(`[popovertarget="${menu.id}"]`).getBoundingClientRect();
    const fitsBelow = button.bottom + menu.offsetHeight + 8 < innerHeight;
    const top = fitsBelow ? button.bottom : Math.max(8, button.top - menu.offsetHeight - 8);
    const left = Math.max(8, Math.min(button.right, innerWidth - 8) - menu.offsetWidth);
    menu.style.top = `${top}px`;
    menu.style.left = `${left}px`;
  }

  if (!CSS.supports('position-area', 'block-end')) {
    document.addEventListener('toggle', event => {
      if (event.newState === 'open' && event.target.matches?.('.menu')) place(event.target);
    }, true);
  }
})();
