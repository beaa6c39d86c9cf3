// hx-confirm="What will happen" asks in our own dialog. On the same element: data-confirm-title,
// data-confirm-yes (repeats the verb) and data-confirm-danger.
(() => {
  'use strict';
  const dialog = document.getElementById('confirm');
  const yes = dialog.querySelector('[value=yes]');

  document.addEventListener('htmx:confirm', event => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    const words = ctx.sourceElement.dataset;
    event.preventDefault();
    document.getElementById('confirm-title').textContent = words.confirmTitle || 'Are you sure?';
    document.getElementById('confirm-text').textContent = ctx.confirm;
    yes.textContent = words.confirmYes || 'Continue';
    yes.className = `btn ${'confirmDanger' in words ? 'btn-danger' : 'btn-primary'}`;
    dialog.returnValue = '';
    dialog.addEventListener('close', () => dialog.returnValue === 'yes' ? issueRequest() : dropRequest(), { once: true });
    dialog.showModal();
  });
})();
