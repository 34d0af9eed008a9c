// Sentences that say what was done. One with an undo stays ten minutes, others some seconds.
const SHORT_MS = 8_000;
const UNDO_MS = 600_000;

function watch(toast: HTMLElement): void {
  if (toast.dataset["watched"]) return;
  toast.dataset["watched"] = "yes";
  const stay = toast.querySelector("form") ? UNDO_MS : SHORT_MS;
  if (!toast.classList.contains("toast-error")) window.setTimeout(() => { toast.remove(); }, stay);
}

export function startToasts(): void {
  const all = (): void => { document.querySelectorAll<HTMLElement>("[data-toast]").forEach(watch); };
  all();
  document.body.addEventListener("htmx:afterSwap", all);
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-close]")) event.target.closest("[data-toast]")?.remove();
  });
}
