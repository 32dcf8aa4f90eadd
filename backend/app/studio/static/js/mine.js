/** The person's own stickers, newest first. */

import { call } from "./api.js";
import { $, announce, ask, button, calm, h, icon, local, toast } from "./dom.js";
import { onLanguage, t } from "./language.js";
import { leave, readBalance } from "./maker.js";
import { describe, likeButton, linksOf, showResult } from "./result.js";
import { isKnown } from "./session.js";
import { nameOf, styleOf } from "./state.js";
import { isOver } from "./watch.js";

const PAGE_SIZE = 24;
const LOOK_AGAIN_MS = 2500;
let tasks = [];
let count = 0;
let page = 0;
let timer = 0;
let visible = false;
/** What is on the shelf now, by id: only cards that have changed are built anew. */
let cards = new Map();

export function prepareMine() {
  onLanguage(() => { if (visible) void openMine(); });
}

/** Called when this view is left. */
export function closeMine() {
  visible = false;
  clearTimeout(timer);
}

export async function openMine() {
  visible = true;
  clearTimeout(timer);
  cards = new Map();
  if (!isKnown()) {
    showNothing();
    return;
  }
  try {
    const found = await read(1);
    [tasks, count, page] = [found.data, found.count, 1];
    show();
    void readBalance();
  } catch (error) {
    $("shelf").replaceChildren(h("p", {}, error.message), button("main", t("retry"), openMine, "again"));
    announce(error.message);
  }
}

const read = (number) => call("GET", `/emoji/history?page=${number}&page_size=${PAGE_SIZE}`);

function showNothing() {
  $("shelf").replaceChildren(h("p", { class: "soft" }, t("mine.empty")), h("a", { class: "main", href: "#make" }, t("mine.start")));
}

function show() {
  if (!visible) return;
  if (tasks.length === 0) {
    showNothing();
    return;
  }
  const list = h("ul", { class: "shelf" }, tasks.map(cardOf));
  const more = tasks.length < count && button("second", t("mine.more"), showMore);
  $("shelf").replaceChildren(h("p", { class: "soft" }, t("mine.count", { n: count })), list, ...(more ? [more] : []));
  clearTimeout(timer);
  if (tasks.some((task) => !isOver(task))) timer = setTimeout(lookAgain, LOOK_AGAIN_MS);
}

/** What is still being made moves on. */
async function lookAgain() {
  const open = tasks.filter((task) => !isOver(task));
  const found = await Promise.all(open.map((task) => call("GET", `/emoji/task/${task.id}`).catch(() => task)));
  const now = new Map(found.map((task) => [task.id, task]));
  tasks = tasks.map((task) => now.get(task.id) ?? task);
  if (!visible) return;
  for (const task of found) {
    const old = cards.get(task.id)?.element;
    const fresh = cardOf(task);
    if (old && old !== fresh) old.replaceWith(fresh);
  }
  if (tasks.some((task) => !isOver(task))) timer = setTimeout(lookAgain, LOOK_AGAIN_MS);
}

async function showMore() {
  try {
    const found = await read(page + 1);
    page += 1;
    const known = new Set(tasks.map((task) => task.id));
    // New stickers may have pushed old ones onto the next page meanwhile.
    tasks = [...tasks, ...found.data.filter((task) => !known.has(task.id))];
    count = found.count;
    show();
  } catch (error) {
    toast(error.message);
  }
}

function cardOf(task) {
  const shown = `${task.status} ${task.progress}`;
  const old = cards.get(task.id);
  if (old?.shown === shown) return old.element;
  const element = build(task);
  cards.set(task.id, { shown, element });
  return element;
}

function build(task) {
  const name = nameOf(task.driven_id);
  const done = task.status === "completed" && task.result !== null;
  const remove = h("button", { type: "button", class: "round", "aria-label": `${t("delete")}: ${name}`, title: t("delete") }, icon("bin"));
  remove.addEventListener("click", () => discard(task));
  return h(
    "li",
    { class: `mine-card ${task.status}` },
    done ? opener(task, name) : h("div", { class: "thumb" }, preview(task), status(task)),
    h("div", { class: "line" }, h("span", { class: "name" }, name), done && likeButton(task), isOver(task) && remove),
    task.error && h("p", { class: "soft small" }, task.error.message),
  );
}

function preview(task) {
  const still = styleOf(task.driven_id)?.poster_url;
  return still ? h("img", { src: local(still), alt: "", width: 160, height: 160, loading: "lazy" }) : null;
}

function status(task) {
  const words = {
    pending: t("mine.waiting"),
    processing: t("mine.working", { n: task.progress }),
    failed: t("mine.failed"),
    cancelled: t("mine.cancelled"),
    completed: "",
  }[task.status];
  return h("span", { class: "chip" }, task.points_refunded ? `${words} · ${t("mine.refunded")}` : words);
}

/** A finished sticker, still until somebody looks at it. */
function opener(task, name) {
  const poster = local(task.result.poster_url);
  const { webp, gif } = linksOf(task);
  const moving = local(webp ?? gif);
  const image = h("img", { src: poster, alt: describe(task), width: 160, height: 160, loading: "lazy" });
  const open = h("button", { type: "button", class: "thumb", "aria-label": t("mine.open", { name }) }, image);
  const move = (on) => { if (moving && !calm()) image.src = on ? moving : poster; };
  open.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") move(true); });
  open.addEventListener("pointerleave", () => move(false));
  open.addEventListener("focus", () => move(true));
  open.addEventListener("blur", () => move(false));
  open.addEventListener("click", () => {
    leave();
    showResult(task, name);
    location.hash = "#make";
    scrollTo(0, 0);
  });
  return open;
}

async function discard(task) {
  if (!await ask(t("delete.ask"), t("delete"))) return;
  try {
    await call("DELETE", `/emoji/task/${task.id}`);
  } catch (error) {
    if (error.status !== 404) {
      toast(error.message);
      return;
    }
  }
  tasks = tasks.filter((each) => each.id !== task.id);
  count -= 1;
  show();
  toast(t("delete.done"));
  $("mine-title").focus({ preventScroll: true });
}
