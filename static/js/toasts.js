// Short messages in the live region #toasts. Other scripts announce with a "toast" event; htmx appends its own.
(() => {
  'use strict';
  const lifetime = 7000;
  const box = document.getElementById('toasts');

  function announce({ kind, title, text = '' }) {
    const note = document.getElementById(`toast-${kind}`).content.firstElementChild.cloneNode(true);
    note.querySelector('[data-title]').textContent = title;
    note.querySelector('[data-text]').textContent = text;
    box.append(note);
  }

  // Problems stay until they are closed; the rest leaves, unless somebody is reading it.
  function leaveLater(note) {
    if (note.nodeType !== Node.ELEMENT_NODE || note.matches('.is-bad')) return;
    setTimeout(() => note.matches(':hover, :focus-within') ? leaveLater(note) : note.remove(), lifetime);
  }

  new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(leaveLater)))
    .observe(box, { childList: true });
  [...box.children].forEach(leaveLater);
  document.addEventListener('toast', event => announce(event.detail));
})();
