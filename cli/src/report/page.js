// Selects layers: from the table, a graph, the memory, the search field or the address, and shows them everywhere.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector) => document.querySelector(selector);
const rows = all("#layers tbody tr");
const search = one("#search");
const status = one("#status");
const namesOf = (element) => element.dataset.layers.split(" ").filter(Boolean);

/** Scrolls an element's own panel, never the page. */
function reveal(element, panel) {
  if (!element || !panel) return;
  const [inner, outer] = [element.getBoundingClientRect(), panel.getBoundingClientRect()];
  if (!outer.height) return;
  const hidden = inner.top < outer.top + 30 || inner.bottom > outer.bottom - 10 ||
    inner.left < outer.left || inner.right > outer.right;
  if (!hidden) return;
  panel.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
  panel.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

function showGraph() {
  reveal(one(".graph-view:not([hidden]) .box.selected"), one(".graph-view:not([hidden])"));
}

function select(names) {
  const wanted = new Set(names);
  for (const element of all("[data-layers]")) {
    element.classList.toggle("selected", namesOf(element).some((name) => wanted.has(name)));
  }
  for (const row of rows) row.setAttribute("aria-current", row.classList.contains("selected"));
  for (const view of all(".graph-view")) {
    const chosen = new Set(all(".box.selected", view).map((box) => box.dataset.index));
    for (const arrow of all(".arrow", view)) {
      arrow.classList.toggle("near", chosen.has(arrow.dataset.from) || chosen.has(arrow.dataset.to));
    }
  }
  const first = rows.find((row) => row.classList.contains("selected"));
  if (first?.hidden) clear();
  reveal(first?.querySelector("button"), one("#layers .scroll"));
  showGraph();
  details(rows.filter((row) => row.classList.contains("selected")));
  history.replaceState(null, "", names.length ? "#" + names.map(encodeURIComponent).join(",") : location.pathname);
}

function add(parent, tag, text) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

/** What is known of the selected layers. */
function details(chosen) {
  const target = one("#details");
  target.replaceChildren();
  add(target, "h2", chosen.length ? chosen.map((row) => row.dataset.layers).join(" + ") : "No layer is selected");
  if (!chosen.length) {
    add(target, "p", "Select one in the table, the graph or the memory, or search for it.");
    return;
  }
  const columns = add(target, "div");
  columns.className = "columns";
  const left = add(columns, "div");
  const right = add(columns, "div");
  const titles = all("#layers thead th").map((cell) => cell.textContent);
  for (const row of chosen) {
    if (chosen.length > 1) add(left, "h3", row.dataset.layers);
    const list = add(left, "dl");
    all("td, th", row).slice(1).forEach((cell, index) => {
      if (!cell.textContent) return;
      add(list, "dt", titles[index + 1]);
      add(list, "dd", cell.textContent);
    });
  }
  right.className = "pictures";
  drawFields(right, chosen.at(-1));
  const names = new Set(chosen.map((row) => row.dataset.layers));
  const told = all("#decisions li").filter((item) => item.textContent.split(/[^\w.]+/).some((word) => names.has(word)));
  if (told.length) {
    add(left, "h3", "Decisions");
    const list = add(left, "ul");
    list.className = "reasons";
    for (const item of told) {
      const copy = item.cloneNode(true);
      copy.prepend(item.dataset.pass + ": ");
      list.append(copy);
    }
  }
  for (const figure of all("#maps figure").filter((figure) => names.has(figure.dataset.layers))) {
    const copy = figure.cloneNode(true);
    copy.classList.remove("selected");
    copy.removeAttribute("data-layers");
    right.append(copy);
  }
}

function matches() {
  const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const having = (text) => rows.filter((row) => words.every((word) => text(row).toLowerCase().includes(word)));
  // A layer's name is meant before a kind or a kernel of the same letters.
  const named = having((row) => row.dataset.layers);
  const shown = new Set(named.length ? named : having((row) => row.textContent));
  for (const row of rows) row.hidden = !shown.has(row);
  status.textContent = words.length ? `${shown.size} of ${rows.length} layers` : "";
}

function clear() {
  search.value = "";
  matches();
}

/** Selects the next or previous layer that the search shows. */
function step(by) {
  const shown = rows.filter((row) => !row.hidden);
  if (!shown.length) return;
  const at = shown.findIndex((row) => row.classList.contains("selected"));
  const next = at < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.min(Math.max(at + by, 0), shown.length - 1);
  select(namesOf(shown[next]));
}

search.addEventListener("input", matches);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    const shown = rows.filter((row) => !row.hidden);
    // An exact name comes before those that only contain it.
    const exact = shown.find((row) => row.dataset.layers === search.value.trim());
    if (shown.length) select(namesOf(exact ?? shown[0]));
  } else if (event.key === "Escape") {
    clear();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    step(event.key === "ArrowDown" ? 1 : -1);
  } else {
    return;
  }
  event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.target === search || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target.closest?.(".box, .buffer");
  if (event.key === "/") search.focus();
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "g") show(one("#show-written").ariaPressed === "true" ? "fused" : "written");
  else if ((event.key === "Enter" || event.key === " ") && target) select(namesOf(target));
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const target = event.target.closest(".box, .buffer, tbody tr, #maps figure");
  if (target) select(namesOf(target));
});

function show(which) {
  for (const name of ["written", "fused"]) {
    one(`#graph-${name}`).hidden = name !== which;
    one(`#show-${name}`).ariaPressed = String(name === which);
  }
  showGraph();
}
for (const name of ["written", "fused"]) one(`#show-${name}`).addEventListener("click", () => show(name));

let zoom = 1;
function magnify(factor) {
  zoom = Math.min(Math.max(zoom * factor, 0.2), 3);
  for (const picture of all(".graph-view svg")) {
    const { width, height } = picture.viewBox.baseVal;
    picture.setAttribute("width", width * zoom);
    picture.setAttribute("height", height * zoom);
  }
  showGraph();
}
one("#zoom-out").addEventListener("click", () => magnify(0.8));
one("#zoom-in").addEventListener("click", () => magnify(1.25));

for (const element of all(".box, .buffer")) {
  if (!element.dataset.layers) continue;
  element.setAttribute("tabindex", "0");
  element.setAttribute("role", "button");
  element.setAttribute("aria-label", element.querySelector("title").textContent);
}
select(location.hash.slice(1).split(",").filter(Boolean).map(decodeURIComponent));
