/** The bar below the grid: the words on the sticker, what it costs, and the one button that leads on. */

import { $, button, toast } from "./dom.js";
import { language, onLanguage, t } from "./language.js";
import { currentAccount, onAccount } from "./session.js";
import { onChange, state } from "./state.js";

/** East Asian wide characters and emoji; the others take half the room. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u;

/** `steps` are what the button does: photo, template, make. */
export function prepareOrder(steps) {
  $("order").addEventListener("submit", (event) => {
    event.preventDefault();
    const step = next();
    if (step.does !== null) steps[step.does]();
  });
  $("caption").addEventListener("input", refresh);
  $("wordless").addEventListener("change", refresh);
  // On a phone the bar floats over the page, which leaves room for it at its end.
  const measure = () => document.documentElement.style.setProperty("--order-height", `${$("order").offsetHeight}px`);
  new ResizeObserver(measure).observe($("order"));
  onChange(refresh);
  onAccount(refresh);
  onLanguage(refresh);
}

/** What the sticker shall say: undefined for the template's own words, "" for none. */
export function caption() {
  if ($("wordless").checked) return "";
  return $("caption").value.trim() || undefined;
}

/** Characters that still fit, counted as a person who writes this language counts. */
function room() {
  const { limits } = state.config;
  const characters = [...$("caption").value.trim()];
  const width = characters.reduce((sum, character) => sum + (WIDE.test(character) ? 1 : 0.5), 0);
  const own = language() === "zh" ? limits.caption_width - width : (limits.caption_width - width) * 2;
  return Math.min(limits.caption_length - characters.length, Math.floor(own));
}

/** What stands between the person and the sticker. */
function next() {
  const { config, photo, template, making } = state;
  const cost = config?.points.emoji_cost ?? 0;
  if (making) return { text: t("press.making"), does: null, busy: true };
  if (photo === null || photo.status === "failed") return { text: t("press.photo"), does: "photo" };
  if (photo.status === "refused") return { text: t("press.other"), does: "photo" };
  if (template === null) return { text: t("press.template"), does: "template" };
  if (photo.status !== "good") return { text: t("press.wait"), does: null, busy: true };
  if (isShort()) return { text: t("press.points"), does: null };
  if (!$("wordless").checked && room() < 0) return { text: t("press.words"), does: null };
  return { text: cost > 0 ? t("press.make", { n: cost }) : t("press.free"), does: "make" };
}

export function refresh() {
  const field = $("caption");
  const wordless = $("wordless").checked;
  field.disabled = wordless;
  field.placeholder = state.template?.caption || t("caption.own");
  if (state.config !== null) count(wordless);
  $("order").hidden = state.photo === null && state.template === null;
  $("words").hidden = state.template === null || isShort();
  const step = next();
  const press = $("press");
  press.textContent = step.text;
  // Not `disabled`: a button that goes grey under the finger must not lose the focus.
  press.setAttribute("aria-disabled", String(step.does === null));
  press.classList.toggle("ready", step.does === "make");
  press.classList.toggle("busy", step.busy === true);
  tellPoints();
}

function count(wordless) {
  const left = room();
  const counter = $("counter");
  const typed = $("caption").value.trim() !== "";
  counter.textContent = wordless || !typed ? "" : t(left < 0 ? "caption.over" : "caption.left", { n: Math.abs(left) });
  counter.classList.toggle("full", left < 0);
  $("caption").setAttribute("aria-invalid", String(left < 0 && !wordless));
}

function isShort() {
  const account = currentAccount();
  return account !== null && account.balance < (state.config?.points.emoji_cost ?? 0) && !state.making;
}

/** Too few points: say how many are needed, and what the operator needs to know to help. */
function tellPoints() {
  const account = currentAccount();
  const cost = state.config?.points.emoji_cost ?? 0;
  const place = $("hint");
  if (!isShort()) {
    place.hidden = true;
    place.replaceChildren();
    return;
  }
  const shown = `${account.id} ${account.balance} ${language()}`;
  if (!place.hidden && place.dataset.shown === shown) return;
  const id = document.createElement("code");
  id.textContent = account.id;
  place.replaceChildren(t("hint.points", { cost, balance: account.balance }), " ", id);
  // Browsers let pages write to the clipboard over https only.
  if (navigator.clipboard) {
    const copy = () => navigator.clipboard.writeText(account.id).then(() => toast(t("hint.copied")), () => {});
    place.append(" ", button("quiet small", t("hint.copy"), copy));
  }
  place.dataset.shown = shown;
  place.hidden = false;
}
