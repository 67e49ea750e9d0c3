// Sets the chosen look before the first paint; loaded plainly in <head>, since a module would come too late and
// flash white in the dark. Without a choice the system's wish stands.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; then the system's wish stands.
}
