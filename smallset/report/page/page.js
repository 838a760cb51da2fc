"use strict";
// The state of the page is in the address after "#?", so that a reload and a shared link keep it.
const state = new URLSearchParams(location.hash.startsWith("#?") ? location.hash.slice(2) : "");
const remember = (key, value) => {
  value ? state.set(key, value) : state.delete(key);
  history.replaceState(null, "", state.size ? `#?${state}` : location.pathname + location.search);
};

const root = document.documentElement, theme = document.getElementById("theme");
const paint = (name) => {
  if (name) root.dataset.theme = name;
  const dark = (name || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  theme.setAttribute("aria-pressed", dark);
  theme.textContent = dark ? "Light" : "Dark";
};
theme.addEventListener("click", () => {
  const next = theme.getAttribute("aria-pressed") === "true" ? "light" : "dark";
  paint(next);
  remember("theme", next);
});
paint(state.get("theme"));

const plots = new Map();
let shown = null; // the ids of the visible rows, null for all
const fill = (figure) => {
  const plot = plots.get(figure);
  if (!plot || !("follows" in figure.dataset)) return;
  const points = plot.points.filter((point) => !shown || shown.has(point.id));
  figure.hidden = points.length === 0;
  if (!figure.hidden) plot.view.data("points", points).runAsync();
};
const draw = async (figure) => {
  if (plots.has(figure)) return;
  plots.set(figure, null);
  const spec = JSON.parse(figure.querySelector("script").textContent);
  // Larger than in the docs, whose charts are wider; on a phone one row of a legend would be cut.
  const sizes = { labelFontSize: 12, titleFontSize: 12 };
  const config = { axis: { ...sizes, titlePadding: 10 }, legend: { ...sizes, columns: root.clientWidth < 640 ? 2 : 0 } };
  const options = { config, renderer: "svg", mode: "vega-lite", actions: { export: true, source: true, compiled: false, editor: false } };
  const { view } = await vegaEmbed(figure.querySelector(".plot"), spec, options);
  plots.set(figure, { view, points: spec.data.values });
  fill(figure);
};
for (const figure of document.querySelectorAll("figure.chart")) {
  const folded = figure.closest("details"); // a chart in a closed part has no width yet
  if (!folded || folded.open) draw(figure);
  else folded.addEventListener("toggle", () => draw(figure));
}
addEventListener("beforeprint", () => {
  document.querySelectorAll("details.warning").forEach((details) => (details.open = true));
  plots.forEach((plot) => plot?.view.resize().run());
});

const form = document.getElementById("filters");
if (form) {
  const table = new DataTable("#rows", {
    paging: false, info: false, order: [], autoWidth: false,
    layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
  });
  const fields = [...form.querySelectorAll("[data-key]")];
  const column = (key) => document.querySelector(`#rows th[data-key="${key}"]`).cellIndex;
  const filter = () => {
    for (const field of fields) {
      const exact = field.tagName === "SELECT";
      table.column(column(field.dataset.key)).search(field.value, { exact, smart: !exact, regex: false });
      remember(field.dataset.key, field.value);
    }
    table.draw();
    const rows = table.rows({ search: "applied" }).ids().toArray();
    const all = table.rows().count();
    shown = rows.length === all ? null : new Set(rows);
    form.querySelector("output").textContent = `${rows.length} of ${all} rows`;
    plots.forEach((_, figure) => fill(figure));
  };
  for (const field of fields) field.value = state.get(field.dataset.key) ?? "";
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  filter();
}

const large = document.getElementById("large");
for (const button of document.querySelectorAll(".enlarge"))
  button.addEventListener("click", () => {
    const [from, to] = [button.querySelector("img"), large.querySelector("img")];
    [to.src, to.alt] = [from.src, from.alt];
    large.showModal();
  });

if ("live" in document.body.dataset)
  setInterval(() => {
    const busy = document.querySelector("dialog[open], :popover-open");
    if (document.getElementById("reload").checked && !busy && !document.hidden) location.reload();
  }, 15000);
