(function () {
  try {
    var theme = localStorage.getItem("folkmoot.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (error) {
    // Storage may be blocked; the system's preference then decides.
  }
})();
