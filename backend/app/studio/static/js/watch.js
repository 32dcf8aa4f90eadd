/** Following a task until it ends: by events while the connection bears them, else by asking again and again. */

import { call, send } from "./api.js";
import { CalledOff, Refused, refusalOf } from "./errors.js";
import { EventParser } from "./events.js";

const FIRST_EVENT_MS = 5000;
/** The service sends a sign of life every fifteen seconds. */
const SILENCE_MS = 40000;
const ASK_EVERY_MS = 1500;
const LONGEST_PAUSE_MS = 6000;
/** Streams that break this often in a row are given up: something on the way does not let them through. */
const MOST_BREAKS = 3;
const FINAL = new Set(["completed", "failed", "cancelled"]);

export const isOver = (task) => FINAL.has(task.status);

/**
 * The task as it ended. `onTask` hears every change, `onLost` that the connection is away for the moment.
 * Raises Refused (404 when the task was deleted) and CalledOff.
 */
export async function watchTask(id, { onTask, onLost, signal }) {
  let breaks = 0;
  let failures = 0;
  for (;;) {
    if (breaks < MOST_BREAKS) {
      const last = await follow(id, (task) => { breaks = 0; failures = 0; onTask(task); }, signal);
      if (last !== null && isOver(last)) return last;
      breaks += 1;
    }
    try {
      const task = await call("GET", `/emoji/task/${id}`, { signal });
      failures = 0;
      onTask(task);
      if (isOver(task)) return task;
    } catch (error) {
      if (!error.passing) throw error;
      failures += 1;
      onLost();
    }
    await pause(Math.min(ASK_EVERY_MS * 2 ** Math.max(0, failures - 1), LONGEST_PAUSE_MS), signal);
  }
}

/** The last task of one stream; null when there was none. How a stream breaks does not matter here. */
async function follow(id, onTask, signal) {
  const stop = new AbortController();
  const off = () => stop.abort();
  signal.addEventListener("abort", off, { once: true });
  let patience = 0;
  const wait = (milliseconds) => {
    clearTimeout(patience);
    patience = setTimeout(off, milliseconds);
  };
  let last = null;
  try {
    wait(FIRST_EVENT_MS);
    const answer = await send(`/emoji/task/${id}/events`, { headers: { Accept: "text/event-stream" }, signal: stop.signal });
    if (!answer.ok) throw refusalOf(answer.status, await answer.text());
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return last;
      if (last !== null) wait(SILENCE_MS);
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        if (event.event !== "task") continue;
        wait(SILENCE_MS);
        last = JSON.parse(event.data);
        onTask(last);
      }
    }
  } catch (error) {
    off();
    if (signal.aborted) throw new CalledOff();
    if (error instanceof Refused && !error.passing) throw error;
    return last;
  } finally {
    clearTimeout(patience);
    signal.removeEventListener("abort", off);
  }
}

/** Time passes, or the page comes back to the front, or the network does. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      document.removeEventListener("visibilitychange", seen);
      signal.removeEventListener("abort", called);
      resolve();
    };
    const seen = () => { if (document.visibilityState === "visible") end(); };
    const called = () => { end(); reject(new CalledOff()); };
    const timer = setTimeout(end, milliseconds);
    addEventListener("online", end);
    document.addEventListener("visibilitychange", seen);
    signal.addEventListener("abort", called);
    if (signal.aborted) called();
  });
}
