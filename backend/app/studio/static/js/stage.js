/** The stage: the one picture in the middle, what is said about it, and what can be done with it. */

import { $, announce, button, calm, h, icon, local } from "./dom.js";
import { language, onLanguage, t } from "./language.js";
import { state, styleOf } from "./state.js";

let redraw = () => {};
onLanguage(() => redraw());

/** Show `picture` and `told` under `title`; `again` draws the same in another language. */
export function draw({ mood, picture, title, told, say = title }, again) {
  redraw = again;
  const frame = $("picture");
  frame.dataset.mood = mood;
  frame.replaceChildren(...picture);
  $("stage-title").textContent = title;
  $("told").replaceChildren(...told.flat().filter(Boolean));
  announce(say);
}

/** Bring the stage into view, for a narrow page where the button that was pressed lies far below it. */
export function comeForward() {
  if ($("stage-title").getBoundingClientRect().bottom < innerHeight / 2) scrollTo({ top: 0, behavior: calm() ? "auto" : "smooth" });
  $("stage-title").focus({ preventScroll: true });
}

export function hint(text) {
  return h("p", { class: "soft" }, text);
}

/** Before anything was picked: what this is, shown by three of the stickers. */
export function showEmpty({ pick, capture }) {
  const points = state.config?.points;
  const free = points && points.emoji_cost > 0 && points.welcome >= points.emoji_cost;
  const welcome = { n: points?.welcome, m: Math.floor((points?.welcome ?? 0) / (points?.emoji_cost || 1)) };
  draw(
    {
      mood: "empty",
      picture: [h("div", { class: "fan" }, ["love", "laugh_tears", "cool"].map(sample)), atDesk() && hint(t("empty.drop"))].filter(Boolean),
      title: t("empty.title"),
      told: [
        hint(t("empty.hint")),
        h(
          "div",
          { class: "row" },
          button("main", t("empty.pick"), pick, "image"),
          // Where no camera is at hand, this would open the same dialog of files again.
          !atDesk() && button("second", t("empty.camera"), capture, "camera"),
        ),
        free && h("p", { class: "soft small" }, t("empty.welcome", welcome)),
      ],
      say: "",
    },
    () => showEmpty({ pick, capture }),
  );
}

const atDesk = () => matchMedia("(pointer: fine)").matches;

function sample(id, place) {
  const style = styleOf(id);
  if (!style?.poster_url) return null;
  const moving = place === 1 && !calm();
  return h("img", { src: local(moving ? style.preview_url : style.poster_url), alt: "", width: 160, height: 160 });
}

/** The photo, while it is on its way, and what was found about it. `photo` is as photo.js describes it. */
export function showPhoto(photo, actions) {
  const other = button("second", t("photo.other"), actions.pick, "image");
  const pieces = {
    sending: () => ({
      title: t("photo.sending"),
      told: [row(button("quiet", t("photo.cancel"), actions.cancel))],
      over: progressBar(t("photo.sending"), photo.share),
    }),
    looking: () => ({
      title: t("photo.looking"),
      told: [hint(t("photo.looking.hint")), row(button("quiet", t("photo.cancel"), actions.cancel))],
      over: progressBar(t("photo.looking"), null),
    }),
    refused: () => ({
      title: t("photo.refused"),
      told: [reasonList(photo.reasons), hint(t("photo.refused.hint")), row(button("main", t("photo.other"), actions.pick, "image"))],
      say: [t("photo.refused"), ...photo.reasons.map((reason) => reason.message)].join(" "),
    }),
    failed: () => ({
      title: t("photo.failed"),
      told: [reasonList([{ message: photo.error }]), row(button("main", t("retry"), actions.retry, "again"), other)],
      say: `${t("photo.failed")}: ${photo.error}`,
    }),
    good: () => ({
      title: t(state.template ? "photo.ready" : "photo.next"),
      told: [
        reasonList(photo.reasons, "note"),
        hint(state.template ? t("photo.ready.hint", { name: state.template.name }) : t("photo.next.hint")),
        row(other),
      ],
      say: t("photo.good"),
    }),
  };
  const { title, told, over, say } = pieces[photo.status]();
  const mood = { refused: "sad", failed: "sad", good: "photo" }[photo.status] ?? "busy";
  const chip = photo.status === "good" && h("span", { class: "chip" }, icon("check"), t("photo.good"));
  draw({ mood, picture: [photoImage(photo), over, chip].filter(Boolean), title, told, say }, () => showPhoto(photo, actions));
}

const elements = new WeakMap();

/** The photo itself. What the browser cannot show, such as HEIC, appears once the service has made a JPEG of it. */
export function photoImage(photo) {
  // The same element each time: one that is made anew would blink.
  const before = elements.get(photo);
  if (before) {
    const [image, instead] = before.children;
    image.alt = t("photo.alt");
    instead.textContent = t("photo.no_preview");
    if (image.hidden && photo.link) {
      image.hidden = false;
      instead.hidden = true;
      image.src = photo.link;
    }
    return before;
  }
  const instead = h("p", { class: "instead", hidden: true }, t("photo.no_preview"));
  const image = h("img", { class: "photo", alt: t("photo.alt") });
  image.addEventListener("error", () => {
    if (photo.link && image.src !== new URL(photo.link, location.href).href) image.src = photo.link;
    else {
      image.hidden = true;
      instead.hidden = false;
    }
  });
  image.src = photo.url || photo.link;
  const element = h("div", { class: "fill" }, image, instead);
  elements.set(photo, element);
  return element;
}

export function progressBar(label, share) {
  const bar = h("progress", { max: 1, "aria-label": label });
  if (share !== null) bar.value = share;
  return h("div", { class: "over" }, bar);
}

/** Move a bar that is on the stage already. */
export function moveBar(share) {
  const bar = $("picture").querySelector("progress");
  if (bar && share >= (bar.hasAttribute("value") ? bar.value : 0)) bar.value = share;
}

function reasonList(reasons, symbol = null) {
  if (reasons.length === 0) return null;
  return h(
    "ul",
    { class: symbol === null ? "reasons" : "reasons remarks", lang: language() === "zh" ? "zh-CN" : "en" },
    reasons.map((reason) => h("li", {}, icon("note"), h("span", {}, reason.message))),
  );
}

export function row(...things) {
  return h("div", { class: "row" }, things);
}
