// Tells a tap from a hold. A tap is the browser's own click, which comes once per touch, key press or voice command;
// nothing here listens to touches as well, so one touch can never become two.

const HOLD = 500; // ms
const SLIP = 12; // px a resting finger may move
const AFTERMATH = 400; // ms after a hold in which its click may still arrive

export function onTap(button, { tap, hold }) {
  let timer = null;
  let start = null;
  let isHeld = false;

  const rest = () => {
    clearTimeout(timer);
    timer = null;
    start = null;
  };
  const take = () => {
    rest();
    isHeld = true;
    // The finger may come up over the sheet that now lies here: listen for it everywhere.
    addEventListener("pointerup", () => setTimeout(() => (isHeld = false), AFTERMATH), { once: true, capture: true });
    hold();
  };

  button.addEventListener("pointerdown", (event) => {
    isHeld = false;
    if (event.button !== 0 || !event.isPrimary) return;
    start = event;
    timer = setTimeout(take, HOLD);
  });
  button.addEventListener("pointermove", (event) => {
    if (start && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > SLIP) rest();
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) button.addEventListener(name, rest);

  // The menu key, Shift+F10, a right click, and Android's own long press, which may come before or after ours.
  button.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    if (isHeld) return;
    if (start) take();
    else hold();
  });

  // Enter held down clicks again and again; a resting finger is not thirty conversations.
  button.addEventListener("keydown", (event) => {
    isHeld = false;
    if (event.repeat && event.key === "Enter") event.preventDefault();
  });
  button.addEventListener("click", () => {
    if (isHeld) isHeld = false;
    else tap();
  });
}
