/** Talking to the service: the envelope, the token, uploads with their progress. */

import { CalledOff, NoAnswer, Refused, refusalOf } from "./errors.js";
import { language } from "./language.js";
import { renew, token } from "./session.js";

export const BASE = "/api/v1";
const PATIENCE_MS = 20000;
/** The service itself waits ten seconds for a worker to look at a photo. */
const UPLOAD_PATIENCE_MS = 120000;

/** `data` of the answer. Signs in where that is needed; raises Refused, NoAnswer or CalledOff. */
export async function call(method, path, { body, headers = {}, open = false, signal } = {}) {
  const answer = await send(path, {
    method,
    headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    open,
    signal,
  });
  const text = await textOf(answer, signal);
  if (!answer.ok) throw refusalOf(answer.status, text);
  try {
    return JSON.parse(text).data;
  } catch {
    throw refusalOf(502, text);
  }
}

/** The bare answer to a request with our headers, once it begins. A token that does not hold is renewed once. */
export async function send(path, { open = false, ...options } = {}) {
  if (open) return attempt(path, options, null);
  const used = await token();
  const answer = await attempt(path, options, used);
  return answer.status === 401 ? attempt(path, options, await renew(used)) : answer;
}

/** `signal` breaks off the answer too, however long it streams; our patience ends with its beginning. */
async function attempt(path, { method = "GET", headers = {}, body, signal }, authorization) {
  if (signal?.aborted) throw new CalledOff();
  const breaker = new AbortController();
  const late = setTimeout(() => breaker.abort(), PATIENCE_MS);
  signal?.addEventListener("abort", () => breaker.abort(), { once: true });
  try {
    return await fetch(BASE + path, {
      method,
      body,
      headers: {
        "Accept-Language": language(),
        ...(authorization === null ? {} : { Authorization: `Bearer ${authorization}` }),
        ...headers,
      },
      signal: breaker.signal,
      credentials: "omit",
    });
  } catch {
    throw signal?.aborted ? new CalledOff() : new NoAnswer(breaker.signal.aborted);
  } finally {
    clearTimeout(late);
  }
}

async function textOf(answer, signal) {
  try {
    return await answer.text();
  } catch {
    throw signal?.aborted ? new CalledOff() : new NoAnswer();
  }
}

/** Send a file as a form; `onProgress` hears the share that has left, 0 to 1. */
export async function upload(path, file, { onProgress, signal }) {
  const used = await token();
  try {
    return await put(path, file, used, { onProgress, signal });
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error;
    return put(path, file, await renew(used), { onProgress, signal });
  }
}

/** XMLHttpRequest, since fetch does not tell how much of a body has been sent. */
function put(path, file, authorization, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new CalledOff());
      return;
    }
    const request = new XMLHttpRequest();
    request.open("POST", BASE + path);
    request.timeout = UPLOAD_PATIENCE_MS;
    request.setRequestHeader("Authorization", `Bearer ${authorization}`);
    request.setRequestHeader("Accept-Language", language());
    request.upload.onprogress = (event) => { if (event.lengthComputable) onProgress(event.loaded / event.total); };
    request.upload.onload = () => onProgress(1);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText).data);
      else reject(refusalOf(request.status, request.responseText));
    };
    request.onerror = () => reject(new NoAnswer());
    request.ontimeout = () => reject(new NoAnswer(true));
    request.onabort = () => reject(new CalledOff());
    signal.addEventListener("abort", () => request.abort(), { once: true });
    const form = new FormData();
    form.append("file", file, file.name || "photo");
    request.send(form);
  });
}
