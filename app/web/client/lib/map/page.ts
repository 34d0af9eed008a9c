// The map page: the drawn map, the list, the panel and the filters, each telling the others; the address keeps it all.
import type { Box, Kind, Marked, View } from "./address";
import { KINDS, narrowing, readBox, withoutGone, writeBox, writeView } from "./address";
import { startBoxing } from "./boxing";
import type { Texts } from "./draw";
import { Drawn } from "./draw";
import { Editing } from "./editing";
import { Picked } from "./picked";

const PAUSE_MS = 250;

export class MapPage {
  private readonly map: HTMLElement;
  private readonly texts: Texts;
  private readonly place: string;
  private readonly all: string[];
  private readonly view: View;
  private readonly picked: Picked;
  private readonly drawn: Drawn | undefined;
  private editing: Editing | undefined;
  private asking: AbortController | undefined;
  private timer = 0;
  private figuring = 0;

  constructor(private readonly root: HTMLElement, map: HTMLElement) {
    this.map = map;
    this.texts = JSON.parse(root.dataset["texts"] ?? "{}") as Texts;
    this.place = root.dataset["in"] ?? "";
    const ticks = this.ticks();
    this.all = ticks.map((tick) => tick.value);
    const gone = (root.dataset["gone"] ?? "").split(" ").filter(Boolean);
    const query = new URLSearchParams(withoutGone(window.location.search, gone));
    const kind = KINDS.find((one) => query.has(one));
    this.view = {
      q: query.get("q") ?? "", batch: query.get("batch") ?? "", scope: query.get("scope") ?? "", stream: query.get("stream") ?? "", states: ticks.filter((tick) => tick.checked).map((tick) => tick.value),
      marked: kind ? { kind, uid: query.get(kind) ?? "" } : undefined, ground: query.get("ground") === "1",
      picked: (root.dataset["picked"] ?? "").split(",").filter(Boolean),
    };
    if (gone.length > 0) this.keep(query.toString());
    this.picked = new Picked(Number(root.dataset["most"] ?? "200"));
    this.drawn = Drawn.open(map, root.dataset["language"] ?? "zh", this.texts, this.query(false));
  }

  start(): void {
    const toasts = document.querySelector("#toasts");
    if (toasts) this.find(".map-stage")?.append(toasts);
    this.startMap();
    this.startList();
    this.startFilters();
    this.picked.listen((changed) => { this.showPicked(changed); });
    if (!this.drawn) this.picked.add(this.view.picked);
    this.find("[data-map-clear]")?.addEventListener("click", () => { this.picked.clear(); });
    this.find("[data-map-join]")?.addEventListener("click", () => { void this.askToJoin(); });
    this.find("[data-map-sheet]")?.addEventListener("click", () => { this.openSheet(); });
    document.addEventListener("submit", stayHere);
    this.fetchList();
  }

  private startMap(): void {
    const { drawn } = this;
    this.root.classList.toggle("is-list", !drawn);
    if (!drawn) return;
    drawn.listen({
      moved: () => { if (!this.view.q.trim()) this.fetchSoon(); },
      chosen: (marked, many) => { this.choose(marked, many); },
      hovered: (uid) => { drawn.hover(uid); this.lightRow(uid); },
    });
    drawn.map.on("load", () => {
      drawn.show(this.view);
      drawn.mark(this.view.marked, this.view.marked ? readBox(this.find("[data-map-panel] [data-box]")?.dataset["box"]) : undefined);
      if (this.view.ground) this.setGround(true);
      this.picked.add(this.view.picked);
      this.startEditing(drawn);
      const { mended } = this.map.dataset;
      if (mended) drawn.mended(mended);
      this.map.dataset["ready"] = "yes";
    });
    startBoxing(drawn, this.map, this.find("[data-map-box]"), (box) => { void this.pickWithin(box); });
    this.find("[data-map-ground]")?.addEventListener("change", (event) => { this.setGround((event.target as HTMLInputElement).checked); });
  }

  private startEditing(drawn: Drawn): void {
    const form = this.find("[data-map-edit]");
    if (!(form instanceof HTMLFormElement)) return;
    this.editing = new Editing(drawn, this.root, form, (words) => { this.tell(words); });
    this.editing.start();
  }

  private startList(): void {
    const list = this.list();
    list.addEventListener("click", (event) => {
      const target = event.target as Element;
      const further = target.closest<HTMLButtonElement>("[data-map-further]");
      if (further) void this.loadFurther(further);
      if (target.closest("[data-map-every]")) this.tickEvery();
      const [row, go] = [target.closest<HTMLElement>("tr[data-street]"), target.closest<HTMLElement>("[data-map-go]")];
      if (go) this.mark({ kind: "village", uid: go.dataset["village"] ?? "" }, readBox(go.dataset["mapGo"]), true);
      if (row && target.closest("[data-map-show]")) this.mark({ kind: "street", uid: row.dataset["street"] ?? "" }, readBox(row.dataset["box"]), true);
    });
    list.addEventListener("change", (event) => {
      const pick = event.target as HTMLInputElement;
      const uid = pick.closest<HTMLElement>("tr")?.dataset["street"];
      if (uid && !this.picked.set(uid, pick.checked)) { pick.checked = false; this.tell(this.texts.tooMany); }
    });
    const light = (event: Event): void => { this.drawn?.hover((event.target as Element).closest<HTMLElement>("tr[data-street]")?.dataset["street"]); };
    for (const kind of ["mouseover", "focusin", "row:current"]) list.addEventListener(kind, light);
    list.addEventListener("mouseleave", () => { this.drawn?.hover(undefined); });
  }

  private startFilters(): void {
    const form = this.find("[data-map-filters]");
    form?.addEventListener("submit", (event) => { event.preventDefault(); this.fetchList(); });
    form?.addEventListener("input", (event) => {
      const field = event.target as HTMLInputElement | HTMLSelectElement;
      if (field.name === "q") this.view.q = field.value;
      if (field.name === "batch") { this.view.batch = field.value; this.drawn?.narrow(this.query(false)); }
      if (field.name === "scope" || field.name === "stream") { this.view[field.name] = field.value; this.drawn?.show(this.view); }
      if (["batch", "scope", "stream"].includes(field.name)) void this.fetchFigures();
      if (field.name === "state") this.takeStates();
      this.keep();
      this.fetchSoon();
    });
  }

  private takeStates(): void {
    this.view.states = this.ticks().filter((tick) => tick.checked).map((tick) => tick.value);
    this.drawn?.show(this.view);
  }

  private tickEvery(): void {
    for (const tick of this.ticks()) tick.checked = true;
    this.takeStates();
    this.keep();
    this.fetchList();
    this.ticks()[0]?.focus();
  }

  private choose(marked: Marked | undefined, many: boolean): void {
    if (!marked || this.editing?.active) return;
    if (many && marked.kind === "street") {
      if (!this.picked.set(marked.uid, !this.picked.has(marked.uid))) this.tell(this.texts.tooMany);
      return;
    }
    this.mark(marked, undefined, false);
  }

  // Marks one thing: on the map, in the list, in the panel and in the address.
  private mark(marked: Marked, box: Box | undefined, go: boolean): void {
    this.view.marked = marked;
    this.keep();
    if (box && go) this.drawn?.go(box);
    this.drawn?.mark(marked, box);
    this.lightMarked();
    void this.fetchPanel(marked.kind, marked.uid);
  }

  private async fetchPanel(kind: Kind, uid: string): Promise<void> {
    const panel = this.find("[data-map-panel]");
    const answer = await fetch(`/map/about?${kind}=${encodeURIComponent(uid)}`);
    if (!panel || !answer.ok || this.view.marked?.uid !== uid) return;
    panel.innerHTML = await answer.text();
    this.drawn?.mark(this.view.marked, readBox(panel.querySelector<HTMLElement>("[data-box]")?.dataset["box"]));
  }

  // What would become one, asked in the panel.
  private async askToJoin(): Promise<void> {
    const panel = this.find("[data-map-panel]");
    const answer = await fetch(`/map/joining?streets=${this.picked.all.join(",")}`);
    if (!answer.ok) { this.tell(this.texts.failed); return; }
    if (!panel) return;
    panel.innerHTML = await answer.text();
    const sheet = this.find("[data-map-sheet]");
    if (sheet?.getAttribute("aria-expanded") === "false") this.openSheet();
    panel.scrollIntoView({ block: "nearest" });
    panel.querySelector<HTMLElement>("button")?.focus();
  }

  // The figures beside the states, as the other filters narrow them.
  private async fetchFigures(): Promise<void> {
    this.figuring += 1;
    const [asked, figures] = [this.figuring, this.find("[data-map-figures]")];
    const answer = await fetch(`/map/figures${this.query(true)}`);
    if (!answer.ok) { this.tell(this.texts.failed); return; }
    const told = await answer.text();
    if (!figures || asked !== this.figuring) return;
    figures.innerHTML = told;
    for (const cell of figures.querySelectorAll<HTMLElement>("[data-figure]")) {
      const beside = this.find(`[data-count="${cell.dataset["figure"] ?? ""}"]`);
      if (beside) beside.textContent = cell.textContent;
    }
  }

  private fetchSoon(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => { this.fetchList(); }, PAUSE_MS);
  }

  private fetchList(): void {
    this.asking?.abort();
    this.asking = new AbortController();
    void this.loadList(this.asking.signal);
  }

  private listed(after: string): string {
    const edges = ["west", "south", "east", "north"].map((name) => Number(this.map.dataset[name] ?? "0")) as Box;
    const narrow = new URLSearchParams(this.query(true));
    narrow.set("box", writeBox(this.drawn?.box ?? edges));
    if (this.view.q.trim()) narrow.set("q", this.view.q.trim());
    if (after) narrow.set("after", after);
    return `/map/list?${narrow.toString()}`;
  }

  // The next rows below those that are there.
  private async loadFurther(button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    try {
      const answer = await fetch(this.listed(button.dataset["mapFurther"] ?? ""), { signal: this.asking?.signal ?? null });
      if (!answer.ok) throw new Error(String(answer.status));
      const next = document.createElement("template");
      next.innerHTML = await answer.text();
      const rows = [...next.content.querySelectorAll<HTMLElement>("tr[data-street]")];
      this.list().querySelector("tbody")?.append(...rows);
      for (const row of rows) for (const pick of row.querySelectorAll<HTMLInputElement>("[data-pick]")) this.tick(pick);
      const further = next.content.querySelector("[data-map-further]");
      if (further) button.replaceWith(further);
      else button.parentElement?.remove();
      rows[0]?.querySelector<HTMLElement>("[data-map-show]")?.focus();
    } catch (error) {
      if (this.asking?.signal.aborted) return;
      button.disabled = false;
      this.tell(this.texts.failed);
      console.warn(error);
    }
  }

  private async loadList(signal: AbortSignal): Promise<void> {
    const list = this.list();
    list.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(this.listed(""), { signal });
      if (!answer.ok) throw new Error(String(answer.status));
      list.innerHTML = await answer.text();
      for (const pick of list.querySelectorAll<HTMLInputElement>("[data-pick]")) this.tick(pick);
      this.lightMarked();
    } catch (error) {
      if (signal.aborted) return;
      list.textContent = this.texts.failed;
      console.warn(error);
    }
    list.setAttribute("aria-busy", "false");
  }

  private async pickWithin(box: Box): Promise<void> {
    const narrow = new URLSearchParams(this.query(true));
    narrow.set("box", writeBox(box));
    const answer = await fetch(`/api/v1/map/within?${narrow.toString()}`);
    if (!answer.ok) { this.tell(this.texts.failed); return; }
    const { uids, more } = await answer.json() as { uids: string[]; more: boolean };
    if (!this.picked.add(uids) || more) this.tell(this.texts.tooMany);
  }

  private showPicked(changed: string[]): void {
    for (const uid of changed) this.drawn?.pick(uid, this.picked.has(uid));
    this.view.picked = this.picked.all;
    this.keep();
    for (const pick of this.list().querySelectorAll<HTMLInputElement>("[data-pick]")) this.tick(pick);
    const bar = this.find("[data-map-bar]");
    if (bar) bar.hidden = this.picked.size === 0;
    const join = this.find("[data-map-join]");
    if (join) join.hidden = this.picked.size < 2;
    const count = this.find("[data-map-count]");
    if (count) count.textContent = String(this.picked.size);
    this.find("[data-map-open]")?.setAttribute("href", this.picked.link(this.place));
  }

  private tick(pick: HTMLInputElement): void {
    const row = pick.closest<HTMLElement>("tr");
    pick.checked = this.picked.has(row?.dataset["street"] ?? "");
    row?.classList.toggle("is-picked", pick.checked);
  }

  private lightRow(uid: string | undefined): void {
    for (const row of this.list().querySelectorAll<HTMLElement>("tr[data-street]")) row.classList.toggle("is-current", row.dataset["street"] === uid);
  }

  private lightMarked(): void {
    for (const row of this.list().querySelectorAll<HTMLElement>("tr[data-street]")) {
      const on = this.view.marked?.kind === "street" && row.dataset["street"] === this.view.marked.uid;
      row.classList.toggle("is-marked", on);
      if (on) row.scrollIntoView({ block: "nearest" });
    }
  }

  private setGround(on: boolean): void {
    this.view.ground = on;
    this.drawn?.ground(on, () => { this.tell(this.texts.groundFailed); });
    const [box, number] = [this.find("[data-map-ground]"), this.find("[data-map-approval]")];
    if (box instanceof HTMLInputElement) box.checked = on;
    if (number) number.hidden = !on;
    this.keep();
  }

  private openSheet(): void {
    const button = this.find("[data-map-sheet]");
    button?.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") !== "true"));
  }

  private tell(words: string): void {
    const line = document.createElement("div");
    line.className = "toast-line";
    line.textContent = words;
    document.querySelector("#toasts")?.replaceChildren(line);
    window.setTimeout(() => { line.remove(); }, 6000);
  }

  private keep(search = window.location.search): void {
    const { pathname, hash } = window.location;
    window.history.replaceState(window.history.state, "", pathname + writeView(search, this.view, this.all) + hash);
  }

  private query(withStates: boolean): string { return narrowing(this.place, this.view, this.all, withStates); }
  private ticks(): HTMLInputElement[] { return [...this.root.querySelectorAll<HTMLInputElement>('input[name="state"]')]; }
  private find(what: string): HTMLElement | null { return this.root.querySelector<HTMLElement>(what); }

  private list(): HTMLElement {
    const list = this.find("[data-map-list]");
    if (!list) throw new Error("The page has no list.");
    return list;
  }
}

// A form of the panel or of a sentence's undo leads back to where the map looks: a redirect inherits that of the action.
function stayHere(event: Event): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== "post" || !form.closest("[data-map-panel], #toasts")) return;
  const [path] = (form.getAttribute("action") ?? "").split("#");
  form.setAttribute("action", (path ?? "") + window.location.hash);
}
