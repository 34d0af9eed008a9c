// Selecting rows for bulk work: the bar shows itself with the first one; Shift selects a run of rows.

let last = -1;

function picks(): HTMLInputElement[] {
  return [...document.querySelectorAll<HTMLInputElement>("[data-pick]")];
}

function show(): void {
  const all = picks();
  const n = all.filter((pick) => pick.checked).length;
  for (const pick of all) pick.closest("tr")?.classList.toggle("is-picked", pick.checked);
  const bar = document.querySelector<HTMLElement>("[data-bulk]");
  bar?.classList.toggle("is-open", n > 0);
  for (const place of document.querySelectorAll("[data-picked]")) place.textContent = n.toLocaleString("en");
  const whole = document.querySelector<HTMLInputElement>("[data-all]");
  if (whole) {
    whole.checked = n > 0 && n === all.length;
    whole.indeterminate = n > 0 && n < all.length;
  }
}

function onClick(event: MouseEvent): void {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return;
  const all = picks();
  if (target.matches("[data-all]")) for (const pick of all) pick.checked = (target as HTMLInputElement).checked;
  if (target.matches("[data-none]")) for (const pick of all) pick.checked = false;
  if (target instanceof HTMLInputElement && target.matches("[data-pick]")) {
    const at = all.indexOf(target);
    if (event.shiftKey && last >= 0) for (const pick of all.slice(Math.min(at, last), Math.max(at, last) + 1)) pick.checked = target.checked;
    last = at;
  }
  if (target.matches("[data-all], [data-none], [data-pick]")) show();
}

/** On narrow screens rows become cards: each cell needs its column's title beside it, empty ones are left out. */
function label(table: HTMLTableElement): void {
  const titles = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
  for (const row of table.tBodies[0]?.rows ?? []) {
    [...row.cells].forEach((cell, at) => {
      cell.dataset.label = titles[at] ?? "";
      cell.classList.toggle("is-empty", ["", "–"].includes(cell.textContent.trim()) && !cell.querySelector("a, img, input, button, progress"));
    });
  }
  table.classList.add("is-labelled");
}

export function startLists(): void {
  for (const table of document.querySelectorAll<HTMLTableElement>("table[data-list]")) label(table);
  document.addEventListener("click", onClick);
  if (document.querySelector("[data-pick]")) show();
}
