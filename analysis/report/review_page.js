"use strict";
// Without this script the page shows everything too; the text to paste is then selected by hand.
(() => {
  const button = document.getElementById("copy");
  const text = document.getElementById("report");
  const said = document.getElementById("copied");
  const select = () => {
    const range = document.createRange();
    range.selectNodeContents(text);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };
  const byHand = () => {
    select();
    let done = false;
    try { done = document.execCommand("copy"); } catch (_) { done = false; }
    said.textContent = done ? "Copied." : "The text is selected: copy it with Ctrl+C or ⌘C.";
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    if (!navigator.clipboard) { byHand(); return; }
    navigator.clipboard.writeText(text.textContent).then(() => { said.textContent = "Copied."; }, byHand);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.activeElement instanceof HTMLElement) { document.activeElement.blur(); }
  });
})();
