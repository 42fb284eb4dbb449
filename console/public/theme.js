(function () {
  var root = document.documentElement;
  try {
    // The choice in this browser goes before what the settings said at the last visit.
    var theme = localStorage.getItem("folkmoot.theme") || localStorage.getItem("folkmoot.scheme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    var accent = JSON.parse(localStorage.getItem("folkmoot.accent") || "{}");
    for (var name in accent) root.style.setProperty(name, accent[name]);
  } catch (error) {
    // Storage may be blocked; the system's preference and our own colours then decide.
  }
})();
