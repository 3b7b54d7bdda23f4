"use strict";
const data = JSON.parse(document.getElementById("page-data").textContent);
const find = (id) => document.getElementById(id);
const order = ["high", "medium", "low"];
const languages = Object.keys(data.languages).sort(
  (a, b) => order.indexOf(data.languages[a].tier) - order.indexOf(data.languages[b].tier));

// Text reaches the page as text only, never as markup.
function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function panel() {
  return data.panels[Number(find("panel").value)];
}

// The room there is, which the chart itself does not change.
function room() {
  return find("chart").parentElement.clientWidth;
}

async function draw() {
  find("note").textContent = panel().note || "";
  if (!panel().drawn) {
    find("chart").replaceChildren(element("p", "Not drawn: most answers could not be read. Choose a cell in the lists for what was said."));
    return;
  }
  const wide = room() > 600;
  const step = Math.max(12, Math.min(34, Math.floor((room() - (wide ? 190 : 70)) / languages.length)));
  const specification = structuredClone(data.chart);
  specification.width = specification.height = {step};
  specification.params.forEach((parameter) => { parameter.value = {step, wide}[parameter.name]; });
  specification.datasets = {[data.dataset]: panel().cells};
  const result = await vegaEmbed("#chart", specification, {actions: false, renderer: "svg"});
  result.view.addEventListener("click", (_event, item) => {
    if (item && item.datum && item.datum.taught_in) choose(item.datum.taught_in, item.datum.asked_in);
  });
}

function choose(taught, asked) {
  find("taught").value = taught;
  find("asked").value = asked;
  show();
}

function show() {
  const [taught, asked] = [find("taught").value, find("asked").value];
  const place = find("answers");
  place.replaceChildren();
  if (!taught || !asked) {
    place.append(element("p", "No cell is chosen."));
    return;
  }
  const cell = panel().cells.find((one) => one.taught_in === taught && one.asked_in === asked);
  const names = `Taught in ${data.languages[taught].name}, asked in ${data.languages[asked].name}`;
  place.append(element("h3", names));
  if (!cell) {
    place.append(element("p", "Nothing is known of this cell."));
    return;
  }
  place.append(element("p", `Right: ${cell.accuracy} (95 % interval: ${cell.interval}); right in any language: ${cell.any}, answers: ${cell.n}, guessing: ${cell.chance}, `
    + `untaught: ${cell.untaught}, without a verdict: ${cell.unfinished}, could not be read: ${cell.unread}.`));
  const rows = panel().answers[`${taught} ${asked}`];
  if (!rows) {
    place.append(element("p", "The answers behind it were not published."));
    return;
  }
  place.append(table(rows, asked));
}

const FOREIGN = ["question", "answer", "all that was said", "reference"];

// What languages, codes joined by +, are called.
function named(codes) {
  return (codes || "").split("+").map((code) => data.languages[code] ? data.languages[code].name : code).join(", ");
}

// The language of a text: an answer may be right in another language than the one asked.
function tag(name, right, asked) {
  const other = name === "question" || name === "reference" ? null : data.languages[right];
  return (other || data.languages[asked]).lang;
}

function table(rows, asked) {
  const seeds = new Set(rows.map((row) => row[1])).size > 1;
  const known = (place) => rows.some((row) => row[place] !== null);
  const heads = ["question", "answer", ...(known(5) ? ["read from"] : []), ...(known(4) ? ["all that was said"] : []), "reference",
    "verdict", ...(known(6) ? ["right in"] : []), ...(seeds ? ["seed"] : [])];
  const head = element("tr");
  heads.forEach((name) => head.append(element("th", name, {scope: "col"})));
  const body = element("tbody");
  for (const [item, seed, text, verdict, raw, form, right] of rows) {
    const row = element("tr");
    const [question, reference] = data.questions[panel().knowledge][asked][panel().items[item]];
    const said = {question, answer: data.texts[text], reference, verdict: data.verdicts[verdict], seed, "read from": form || "",
      "all that was said": data.texts[raw === null ? text : raw], "right in": named(right)};
    for (const name of heads) {
      const foreign = FOREIGN.includes(name);
      const cell = element("td", said[name], {"data-head": name, ...(foreign ? {lang: tag(name, right, asked), dir: "auto"} : {})});
      if (foreign && !said[name]) {
        cell.textContent = "(nothing)";
        cell.className = "nothing";
        cell.setAttribute("lang", "en");
      }
      if (name === "verdict") cell.className = said.verdict.startsWith("right") ? "right" : "wrong";
      row.append(cell);
    }
    body.append(row);
  }
  const made = element("table");
  const top = element("thead");
  top.append(head);
  made.append(top, body);
  const box = element("div", undefined, {class: "wide"});
  box.append(made);
  return box;
}

for (const id of ["taught", "asked"]) {
  find(id).append(element("option", "\u2013", {value: ""}));
  languages.forEach((code) => find(id).append(element("option", `${data.languages[code].name} (${code})`, {value: code})));
  find(id).addEventListener("change", show);
}
find("panel").addEventListener("change", () => { draw(); show(); });
let before = room();
window.addEventListener("resize", () => {
  if (room() === before) return;
  before = room();
  draw();
});
draw();
