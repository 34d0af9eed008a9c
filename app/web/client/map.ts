// The map page: streets by state from our own tiles on a plain ground; no other host is asked for anything.
import { openMap } from "./lib/map";

const place = document.querySelector<HTMLElement>("[data-map]");
if (place) openMap(place);
