// Confirmation before what cannot be undone or changes much, a warning before unsaved words are lost, no second sending.

let unsaved = false;

function confirmFirst(form: HTMLFormElement, submitter: HTMLElement | null): void {
  const dialog = document.querySelector<HTMLDialogElement>("[data-confirm-dialog]");
  const text = dialog?.querySelector("[data-confirm-text]");
  if (!dialog || !text) return;
  text.textContent = submitter?.dataset["confirm"] ?? form.dataset["confirm"] ?? "";
  const undoable = "undoable" in (submitter?.dataset["confirm"] ? submitter.dataset : form.dataset);
  dialog.querySelector("[data-confirm-final]")?.toggleAttribute("hidden", undoable);
  dialog.querySelector("[data-confirm-undoable]")?.toggleAttribute("hidden", !undoable);
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    form.dataset["confirmed"] = "yes";
    form.requestSubmit(submitter);
  }, { once: true });
  dialog.showModal();
}

function onSubmit(event: SubmitEvent): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
  const asked = event.submitter?.dataset["confirm"] ?? form.dataset["confirm"];
  if (asked && form.dataset["confirmed"] !== "yes") {
    event.preventDefault();
    confirmFirst(form, event.submitter);
    return;
  }
  if (form.dataset["sent"] === "yes") event.preventDefault();
  form.dataset["sent"] = "yes";
  delete form.dataset["confirmed"];
  unsaved = false;
  window.setTimeout(() => { delete form.dataset["sent"]; }, 8000);
}

export function startForms(): void {
  document.addEventListener("submit", onSubmit);
  document.addEventListener("input", (event) => {
    if (event.target instanceof Element && event.target.closest("form[data-form]")) unsaved = true;
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
  document.querySelector<HTMLElement>("[data-focus]")?.focus();
}
