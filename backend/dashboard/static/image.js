// One image: zoom around the pointer, move by dragging, keys for layers, verdicts and neighbours.
// Layers are shown and hidden by the style sheet; this script only presses their boxes.

"use strict";

const stage = document.querySelector(".stage");
const photo = document.querySelector(".photo");
const zoomBox = document.querySelector(".zoom");
const shown = zoomBox.querySelector("output");
const STEP = 1.25;
const LARGEST = 12;
let zoom = 1;

// `at` is a place in the window that stays where it is.
function zoomTo(wanted, at) {
  const before = photo.getBoundingClientRect();
  if (!before.width) return;
  const x = (at ? at.x : stage.getBoundingClientRect().left + stage.clientWidth / 2);
  const y = (at ? at.y : stage.getBoundingClientRect().top + stage.clientHeight / 2);
  const share = { x: (x - before.left) / before.width, y: (y - before.top) / before.height };
  const fit = before.width / zoom;
  zoom = Math.min(LARGEST, Math.max(1, wanted));
  photo.style.maxWidth = photo.style.maxHeight = zoom > 1 ? "none" : "";
  photo.style.width = zoom > 1 ? `${fit * zoom}px` : "";
  const after = photo.getBoundingClientRect();
  stage.scrollLeft += after.left + share.x * after.width - x;
  stage.scrollTop += after.top + share.y * after.height - y;
  shown.textContent = `${Math.round(zoom * 100)} %`;
}

function onWheel(event) {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  zoomTo(zoom * (event.deltaY < 0 ? STEP : 1 / STEP), { x: event.clientX, y: event.clientY });
}

function onDrag(event) {
  if (event.button !== 0 || zoom === 1) return;
  event.preventDefault();
  stage.focus();
  stage.setPointerCapture(event.pointerId);
  const move = (moved) => stage.scrollBy(-moved.movementX, -moved.movementY);
  stage.addEventListener("pointermove", move);
  stage.addEventListener("pointerup", () => stage.removeEventListener("pointermove", move), { once: true });
}

const KEYS = {
  "+": () => zoomTo(zoom * STEP),
  "=": () => zoomTo(zoom * STEP),
  "-": () => zoomTo(zoom / STEP),
  0: () => zoomTo(1),
  j: () => follow("next"),
  k: () => follow("prev"),
};

function follow(direction) {
  const link = document.querySelector(`.beside a[rel=${direction}]`);
  if (link) link.click();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
  const layer = document.querySelector(`input[data-key="${CSS.escape(event.key)}"]`);
  if (KEYS[event.key]) KEYS[event.key]();
  else if (layer) layer.click();
  else if ("123".includes(event.key)) {
    const button = document.querySelectorAll(".do button:not([value$=back], [value$=annotator], [value$=twin])")[Number(event.key) - 1];
    if (button) button.click();
  } else return;
  event.preventDefault();
}

// The brand colour that was tried last is kept in this browser.
function offerBrand() {
  const ground = document.getElementById("ground-brand");
  const choice = document.getElementById("brand");
  if (!ground) return;
  const kept = localStorage.getItem("hemline-brand");
  if (kept && /^#[0-9a-f]{6}$/.test(kept)) choice.value = kept;
  const paint = () => ground.setAttribute("fill", choice.value);
  paint();
  choice.addEventListener("input", () => {
    localStorage.setItem("hemline-brand", choice.value);
    paint();
  });
  document.getElementById("brand-choice").hidden = false;
}

zoomBox.hidden = false;
zoomBox.addEventListener("click", (event) => {
  const pressed = event.target.closest("button");
  if (!pressed) return;
  zoomTo({ in: zoom * STEP, out: zoom / STEP, fit: 1 }[pressed.dataset.zoom]);
});
stage.addEventListener("wheel", onWheel, { passive: false });
stage.addEventListener("pointerdown", onDrag);
document.addEventListener("keydown", onKey);
offerBrand();
