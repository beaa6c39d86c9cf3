// Reprices while a number is typed or a currency chosen: the server computes, the pieces that changed are exchanged.
// Inside a frame, it also tells the page around how high this one is.
(() => {
  'use strict';
  const form = document.getElementById('choice');
  let waiting;
  let newest = 0;

  function address() {
    const given = [...new FormData(form)].filter(([, value]) => value !== '');
    return `${form.action}?${new URLSearchParams(given)}`;
  }

  async function reprice() {
    const asked = ++newest;
    const url = address();
    let answer;
    try {
      answer = await fetch(url, { credentials: 'omit' });
    } catch {
      return;
    }
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (asked !== newest) return;
    document.querySelectorAll('[data-live]').forEach(piece => exchange(piece, page.getElementById(piece.id)));
    document.querySelectorAll('input[form=choice]').forEach(field => {
      const wrong = page.getElementById(field.id)?.getAttribute('aria-invalid');
      field.classList.toggle('is-invalid', Boolean(wrong));
      if (wrong) field.setAttribute('aria-invalid', wrong); else field.removeAttribute('aria-invalid');
    });
    history.replaceState(null, '', url);
  }

  function exchange(piece, fresh) {
    if (fresh && piece.innerHTML !== fresh.innerHTML) piece.replaceChildren(...fresh.childNodes);
  }

  // A period is shown by the style sheet at once; only the address has to follow.
  function changed(event) {
    if (event.target.form !== form) return;
    clearTimeout(waiting);
    if (event.target.name === 'interval') history.replaceState(null, '', address());
    else waiting = setTimeout(reprice, event.type === 'input' ? 150 : 0);
  }

  if (form) {
    document.addEventListener('input', changed);
    document.addEventListener('submit', event => {
      event.preventDefault();
      reprice();
    });
  }
  if (window.parent !== window) {
    const tell = () => window.parent.postMessage({ billingPortalHeight: document.body.scrollHeight }, '*');
    new ResizeObserver(tell).observe(document.body);
  }
})();
