// Selecting by a box: Shift and drag, or the button first and then drag, also with a finger.
import type { Drawn } from "./draw";
import type { Box } from "./address";

type Point = [number, number];

export function startBoxing(drawn: Drawn, place: HTMLElement, button: HTMLElement | null, done: (box: Box) => void): void {
  const canvas = drawn.map.getCanvasContainer();
  let from: Point | undefined;
  let frame: HTMLElement | undefined;
  const on = (): boolean => button?.getAttribute("aria-pressed") === "true";
  const turn = (to: boolean): void => {
    button?.setAttribute("aria-pressed", String(to));
    place.classList.toggle("is-boxing", to);
    if (to) drawn.map.dragPan.disable(); else drawn.map.dragPan.enable();
  };
  const at = (event: PointerEvent): Point => {
    const edge = place.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  };
  const stop = (): void => {
    frame?.remove();
    frame = from = undefined;
    if (!on()) drawn.map.dragPan.enable();
  };
  button?.addEventListener("click", () => { turn(!on()); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") { stop(); turn(false); } });
  canvas.addEventListener("pointerdown", (event) => {
    if (!(event.shiftKey || on()) || event.button !== 0) return;
    drawn.map.dragPan.disable();
    from = at(event);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!from) return;
    if (!frame) {
      frame = document.createElement("div");
      frame.className = "map-frame";
      place.append(frame);
    }
    const to = at(event);
    frame.style.transform = `translate(${Math.min(from[0], to[0])}px, ${Math.min(from[1], to[1])}px)`;
    frame.style.width = `${Math.abs(to[0] - from[0])}px`;
    frame.style.height = `${Math.abs(to[1] - from[1])}px`;
  });
  canvas.addEventListener("pointercancel", stop);
  canvas.addEventListener("pointerup", (event) => {
    const [begun, to] = [from, at(event)];
    stop();
    if (!begun || Math.abs(begun[0] - to[0]) + Math.abs(begun[1] - to[1]) < 8) return;
    done(drawn.boxOf(begun, to));
    turn(false);
  });
}
