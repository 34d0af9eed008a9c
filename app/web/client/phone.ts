// The crews' phone page. Everything works as a plain form; the script adds the phone's own position, the distance to
// each job, and a sending that keeps the photo when there is no signal.

/** The ellipsoid of CGCS2000 (GB/T 22021): half its longer axis in metres, and its eccentricity squared. */
const AXIS_M = 6_378_137, SQUASHED = 0.00669438;

/** Metres between two places in degrees, by the ellipsoid's curves half-way: to a metre what the office measures. */
function metres(lon: number, lat: number, toLon: number, toLat: number): number {
  const rad = Math.PI / 180, between = (lat + toLat) * rad / 2;
  const bent = 1 - SQUASHED * Math.sin(between) ** 2;
  const across = AXIS_M / Math.sqrt(bent), along = across * (1 - SQUASHED) / bent;
  return Math.hypot((toLon - lon) * rad * Math.cos(between) * across, (toLat - lat) * rad * along);
}

/** A UUID of version 7: the moment in milliseconds, then 74 random bits. It is the installation's key for good. */
function uuid7(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = Date.now();
  for (let i = 0; i < 6; i += 1) bytes[i] = Math.floor(now / 2 ** (8 * (5 - i))) % 256;
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function tell(box: HTMLElement | null, words: string): void {
  if (!box) return;
  box.textContent = words;
  box.hidden = !words;
  if (words) box.scrollIntoView({ block: "center" });
}

/** As app/rollout/logic.py tells it: whole metres, from a thousand on kilometres with one decimal. */
function shown(far: number): string {
  return Math.round(far) < 1000 ? `${String(Math.round(far))} m` : `${(far / 1000).toFixed(1)} km`;
}

function startNetwork(): void {
  const line = document.querySelector<HTMLElement>("[data-network]");
  if (!line) return;
  const who = line.textContent;
  const say = (): void => {
    line.textContent = navigator.onLine ? `${who} · ${line.dataset["on"] ?? ""}` : line.dataset["off"] ?? "";
    line.classList.toggle("is-unsent", !navigator.onLine);
  };
  window.addEventListener("online", say);
  window.addEventListener("offline", say);
  say();
}

function startNearest(): void {
  const button = document.querySelector<HTMLButtonElement>("[data-nearest]");
  const list = document.querySelector<HTMLElement>("[data-jobs]");
  if (!button || !list || !("geolocation" in navigator)) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      const far = (item: HTMLElement): number =>
        metres(coords.longitude, coords.latitude, Number(item.dataset["lon"]), Number(item.dataset["lat"]));
      const items = [...list.querySelectorAll<HTMLElement>("li")].sort((one, other) => far(one) - far(other));
      for (const item of items) {
        const place = item.querySelector("[data-far]");
        if (place) place.textContent = ` · ${shown(far(item))}`;
      }
      list.append(...items);
    }, () => { tell(document.querySelector("[data-problem]"), button.dataset["refused"] ?? ""); },
    { enableHighAccuracy: true, timeout: 20_000, maximumAge: 30_000 });
  });
}

/** The same job keeps its key while the browser is open: what is sent twice is recorded once. */
function keepKey(form: HTMLFormElement): void {
  const field = form.querySelector<HTMLInputElement>("input[name=uid]");
  const job = field?.dataset["uid"];
  if (!field || !job) return;
  const kept = sessionStorage.getItem(`uid:${job}`) ?? uuid7();
  sessionStorage.setItem(`uid:${job}`, kept);
  field.value = kept;
}

function startPhoto(form: HTMLFormElement): void {
  const camera = form.querySelector<HTMLInputElement>("input[type=file]");
  const preview = form.querySelector<HTMLImageElement>("[data-preview]");
  const moment = form.querySelector<HTMLInputElement>("input[name=taken_at]");
  camera?.addEventListener("change", () => {
    const photo = camera.files?.[0];
    if (!preview) return;
    if (preview.src) URL.revokeObjectURL(preview.src);
    preview.hidden = !photo;
    if (!photo) return;
    preview.src = URL.createObjectURL(photo);
    if (moment) moment.value = new Date().toISOString();
  });
}

function startPosition(form: HTMLFormElement): void {
  const button = form.querySelector<HTMLButtonElement>("[data-position]");
  const said = form.querySelector<HTMLElement>("[data-said]");
  const typed = form.querySelector<HTMLDetailsElement>("[data-typed]");
  if (!button || !said || !typed || !("geolocation" in navigator)) return;
  const fill = (name: string, value: string): void => {
    const field = form.querySelector<HTMLInputElement>(`input[name=${name}]`);
    if (field) field.value = value;
  };
  button.hidden = false;
  if (!form.querySelector<HTMLInputElement>("input[name=lon]")?.value) typed.open = false;
  typed.addEventListener("input", () => { fill("accuracy_m", ""); });
  button.addEventListener("click", () => {
    said.textContent = form.dataset["searching"] ?? "";
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      fill("lon", coords.longitude.toFixed(7));
      fill("lat", coords.latitude.toFixed(7));
      fill("accuracy_m", coords.accuracy.toFixed(1));
      const far = metres(coords.longitude, coords.latitude, Number(form.dataset["lon"]), Number(form.dataset["lat"]));
      said.textContent = (form.dataset["exact"] ?? "").replace("{n}", String(Math.round(coords.accuracy))).replace("{far}", shown(far));
    }, (problem) => {
      said.textContent = (problem.code === problem.PERMISSION_DENIED ? form.dataset["denied"] : form.dataset["unavailable"]) ?? "";
      typed.open = true;
    }, { enableHighAccuracy: true, timeout: 30_000, maximumAge: 0 });
  });
}

/** Send without leaving the page, so that photo and position survive a lost signal and a refusal. */
async function send(form: HTMLFormElement, button: HTMLButtonElement): Promise<void> {
  const problem = form.querySelector<HTMLElement>("[data-problem]");
  const words = button.innerHTML;
  button.disabled = true;
  button.textContent = form.dataset["sending"] ?? "";
  tell(problem, "");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
    if (answer.type === "opaqueredirect") {
      window.location.assign(form.action);
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const lines = [...page.querySelectorAll("#problem p:first-child, .lead")].map((line) => line.textContent.trim());
    tell(problem, lines.join(" ") || (form.dataset["unsent"] ?? ""));
  } catch {
    tell(problem, form.dataset["unsent"] ?? "");
  }
  button.disabled = false;
  button.innerHTML = words;
}

/** A sign that stands far from its plan is asked about before it is recorded; without a position there is none to ask. */
function isMeant(form: HTMLFormElement): boolean {
  const typed = (name: string): number => Number(form.querySelector<HTMLInputElement>(`input[name=${name}]`)?.value || Number.NaN);
  const far = metres(typed("lon"), typed("lat"), Number(form.dataset["lon"]), Number(form.dataset["lat"]));
  return !(far > Number(form.dataset["askM"])) || window.confirm((form.dataset["ask"] ?? "").replace("{far}", shown(far)));
}

function startProof(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-proof]");
  const button = form?.querySelector<HTMLButtonElement>("button[type=submit]");
  if (!form || !button) return;
  keepKey(form);
  startPhoto(form);
  startPosition(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (isMeant(form)) void send(form, button);
  });
}

startNetwork();
startNearest();
startProof();
