// "/" search, "j" and "k" rows, "x" select, Enter open, "?" help. Never while somebody types.

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable], dialog[open]") !== null;
}

function onSomething(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("a, button, summary") !== null;
}

function rows(): HTMLTableRowElement[] {
  return [...document.querySelectorAll<HTMLTableRowElement>("table[data-list] tbody tr")];
}

function current(): HTMLTableRowElement | undefined {
  return rows().find((row) => row.classList.contains("is-current"));
}

function step(by: number): void {
  const all = rows();
  if (all.length === 0) return;
  const at = all.findIndex((row) => row.classList.contains("is-current"));
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  all[at]?.classList.remove("is-current");
  next?.classList.add("is-current");
  next?.scrollIntoView({ block: "nearest" });
  next?.dispatchEvent(new CustomEvent("row:current", { bubbles: true }));
}

const KEYS: Record<string, () => void> = {
  "/": () => { document.querySelector<HTMLInputElement>("[data-search]")?.select(); },
  j: () => { step(1); },
  k: () => { step(-1); },
  x: () => { current()?.querySelector<HTMLInputElement>("[data-pick]")?.click(); },
  Enter: () => { current()?.querySelector<HTMLAnchorElement>("a[href]")?.click(); },
  "?": () => { document.querySelector<HTMLDialogElement>("[data-help-dialog]")?.showModal(); },
};

export function startKeyboard(): void {
  document.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "Enter" && (!current() || onSomething(event.target))) return;
    event.preventDefault();
    act();
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-help]")) KEYS["?"]?.();
  });
}
