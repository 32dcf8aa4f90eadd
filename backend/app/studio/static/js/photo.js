/**
 * The photo at hand. `status` is sending, looking, good, refused or failed; `url` shows the picked file, `link` the
 * stored photo; `reasons` are the service's, in the language that is on; `id` is there once it is stored.
 */

import { call, upload } from "./api.js";
import { $, isLocal, local, toast } from "./dom.js";
import { CalledOff, Refused } from "./errors.js";
import { t } from "./language.js";
import { moveBar, showEmpty, showPhoto } from "./stage.js";
import { change, onChange, state } from "./state.js";

const HEIF = /\.(heic|heif)$/i;
/** The longest side of a photo that is scaled down here: far more than the service keeps. */
const SHRUNK_SIDE = 4096;
let sending = null;
let leave = () => {};

const actions = {
  pick: () => $("file").click(),
  capture: () => $("camera").click(),
  cancel: () => clear(),
  retry: () => { if (state.photo?.file) void take(state.photo.file); },
};

/** `beforeNew` is called when another photo takes the stage. */
export function preparePicking(beforeNew) {
  leave = beforeNew;
  for (const input of [$("file"), $("camera")]) {
    input.addEventListener("change", () => {
      const [file] = input.files;
      input.value = ""; // so that the same file can be picked again
      if (file) void take(file);
    });
  }
  addEventListener("paste", (event) => {
    const file = pictureAmong(event.clipboardData?.files);
    if (file) void take(file);
  });
  let depth = 0;
  const isFile = (event) => event.dataTransfer?.types.includes("Files");
  const over = (change_) => {
    depth = Math.max(0, depth + change_);
    document.body.toggleAttribute("data-dropping", depth > 0);
  };
  addEventListener("dragenter", (event) => { if (isFile(event)) over(1); });
  addEventListener("dragleave", (event) => { if (isFile(event)) over(-1); });
  addEventListener("dragover", (event) => { if (isFile(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    over(-depth);
    const file = pictureAmong(event.dataTransfer.files) ?? event.dataTransfer.files[0];
    if (file) void take(file);
  });
}

export const pick = actions.pick;

function pictureAmong(files) {
  return [...(files ?? [])].find(isPicture);
}

const isPicture = (file) => file.type.startsWith("image/") || HEIF.test(file.name);

/** Nothing is picked. */
export function clear() {
  sending?.abort();
  forgetUrl();
  change({ photo: null });
  showEmpty(actions);
}

/** The stage says what comes next, which depends on whether a template is chosen. */
let chosen = null;
onChange(() => {
  if (state.template === chosen) return;
  chosen = state.template;
  if (state.photo?.status === "good" && $("picture").dataset.mood === "photo") showCurrent();
});

export const showCurrent = () => (state.photo === null ? showEmpty(actions) : showPhoto(state.photo, actions));

/** Upload a file and hear what the service makes of it. */
async function take(file) {
  leave();
  sending?.abort();
  const mine = new AbortController();
  sending = mine;
  forgetUrl();
  const photo = { file, url: URL.createObjectURL(file), link: "", status: "sending", share: 0, reasons: [], id: null, error: "" };
  change({ photo });
  const show = (values) => {
    if (sending !== mine) return;
    Object.assign(photo, values);
    change({ photo });
    showPhoto(photo, actions);
  };
  show({});
  try {
    if (!isPicture(file)) throw new Refused(422, 0, t("photo.not_picture"), null);
    const light = await shrunk(file, state.config?.limits.upload_bytes ?? Infinity);
    const onProgress = (share) => {
      if (share >= 1) show({ status: "looking" });
      else {
        photo.share = share;
        if (sending === mine) moveBar(share);
      }
    };
    show(verdict(await upload("/emoji/detect", light, { onProgress, signal: mine.signal })));
  } catch (error) {
    if (error instanceof CalledOff) return;
    if (error instanceof Refused && (error.status === 422 || error.status === 413)) {
      show({ status: "refused", reasons: [{ message: error.message }] });
    } else show({ status: "failed", error: error.message });
  }
}

/** Ask again about a photo that is stored: in another language, or to use one of an earlier visit. */
export async function recall(id) {
  return verdict(await call("POST", "/emoji/detect", { body: { photo_id: id } }));
}

/** Put the photo of an earlier sticker on the stage. */
export async function useEarlier(id) {
  if (state.photo?.id === id && state.photo.status === "good") {
    showCurrent();
    return;
  }
  try {
    const found = await recall(id);
    sending?.abort();
    forgetUrl();
    change({ photo: { file: null, url: "", share: 1, error: "", ...found } });
    showCurrent();
  } catch (error) {
    const gone = error instanceof Refused && error.status === 404;
    toast(gone ? t("photo.gone") : error.message);
    if (gone) clear();
  }
}

/** The reasons in the language that is on now. */
export async function translate() {
  const { photo } = state;
  if (photo === null || photo.id === null) return;
  const found = await recall(photo.id).catch(() => null);
  if (found === null || state.photo !== photo) return;
  photo.reasons = found.reasons;
  if ($("picture").querySelector(".photo") && !state.making) showCurrent();
}

function verdict(found) {
  const link = local(found.image_url);
  return {
    id: found.photo_id,
    link: isLocal(link) ? link : "",
    status: found.passed ? "good" : "refused",
    reasons: found.reasons.filter((reason) => found.passed || reason.refuses),
  };
}

function forgetUrl() {
  if (state.photo?.url) URL.revokeObjectURL(state.photo.url);
}

/** The file, or a smaller JPEG of it when the service would not take so many bytes. */
async function shrunk(file, most) {
  if (file.size <= most) return file;
  toast(t("photo.shrinking"));
  const smaller = await scaled(file).catch(() => null);
  if (smaller === null || smaller.size > most) {
    throw new Refused(413, 0, t("photo.too_large", { mb: Math.floor(most / 2 ** 20) }), null);
  }
  return smaller;
}

async function scaled(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, SHRUNK_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.92); });
}
