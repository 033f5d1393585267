// The splitter between editor and rows, and the choice of light or dark.

import { remember, remembered } from "./preferences.js";

const $ = (id) => document.getElementById(id);
const [MIN, MAX, STEP] = [15, 80, 3];

export function setUpSplitter() {
  const work = $("work");
  const splitter = $("splitter");
  let height = Number(remembered("editorHeight")) || 42;
  const set = (percent) => {
    height = Math.min(Math.max(percent, MIN), MAX);
    work.style.setProperty("--editor", `${height}%`);
    splitter.setAttribute("aria-valuenow", Math.round(height));
  };
  set(height);
  splitter.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    splitter.setPointerCapture(event.pointerId);
    const box = work.getBoundingClientRect();
    const move = ({ clientY }) => set(((clientY - box.top) / box.height) * 100);
    splitter.addEventListener("pointermove", move);
    splitter.addEventListener(
      "pointerup",
      () => {
        splitter.removeEventListener("pointermove", move);
        remember({ editorHeight: height });
      },
      { once: true },
    );
  });
  splitter.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowUp") set(height - STEP);
    else if (key === "ArrowDown") set(height + STEP);
    else return;
    remember({ editorHeight: height });
  });
}

export function setUpTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const apply = () => {
    root.dataset.theme = remembered("theme") ?? (system.matches ? "dark" : "light");
  };
  apply();
  system.addEventListener("change", apply);
  $("theme").addEventListener("click", () => {
    remember({ theme: root.dataset.theme === "dark" ? "light" : "dark" });
    apply();
  });
}
