// While an export runs, its page is loaded again every few seconds, unless somebody fills the form.

"use strict";

let touched = false;
document.addEventListener("input", () => { touched = true; });
setTimeout(() => { if (!touched) location.reload(); }, 4000);
