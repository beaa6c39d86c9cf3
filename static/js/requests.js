// What htmx leaves open: telling assistive technology, keeping the keyboard's place, and explaining failures.
(() => {
  'use strict';
  const isPoll = element => Boolean(element?.matches?.('[hx-trigger^="every"]'));
  const toast = detail => document.dispatchEvent(new CustomEvent('toast', { detail }));

  document.addEventListener('htmx:before:request', event => {
    const { ctx } = event.detail;
    ctx.isPoll = isPoll(ctx.sourceElement);
    if (!ctx.isPoll) ctx.target?.setAttribute('aria-busy', 'true');
  });

  document.addEventListener('htmx:finally:request', event => event.detail.ctx.target?.removeAttribute?.('aria-busy'));

  // The control that was used may be gone after the swap: go on where its content is now.
  document.addEventListener('htmx:after:swap', event => {
    const { ctx } = event.detail;
    if (ctx.isPoll || document.activeElement !== document.body) return;
    const box = ctx.target?.isConnected ? ctx.target : document.getElementById(ctx.target?.id);
    if (!box || box === document.body) return;
    box.tabIndex = -1;
    box.focus({ preventScroll: true });
  });

  // The server explains its errors with a toast of its own; this is for answers of something in between.
  document.addEventListener('htmx:response:error', event => {
    const { response, text, sourceElement } = event.detail.ctx;
    if (response.status === 422 || /<hx-partial/i.test(text || '') || response.headers.get('HX-Redirect')) return;
    if (isPoll(sourceElement)) return;
    toast({
      kind: 'bad',
      title: 'That did not work',
      text: `The portal answered with error ${response.status}. Nothing was changed. Try again.`,
    });
  });

  document.addEventListener('htmx:error', event => {
    if (!event.detail.ctx || isPoll(event.detail.ctx.sourceElement)) return;
    toast({ kind: 'bad', title: 'No answer from the portal', text: 'Check your connection and try again.' });
  });
})();
