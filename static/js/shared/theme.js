// Sets the chosen colour scheme before the first paint. Not a module, which would run after it and flash white in the
// dark. Without a choice the system's scheme is used.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden: the system's scheme.
}
