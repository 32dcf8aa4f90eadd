/** What can go wrong between the page and the service; `message` is for people, in their language. */

import { t } from "./language.js";

/** The service answered, and said no. `code` is its six digits. */
export class Refused extends Error {
  constructor(status, code, message, details) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }

  /** Whether the same request may well succeed a moment later. */
  get passing() {
    return this.status >= 500;
  }
}

/** No answer came. Whether the request arrived is not known. */
export class NoAnswer extends Error {
  constructor(late = false) {
    super(t(late ? "error.timeout" : navigator.onLine === false ? "error.offline" : "error.network"));
    this.passing = true;
  }
}

/** The person, or the page itself, called it off. */
export class CalledOff extends Error {}

/** The error of an answer. Proxies answer in their own words, which nobody needs to see. */
export function refusalOf(status, text) {
  try {
    const { code, message, data } = JSON.parse(text);
    if (typeof message === "string" && message) return new Refused(status, code, message, data);
  } catch { /* no JSON */ }
  return new Refused(status, status * 1000, t("error.server"), null);
}
