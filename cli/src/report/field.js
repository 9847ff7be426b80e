"use strict";
// Draws what a cell of a layer sees of an input, from the numbers in the layer's row. The unit is a pixel of the input; the
// first one has its corner at the origin. Pointer and arrow keys choose the cell.

/** Up to so many rows and columns each pixel has its outline. */
const OUTLINED = 64;
/** What lies outside of an input is shown to this share of its sides. */
const OUTSIDE = 0.5;

function shape(parent, tag, attributes) {
  const element = document.createElementNS(one("svg").namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent.append(element);
  return element;
}

/** The inputs, each with the field of the layer's middle cell. */
function drawFields(parent, row) {
  const inputs = JSON.parse(one("#layers table").dataset.inputs);
  const sees = JSON.parse(row.dataset.sees);
  for (const index of sees.inputs) {
    if (inputs[index]) drawField(parent, row.dataset.layers, sees, inputs[index]);
  }
}

function drawField(parent, layer, { field, cells }, [input, ...sides]) {
  const axes = [0, 1];
  const reach = (cell) => axes.map((axis) => {
    if (!field) return { start: 0, length: sides[axis] };
    const middle = field.centre[axis] + cell[axis] * field.stride[axis];
    return { start: middle - (field.size[axis] - 1) / 2, length: field.size[axis] };
  });
  const [first, last] = [reach([0, 0]), reach(cells.map((count) => count - 1))];
  const view = axes.map((axis) => {
    const most = OUTSIDE * sides[axis];
    const before = Math.min(Math.max(0, -first[axis].start), most);
    const after = Math.min(Math.max(0, last[axis].start + last[axis].length - sides[axis]), most);
    const margin = 0.03 * Math.max(...sides);
    return { start: -before - margin, length: before + sides[axis] + after + 2 * margin };
  });

  const figure = add(parent, "figure");
  figure.className = "field";
  const caption = add(figure, "figcaption");
  const [rows, columns] = view;
  const picture = shape(figure, "svg", {
    viewBox: `${columns.start} ${rows.start} ${columns.length} ${rows.length}`, role: "img", tabindex: 0,
  });
  shape(picture, "rect", { class: "input", width: sides[1], height: sides[0] });
  if (Math.max(...sides) <= OUTLINED) {
    let lines = "";
    for (let y = 1; y < sides[0]; y++) lines += `M0 ${y}h${sides[1]}`;
    for (let x = 1; x < sides[1]; x++) lines += `M${x} 0v${sides[0]}`;
    shape(picture, "path", { class: "pixels", d: lines });
  }
  const moving = shape(picture, "g", {});
  const rectangle = (name, [rows, columns]) => shape(moving, "rect", {
    class: name, x: columns.start, y: rows.start, width: columns.length, height: rows.length,
  });

  let cell = cells.map((count) => Math.floor(count / 2));
  function draw() {
    moving.replaceChildren();
    const whole = reach(cell);
    const within = whole.map(({ start, length }, axis) => {
      const begin = Math.min(Math.max(start, 0), sides[axis]);
      return { start: begin, length: Math.max(Math.min(start + length, sides[axis]) - begin, 0) };
    });
    rectangle("seen", within);
    for (const axis of axes) {
      const next = cell.map((index, other) => index + (other === axis ? 1 : 0));
      if (field && next[axis] < cells[axis]) rectangle("next", reach(next));
    }
    rectangle("whole", whole);
    shape(moving, "circle", {
      class: "centre", cx: whole[1].start + whole[1].length / 2, cy: whole[0].start + whole[0].length / 2,
      r: 0.006 * Math.max(rows.length, columns.length),
    });
    caption.replaceChildren();
    add(caption, "b", layer);
    caption.append(words(whole, within));
    picture.setAttribute("aria-label", caption.textContent);
  }
  function words(whole, within) {
    if (!field) return ` sees all of ${input}, ${sides.join("×")}`;
    const inside = whole.every(({ start, length }, axis) => start >= 0 && start + length <= sides[axis]);
    const mean = whole.every(({ start, length }) => Number.isInteger(start) && Number.isInteger(length)) ? "" : "about ";
    const size = field.size.map((length) => Math.ceil(length)).join("×");
    const lines = ({ start, length }) => `${Math.floor(start)} to ${Math.ceil(start + length) - 1}`;
    const seen = within.every(({ length }) => length > 0)
      ? `rows ${lines(within[0])}, columns ${lines(within[1])}` : "nothing";
    return ` cell ${cell.join(", ")} of ${cells.join("×")} sees ${mean}${size} pixels` +
      `${inside ? "" : ", padding included"}; of ${input}, ${sides.join("×")}: ${seen}`;
  }
  function move(to) {
    const next = to.map((index, axis) => Math.min(Math.max(index, 0), cells[axis] - 1));
    if (next.join() === cell.join()) return;
    cell = next;
    draw();
  }
  picture.addEventListener("pointermove", (event) => {
    if (!field) return;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
    move([y, x].map((at, axis) => Math.round((at - 0.5 - field.centre[axis]) / field.stride[axis])));
  });
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    move(cell.map((index, axis) => index + step[axis]));
    event.preventDefault();
  });
  draw();
}
