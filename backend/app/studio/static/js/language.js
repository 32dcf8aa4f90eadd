/** The two languages: which one is on, and what it says. */

import { $ } from "./dom.js";
import { keep, kept } from "./memory.js";
import en from "./texts/en.js";
import zh from "./texts/zh.js";

const TEXTS = { zh, en };
const listeners = [];

function preferred() {
  const chosen = kept("language");
  if (chosen in TEXTS) return chosen;
  for (const language of navigator.languages ?? [navigator.language]) {
    const short = language.slice(0, 2).toLowerCase();
    if (short in TEXTS) return short;
  }
  return "en";
}

let current = preferred();

export const language = () => current;

/** A sentence; `{n}` is filled in from `values`. */
export function t(key, values = {}) {
  return TEXTS[current][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Called after every change of language; what it says first is said at once. */
export function onLanguage(listener) {
  listeners.push(listener);
}

/** Fill in all fixed texts of the page. */
export function speak() {
  document.documentElement.lang = current === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
  for (const element of document.querySelectorAll("[data-placeholder]")) element.placeholder = t(element.dataset.placeholder);
  const other = $("language");
  other.textContent = t("language.switch");
  other.setAttribute("aria-label", t("language.label"));
  other.lang = current === "zh" ? "en" : "zh-CN";
}

export function switchLanguage() {
  current = current === "zh" ? "en" : "zh";
  keep("language", current);
  speak();
  for (const listener of listeners) listener();
}
