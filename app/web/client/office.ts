// Everything the office's pages do in the browser besides the map. Pages work without it; this makes them quick.
import htmx from "htmx.org";
import { startKeyboard } from "./lib/keyboard";
import { startForms } from "./lib/forms";
import { startLists } from "./lib/lists";
import { startToasts } from "./lib/toasts";
import { startMenus } from "./lib/menus";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;

const token = document.querySelector<HTMLMetaElement>('meta[name="form-token"]')?.content ?? "";
document.body.addEventListener("htmx:configRequest", (event) => {
  const { headers } = (event as CustomEvent<{ headers: Record<string, string> }>).detail;
  headers["X-Form-Token"] = token;
});

startKeyboard();
startForms();
startLists();
startToasts();
startMenus();
