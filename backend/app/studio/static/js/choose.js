/** The grid of templates: radio buttons in cards, so that arrow keys and screen readers know what to do. */

import { $, button, calm, h, local } from "./dom.js";
import { onLanguage, t } from "./language.js";
import { change, onChange, state } from "./state.js";

const cards = new Map();
let shelf = "";

export function prepareChoosing() {
  $("search").addEventListener("input", sift);
  onChange(mark);
  onLanguage(sift);
}

/** Build tabs and cards from the catalogue; what was chosen stays chosen. */
export function fillGrid() {
  const { config, template } = state;
  if (!config.tabs.some((tab) => tab.id === shelf)) shelf = "";
  $("tabs").replaceChildren(
    ...[{ id: "", name: t("choose.all") }, ...config.tabs].map((tab) =>
      h(
        "button",
        { type: "button", class: "tab", "aria-pressed": String(tab.id === shelf), data: { shelf: tab.id }, on: { click: () => open(tab.id) } },
        tab.name,
      ),
    ),
  );
  cards.clear();
  const legend = $("grid").firstElementChild;
  $("grid").replaceChildren(legend, ...config.styles.map(card));
  change({ template: config.styles.find((style) => style.driven_id === template?.driven_id) ?? null });
  sift();
}

function card(style) {
  const still = local(style.poster_url);
  const moving = local(style.preview_url);
  const image = still
    ? h("img", { loading: "lazy", decoding: "async", width: 160, height: 160, alt: "", src: still })
    : h("span", { class: "blank", "aria-hidden": "true" }, style.name.slice(0, 2));
  const radio = h("input", { type: "radio", name: "template", value: style.driven_id, class: "unseen" });
  const label = h("label", { class: "card" }, radio, image, h("span", { class: "name" }, style.name));
  radio.addEventListener("change", () => change({ template: style }));
  if (still && moving) {
    // Loops are fetched when somebody looks at one; a still costs a tenth.
    const move = (on) => {
      const wanted = (on || radio.checked) && !calm() ? moving : still;
      if (image.getAttribute("src") !== wanted) image.src = wanted;
    };
    label.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") move(true); });
    label.addEventListener("pointerleave", () => move(false));
    radio.addEventListener("focus", () => move(true));
    radio.addEventListener("blur", () => move(false));
    label.rest = () => move(label.matches(":hover") && matchMedia("(hover: hover)").matches);
  }
  const words = `${style.name} ${style.driven_id} ${style.caption} ${state.config.tabs.find((tab) => tab.id === style.category)?.name}`;
  cards.set(style.driven_id, { label, radio, words: words.toLowerCase(), shelf: style.category });
  return label;
}

/** Every card as the choice has it. */
function mark() {
  for (const [id, { label, radio }] of cards) {
    const checked = state.template?.driven_id === id;
    if (radio.checked !== checked || label.classList.contains("on") !== checked) {
      radio.checked = checked;
      label.classList.toggle("on", checked);
      label.rest?.();
    }
  }
}

function open(id) {
  shelf = id;
  for (const tab of $("tabs").children) tab.setAttribute("aria-pressed", String(tab.dataset.shelf === id));
  sift();
}

/** Show what is on the open shelf and matches the search; a search looks on all shelves. */
function sift() {
  if (state.config === null) return;
  const typed = $("search").value.trim();
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { label, words: own, shelf: its } of cards.values()) {
    const fits = words.length > 0 ? words.every((word) => own.includes(word)) : !shelf || its === shelf;
    label.hidden = !fits;
    if (fits) shown += 1;
  }
  const nothing = $("nothing");
  nothing.hidden = shown > 0;
  if (shown > 0) nothing.replaceChildren();
  else if (cards.size === 0) nothing.replaceChildren(t("choose.none_yet"));
  else nothing.replaceChildren(t("choose.nothing", { words: typed }), button("quiet", t("choose.clear"), all));
}

function all() {
  $("search").value = "";
  open("");
  $("search").focus();
}

/** Lead the eye to the grid. */
export function comeToGrid() {
  $("choose-title").scrollIntoView({ behavior: calm() ? "auto" : "smooth", block: "start" });
  ([...cards.values()].find(({ label }) => !label.hidden)?.radio ?? $("search")).focus({ preventScroll: true });
}
