// The map page: our own tiles on a plain ground, and the list beside them; no other host is asked for anything.
import { MapPage } from "./lib/map/page";

const root = document.querySelector<HTMLElement>("[data-map-page]");
const map = document.querySelector<HTMLElement>("[data-map]");
if (root && map) new MapPage(root, map).start();
