// Keeps "Running now" up to date while something runs and somebody looks.
const list = document.querySelector("[data-refresh]");

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(list.dataset.refresh, { redirect: "error" }).catch(() => null);
  if (answer?.ok) list.innerHTML = await answer.text();
}

if (list) setInterval(refresh, 5000);
