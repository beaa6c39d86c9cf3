// For the partner's own site: keeps each frame with data-billing-portal as high as the pricing page in it.
addEventListener('message', event => {
  const height = Number(event.data?.billingPortalHeight);
  if (!(height > 0 && height < 50000)) return;
  document.querySelectorAll('iframe[data-billing-portal]').forEach(frame => {
    const isOurs = frame.contentWindow === event.source && new URL(frame.src).origin === event.origin;
    if (isOurs) frame.style.height = `${Math.ceil(height)}px`;
  });
});
