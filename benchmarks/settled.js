// Runs in every document that the benchmarks open, and tells when what a person waits for stands on the screen.
(() => {
  // A page that changes again within this time had not settled.
  const HELD_MS = 250;
  const LONGEST_MS = 30_000;
  const STILL_COMING =
    '[data-testid="stSkeleton"], [data-testid="stAppSkeleton"], [data-testid="stSpinner"], [data-stale="true"]';

  let pressedAt = null;
  const press = (event) => {
    if (event.isTrusted) pressedAt ??= event.timeStamp;
  };
  addEventListener("click", press, true);
  addEventListener("keydown", (event) => event.key === "Enter" && press(event), true);

  const isSeen = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    !element.closest('[data-stale="true"]');

  // The first thing that is not there yet, null when all is. What costs the page most is asked last.
  const missing = ({ path, shows, whole }) => {
    if (location.pathname !== path) return `the address ${path}`;
    if (whole) {
      const app = document.querySelector('[data-testid="stApp"]');
      if (app?.dataset.testScriptState !== "notRunning") return "the end of the script";
      if (document.querySelector(STILL_COMING)) return "what a placeholder stands for";
      const charts = [...document.querySelectorAll('[data-testid="stVegaLiteChart"]')];
      if (charts.some((chart) => !chart.querySelector("canvas, svg.marks"))) return "a chart";
    }
    const absent = shows.find(
      ([selector, text]) =>
        ![...document.querySelectorAll(selector)].some(
          (element) => element.textContent.includes(text) && isSeen(element),
        ),
    );
    return absent ? `${absent[0]} with “${absent[1]}”` : null;
  };

  const until = (wanted, startedAt) =>
    new Promise((resolve, reject) => {
      const asked = performance.now();
      let since = null;
      const look = () => {
        const now = performance.now();
        const start = startedAt();
        const lacks = start === null ? "the click or the key" : missing(wanted);
        since = lacks === null ? (since ?? now) : null;
        if (since !== null && now - since >= HELD_MS) resolve((since - start) / 1000);
        else if (now - asked > LONGEST_MS) reject(new Error(`${wanted.path} never showed ${lacks}`));
        else requestAnimationFrame(look);
      };
      look();
    });

  // Seconds from the start of this document's navigation.
  window.sinceNavigation = (wanted) => until(wanted, () => 0);

  // Begins to wait for the next click or Enter; `sincePress` then gives the seconds from it, one for each wanted.
  window.watchNextPress = (...wanted) => {
    pressedAt = null;
    window.sincePress = Promise.all(wanted.map((one) => until(one, () => pressedAt)));
    window.sincePress.catch(() => {}); // the one who asks is told
  };
})();
