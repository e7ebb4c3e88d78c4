// Flagged images without reloads: judge with a click or a key, move with j and k.
// Everything works without this script; it only saves the way to the next page and back.

"use strict";

const cards = Array.from(document.querySelectorAll(".flagged"));
const form = document.getElementById("judge");
const told = document.getElementById("told");

async function press(button, card) {
  const body = new FormData(form);
  body.set(button.name, button.value);
  const buttons = card.querySelectorAll("button");
  buttons.forEach((other) => { other.disabled = true; });
  let answer;
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (!response.headers.get("Content-Type").startsWith("application/json")) throw new Error("no JSON");
    answer = await response.json();
  } catch {
    location.reload(); // the login has ended, or the page is of another day
    return;
  }
  told.textContent = answer.sentence;
  if (!answer.done) {
    told.classList.add("problem");
    card.classList.add("judged");
    return;
  }
  told.classList.remove("problem");
  card.classList.toggle("judged", !answer.is_open);
  showButtons(card, answer);
}

// After a verdict the card keeps its place and offers to take it back.
function showButtons(card, answer) {
  const row = card.querySelector(".do");
  row.querySelectorAll("button").forEach((button) => {
    const [, , action] = button.value.split(" ");
    button.disabled = false;
    button.value = `${answer.item} ${answer.revision} ${action}`;
    button.hidden = action === "back" ? answer.is_open : !answer.is_open;
  });
  if (!answer.is_open && !row.querySelector("[value$=back]")) {
    const back = document.createElement("button");
    back.className = "second";
    back.name = "do";
    back.value = `${answer.item} ${answer.revision} back`;
    back.textContent = "Undo";
    back.setAttribute("form", "judge");
    row.prepend(back);
  }
  if (answer.is_open && !row.querySelector("button:not([value$=back])")) location.reload();
}

function current() {
  return cards.indexOf(document.activeElement && document.activeElement.closest(".flagged"));
}

function move(step) {
  const next = cards[Math.min(cards.length - 1, Math.max(0, current() + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea")) return;
  if (event.key === "j") move(1);
  else if (event.key === "k") move(current() < 0 ? 1 : -1);
  else if (current() < 0) return;
  else if (event.key === "o") cards[current()].querySelector(".shot").click();
  else if ("123".includes(event.key)) {
    const open = cards[current()].querySelectorAll(".do button:not([hidden]):not([value$=back])");
    const button = open[Number(event.key) - 1];
    if (button) press(button, cards[current()]).then(() => move(1));
  } else return;
  event.preventDefault();
}

document.addEventListener("keydown", onKey);
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[form=judge]");
  const card = button && button.closest(".flagged");
  if (!card) return;
  event.preventDefault();
  press(button, card);
});
