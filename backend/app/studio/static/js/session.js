/** Who the person is: this device. A secret is made on the first use, and an account comes to it by itself. */

import { NoAnswer, refusalOf } from "./errors.js";
import { language } from "./language.js";
import { keep, kept, randomText } from "./memory.js";

const DEVICE_BYTES = 32;
const listeners = [];
let signingIn = null;
let account = null;

/** Whether this device has been here before; an account is made only for those who do something. */
export const isKnown = () => kept("device") !== null;

export const currentAccount = () => account;

/** Called with the account whenever it is read anew. */
export function onAccount(listener) {
  listeners.push(listener);
}

/** A token that holds, as far as we know. */
export async function token() {
  return kept("token") ?? signIn();
}

/** Another token than `old`, which was refused. */
export async function renew(old) {
  const now = kept("token");
  return now !== null && now !== old ? now : signIn();
}

/** Sign in by this device. Many who ask at once share one sign-in. */
function signIn() {
  signingIn ??= begin().finally(() => { signingIn = null; });
  return signingIn;
}

async function begin() {
  if (!isKnown()) keep("device", randomText(DEVICE_BYTES));
  let answer;
  let text;
  try {
    answer = await fetch("/api/v1/auth/login", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Accept-Language": language() },
      body: JSON.stringify({ device_id: kept("device") }),
      credentials: "omit",
    });
    text = await answer.text();
  } catch {
    throw new NoAnswer();
  }
  if (!answer.ok) throw refusalOf(answer.status, text);
  const { access_token: fresh, user } = JSON.parse(text).data;
  keep("token", fresh);
  take(user);
  return fresh;
}

/** The account as the service tells it. */
export function take(user) {
  account = { id: user.id, balance: user.points_balance };
  for (const listener of listeners) listener(account);
}

/** The balance alone has changed. */
export function takeBalance(balance) {
  if (account === null) return;
  account = { ...account, balance };
  for (const listener of listeners) listener(account);
}
