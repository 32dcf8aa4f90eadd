/** What the parts of the page share. */

export const state = {
  /** The catalogue, once it is loaded. */
  config: null,
  /** The photo at hand: see photo.js. */
  photo: null,
  /** The chosen template, one of `config.styles`. */
  template: null,
  /** Whether a sticker is being ordered or made before our eyes. */
  making: false,
};

const listeners = [];

export function onChange(listener) {
  listeners.push(listener);
}

export function change(values) {
  Object.assign(state, values);
  for (const listener of listeners) listener();
}

/** The name of a template in the language that is on; a template that is gone keeps its id. */
export function nameOf(id) {
  return state.config?.styles.find((style) => style.driven_id === id)?.name ?? id;
}

export function styleOf(id) {
  return state.config?.styles.find((style) => style.driven_id === id) ?? null;
}
