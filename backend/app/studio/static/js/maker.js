/** Ordering a sticker and seeing it through. One press is one order, however often the network makes us ask. */

import { call } from "./api.js";
import { $, announce, button, h, toast } from "./dom.js";
import { CalledOff, Refused } from "./errors.js";
import { t } from "./language.js";
import { randomText } from "./memory.js";
import { caption } from "./order.js";
import { showCurrent } from "./photo.js";
import { showResult, stickerOf } from "./result.js";
import { takeBalance } from "./session.js";
import { comeForward, draw, hint, moveBar, photoImage, progressBar, row } from "./stage.js";
import { change, nameOf, state } from "./state.js";
import { isOver, pause, watchTask } from "./watch.js";

const KEY_BYTES = 18;
const WAITS_MS = [600, 1500, 3500];
let running = null;
/** The order under way, or the last one: its key is used again until the service has answered for good. */
let order = null;

/** Order what is chosen. A press while a sticker is in the making does nothing. */
export function make() {
  if (running !== null) return;
  const wanted = { photo_id: state.photo.id, driven_id: state.template.driven_id, caption: caption() };
  const text = JSON.stringify(wanted);
  if (order === null || order.settled || order.text !== text) order = { text, wanted, key: randomText(KEY_BYTES), settled: false };
  void run(async (signal) => {
    showMaking(null);
    comeForward();
    const task = await place(order, signal);
    order.settled = true;
    void readBalance();
    return task;
  });
}

/** Go on with a task that was under way when the page was opened. */
export function resume(task) {
  if (running === null) void run(() => task);
}

/** Leave the stage to something else; what is being made goes on being made. */
export function leave() {
  running?.abort();
}

async function run(begin) {
  const mine = new AbortController();
  running = mine;
  change({ making: true });
  try {
    const task = await begin(mine.signal);
    showMaking(task);
    const onLost = () => { if (running === mine) say(t("making.lost")); };
    const onTask = (changed) => { if (running === mine) update(changed); };
    const last = isOver(task) ? task : await watchTask(task.id, { onTask, onLost, signal: mine.signal });
    if (running === mine) end(last);
  } catch (error) {
    if (running === mine && !(error instanceof CalledOff)) fail(error);
  } finally {
    if (running === mine || mine.signal.aborted) {
      if (running === mine) running = null;
      change({ making: running !== null });
    }
  }
}

/** Place an order, again and again while no answer comes. The key makes all of these one order. */
async function place({ wanted, key }, signal) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call("POST", "/emoji/create", { body: wanted, headers: { "Idempotency-Key": key }, signal });
    } catch (error) {
      if (error instanceof Refused && !error.passing) order.settled = true;
      if (!error.passing || attempt >= WAITS_MS.length) throw error;
      say(t("making.retrying"));
      await pause(WAITS_MS[attempt], signal);
    }
  }
}

let shown = null;

function showMaking(task) {
  shown = task;
  const id = task?.driven_id ?? order.wanted.driven_id;
  const own = state.photo !== null && (task === null || task.photo_id === state.photo.id);
  draw(
    {
      mood: "busy",
      picture: [own ? photoImage(state.photo) : stickerOf(task), progressBar(t("making.label"), task === null ? null : task.progress / 100)],
      title: t("making.title", { name: nameOf(id) }),
      told: [
        h("p", { class: "status", id: "status" }, statusOf(task)),
        task === null ? null : hint(t("making.leave")),
        task?.status === "pending" && row(button("quiet", t("making.cancel"), () => cancel(task.id))),
      ],
    },
    () => showMaking(shown),
  );
}

function statusOf(task) {
  if (task === null) return t("making.ordering");
  return task.status === "pending" ? t("making.queued") : t("making.working", { n: task.progress });
}

function update(task) {
  const before = shown;
  shown = task;
  if (before?.status !== task.status) {
    if (!isOver(task)) showMaking(task);
    return;
  }
  moveBar(task.progress / 100);
  say(statusOf(task), Math.floor(task.progress / 25) !== Math.floor((before?.progress ?? 0) / 25));
}

function say(text, loud = true) {
  const place_ = $("status");
  if (place_) place_.textContent = text;
  if (loud) announce(text);
}

async function cancel(id) {
  try {
    await call("POST", `/emoji/task/${id}/cancel`);
  } catch (error) {
    // Most likely it has begun meanwhile; the stage shows that by itself.
    toast(error.message);
  }
}

function end(task) {
  void readBalance();
  if (task.status === "completed") {
    showResult(task);
    return;
  }
  if (task.status === "cancelled") {
    toast(t(task.points_refunded ? "making.cancelled" : "making.cancelled.free", { n: task.points_cost }));
    showCurrent();
    return;
  }
  showFailure(task.error?.message ?? t("error.server"), task.points_refunded ? task.points_cost : 0);
}

function fail(error) {
  void readBalance();
  if (error instanceof Refused && error.status === 404) {
    // The photo's time was over, or the task was deleted from another window.
    const photoGone = shown === null;
    toast(photoGone ? t("photo.gone") : t("done.gone"));
    if (photoGone && state.photo?.file) change({ photo: { ...state.photo, status: "failed", error: t("photo.gone") } });
    showCurrent();
    return;
  }
  showFailure(error.message, 0);
}

function showFailure(message, refunded) {
  draw(
    {
      mood: "sad",
      picture: [state.photo === null ? stickerOf(shown) : photoImage(state.photo)],
      title: t("done.failed"),
      told: [
        h("p", {}, message),
        refunded > 0 && hint(t("done.refunded", { n: refunded })),
        state.photo?.status === "good" && state.template !== null && row(button("main", t("retry"), make, "again")),
      ],
      say: `${t("done.failed")}: ${message}`,
    },
    () => showFailure(message, refunded),
  );
}

export async function readBalance() {
  const found = await call("GET", "/points/balance").catch(() => null);
  if (found !== null) takeBalance(found.balance);
}
