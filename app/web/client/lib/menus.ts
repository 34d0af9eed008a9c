// Menus are <details>: they close on Escape, on a click elsewhere, and long ones can be narrowed by typing.

function closeAll(except?: Element | null): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) if (menu !== except) menu.open = false;
}

export function startMenus(): void {
  document.addEventListener("click", (event) => {
    closeAll(event.target instanceof Element ? event.target.closest("details.menu") : null);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeAll();
  });
  document.addEventListener("input", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.matches("[data-filter]")) return;
    for (const line of box.parentElement?.querySelectorAll<HTMLElement>("a") ?? []) line.hidden = !line.textContent.includes(box.value.trim());
  });
}
