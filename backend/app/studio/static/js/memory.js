/** What this browser remembers between visits. Where nothing may be kept, it is kept for this visit. */

const visit = new Map();
const name = (key) => `aipic.${key}`;

export function kept(key) {
  try {
    return localStorage.getItem(name(key)) ?? visit.get(key) ?? null;
  } catch {
    return visit.get(key) ?? null;
  }
}

export function keep(key, value) {
  visit.set(key, value);
  try {
    localStorage.setItem(name(key), value);
  } catch { /* a private window, or no room */ }
}

export function forget(key) {
  visit.delete(key);
  try {
    localStorage.removeItem(name(key));
  } catch { /* then there is nothing to forget */ }
}

/** Random characters that stand in any header. Works on plain http too, where `crypto.randomUUID` does not. */
export function randomText(bytes) {
  const numbers = crypto.getRandomValues(new Uint8Array(bytes));
  return btoa(String.fromCharCode(...numbers)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
