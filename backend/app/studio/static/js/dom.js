/** Building the page. Text goes in as text: nothing here, or anywhere else, parses HTML. */

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

/** An element. `on` holds listeners, `data` the data attributes; what is null or undefined is left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "class") element.className = value;
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** One of the symbols at the top of the page. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export function button(kind, label, press, symbol = null) {
  return h("button", { type: "button", class: kind, on: { click: press } }, symbol && icon(symbol), h("span", {}, label));
}

let toastTimer = 0;

/** A short note that goes away by itself. */
export function toast(text) {
  const place = $("toast");
  place.textContent = text;
  place.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { place.hidden = true; }, 4000);
}

/** For those who listen instead of looking. The same words twice in a row are said once. */
export function announce(text) {
  if ($("announcer").textContent !== text) $("announcer").textContent = text;
}

/** Asks before something that cannot be undone. */
export function ask(text, yes) {
  const dialog = $("ask");
  $("ask-text").textContent = text;
  $("ask-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * An address of ours as this page may load it: what the service itself serves is asked for at the page's own origin,
 * whatever name the service has for itself. Anything but a web address becomes nothing.
 */
export function local(address) {
  if (!address) return "";
  const url = new URL(address, location.href);
  if (url.pathname.startsWith("/api/v1/media/") || url.pathname.startsWith("/assets/")) return url.pathname + url.search;
  return url.protocol === "https:" || url.protocol === "http:" ? url.href : "";
}

export const isLocal = (address) => address.startsWith("/");
