/** A finished sticker: seen large, saved, shared, liked. */

import { call } from "./api.js";
import { button, calm, h, icon, isLocal, local, toast } from "./dom.js";
import { t } from "./language.js";
import { comeToGrid } from "./choose.js";
import { useEarlier } from "./photo.js";
import { draw, row } from "./stage.js";
import { nameOf, styleOf } from "./state.js";

const TYPES = { webp: "image/webp", gif: "image/gif", mp4: "video/mp4" };
/** What takes a sticker best when it is shared: every chat knows a GIF. */
const SHARED = ["gif", "webp", "mp4"];

export const linksOf = ({ result }) => ({ webp: result.webp_url, gif: result.gif_url, mp4: result.video_url });

export function describe(task) {
  const name = nameOf(task.driven_id);
  const words = task.caption ?? styleOf(task.driven_id)?.caption ?? "";
  return words ? t("done.alt.words", { name, words }) : t("done.alt", { name });
}

/** The sticker of a task, moving unless the person wants stillness; before it is finished, its template's preview. */
export function stickerOf(task, { still = calm() } = {}) {
  if (task === null || task.result === null) {
    const style = styleOf(task?.driven_id);
    return h("div", { class: "fill" }, style?.poster_url ? h("img", { class: "photo", alt: "", src: local(style.poster_url) }) : null);
  }
  const { webp, gif, mp4 } = linksOf(task);
  const poster = local(task.result.poster_url);
  const moving = local(webp ?? gif);
  if (!moving && mp4) {
    const video = h("video", { class: "sticker", poster, src: local(mp4), muted: true, loop: true, playsInline: true, autoplay: !still });
    video.setAttribute("aria-label", describe(task));
    return h("div", { class: "fill" }, video);
  }
  const image = h("img", { class: "sticker", alt: describe(task), src: poster, width: task.result.width, height: task.result.height });
  const play = () => {
    // The still picture stays until the other has come, so that nothing flickers.
    const loaded = new Image();
    loaded.onload = () => { image.src = moving; };
    loaded.src = moving;
  };
  if (!still && moving) play();
  const start = still && moving && button("play", t("done.play"), () => { play(); start.remove(); }, "play");
  return h("div", { class: "fill" }, image, start || null);
}

/** Put a finished sticker on the stage; one from the shelf goes by its name. */
export function showResult(task, title = null) {
  draw(
    {
      mood: "sticker",
      picture: [stickerOf(task), likeButton(task)],
      title: title ?? t("done.title"),
      told: [
        h("div", { class: "saves", role: "group", "aria-label": t("done.save") }, saves(task)),
        row(
          button("main", t("done.again"), () => { void useEarlier(task.photo_id).then(comeToGrid); }, "again"),
          shareButton(task),
        ),
      ],
      say: `${title ?? t("done.title")} ${describe(task)}`,
    },
    () => showResult(task, title && nameOf(task.driven_id)),
  );
}

function saves(task) {
  const links = linksOf(task);
  return ["webp", "gif", "mp4"].filter((kind) => links[kind]).map((kind) => {
    const address = local(links[kind]);
    const name = nameOf(task.driven_id);
    const link = h(
      "a",
      {
        class: "save",
        href: isLocal(address) ? `${address}&download=${encodeURIComponent(name)}` : address,
        download: `${name}.${kind}`,
        rel: "noopener",
      },
      h("strong", {}, icon("save"), kind === "webp" ? "WebP" : kind.toUpperCase()),
      h("span", { class: "soft" }, t(`done.${kind}`)),
      h("span", { class: "soft" }, size(task.result.size_bytes[kind])),
    );
    if (!isLocal(address)) link.addEventListener("click", (event) => { event.preventDefault(); void fetchAndSave(address, link.download); });
    return link;
  });
}

function size(bytes) {
  if (bytes === undefined) return "";
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** From an object store: browsers heed `download` only for files of the page's own origin. */
async function fetchAndSave(address, name) {
  try {
    const answer = await fetch(address, { credentials: "omit" });
    if (!answer.ok) throw new Error(String(answer.status));
    const url = URL.createObjectURL(await answer.blob());
    h("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  } catch {
    // A store that does not let pages read: there the person can still save it by hand.
    open(address, "_blank", "noopener");
  }
}

/** The system's own share sheet, where it takes files. */
function shareButton(task) {
  const links = linksOf(task);
  const kind = SHARED.find((each) => links[each]);
  const sample = new File([new Uint8Array(1)], `a.${kind}`, { type: TYPES[kind] });
  if (!kind || !navigator.canShare?.({ files: [sample] })) return null;
  let file = null;
  return button("second", t("done.share"), async () => {
    const late = file === null;
    try {
      if (late) {
        toast(t("done.saving"));
        const answer = await fetch(local(links[kind]), { credentials: "omit" });
        if (!answer.ok) throw new Error(String(answer.status));
        file = new File([await answer.blob()], `${nameOf(task.driven_id)}.${kind}`, { type: TYPES[kind] });
      }
      await navigator.share({ files: [file] });
    } catch (error) {
      if (error.name === "AbortError") return;
      // Fetching took longer than a press counts as one.
      toast(late && file !== null ? t("done.share.again") : t("error.network"));
    }
  }, "share");
}

/** A heart that can be pressed. */
export function likeButton(task) {
  const heart = h("button", { type: "button", class: "round like" }, icon("heart"));
  const show = () => {
    heart.setAttribute("aria-pressed", String(task.liked));
    heart.setAttribute("aria-label", t("like"));
    heart.title = t(task.liked ? "unlike" : "like");
  };
  heart.addEventListener("click", async () => {
    task.liked = !task.liked;
    show();
    try {
      await call(task.liked ? "POST" : "DELETE", `/emoji/task/${task.id}/like`);
    } catch (error) {
      task.liked = !task.liked;
      show();
      toast(error.message);
    }
  });
  show();
  return heart;
}
