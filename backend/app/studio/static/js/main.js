/** The page begins here. */

import { call } from "./api.js";
import { comeToGrid, fillGrid, prepareChoosing } from "./choose.js";
import { $, button } from "./dom.js";
import { onLanguage, speak, switchLanguage, t } from "./language.js";
import { leave, make, resume } from "./maker.js";
import { closeMine, openMine, prepareMine } from "./mine.js";
import { prepareOrder, refresh } from "./order.js";
import { clear, pick, preparePicking, showCurrent, translate } from "./photo.js";
import { currentAccount, isKnown, onAccount, take } from "./session.js";
import { change, state } from "./state.js";
import { isOver } from "./watch.js";

const VIEWS = ["make", "mine"];

function showView() {
  const view = VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : "make";
  for (const each of VIEWS) {
    $(each).hidden = each !== view;
    const link = document.querySelector(`[data-view="${each}"]`);
    if (each === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (view === "mine") void openMine();
  else closeMine();
}

function showPoints() {
  const account = currentAccount();
  const place = $("points");
  place.hidden = account === null;
  if (account === null) return;
  place.textContent = t("points.have", { n: account.balance });
  place.setAttribute("aria-label", t("points.label", { n: account.balance }));
}

/** What stands above everything until it is mended; `retry` offers another try. */
function banner(text, retry = null) {
  const place = $("banner");
  place.hidden = text === "";
  place.replaceChildren(text);
  if (retry) place.append(" ", button("quiet", t("retry"), retry, "again"));
}

async function loadConfig() {
  try {
    change({ config: await call("GET", "/config", { open: true }) });
  } catch (error) {
    banner(`${t("error.start")} ${error.message}`, loadConfig);
    return false;
  }
  if (navigator.onLine !== false) banner("");
  const { limits, version } = state.config;
  $("privacy").textContent = t("privacy", { days: limits.photo_retention_days });
  $("version").textContent = t("version", { version });
  fillGrid();
  if (state.photo === null && !state.making) showCurrent();
  refresh();
  return true;
}

/** A device that was here before: its balance, and what it left in the making. */
async function comeBack() {
  if (!isKnown()) return;
  try {
    take(await call("GET", "/user/profile"));
    const { data } = await call("GET", "/emoji/history?page=1&page_size=1");
    if (data.length > 0 && !isOver(data[0]) && state.photo === null) resume(data[0]);
  } catch { /* the next press tells what is wrong */ }
}

function watchNetwork() {
  addEventListener("offline", () => banner(t("error.offline")));
  addEventListener("online", () => {
    banner("");
    if (state.config === null) void loadConfig();
  });
}

async function start() {
  speak();
  $("language").addEventListener("click", switchLanguage);
  onLanguage(() => {
    showPoints();
    void loadConfig().then(translate);
  });
  onAccount(showPoints);
  prepareChoosing();
  prepareOrder({ photo: pick, template: comeToGrid, make });
  preparePicking(leave);
  prepareMine();
  addEventListener("hashchange", showView);
  watchNetwork();
  clear();
  showView();
  document.documentElement.removeAttribute("data-booting");
  if (await loadConfig()) await comeBack();
}

void start();
