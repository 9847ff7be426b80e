// Draws, lets the network read, and shows what it found.

const one = (selector) => document.querySelector(selector);
const canvas = one("#canvas");
const ink = canvas.getContext("2d", { willReadFrequently: true });
const status = one("#status");
const LAYERS = [["conv1", "32 maps of 28 × 28"], ["pool1", "32 maps of 14 × 14"], ["conv2", "64 maps of 14 × 14"],
  ["pool2", "64 maps of 7 × 7"]];

function fail(text) {
  status.textContent = text;
  status.classList.add("failed");
}

function add(parent, tag, text = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  parent.append(element);
  return element;
}

const rows = Array.from({ length: 10 }, (_, digit) => {
  const row = one("#probabilities tbody").insertRow();
  add(row, "th", digit).scope = "row";
  const track = add(row.insertCell(), "span");
  track.className = "track";
  return { row, bar: add(track, "i"), number: row.insertCell() };
});
const figures = LAYERS.map(([name, maps]) => {
  const figure = add(one(".grid"), "figure");
  const picture = add(figure, "canvas");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", `${maps} that ${name} gives`);
  const caption = add(figure, "figcaption");
  add(caption, "b", name);
  caption.append(` · ${maps}`);
  return { picture, most: add(caption, "span") };
});

const { instance } = await WebAssembly.instantiateStreaming(fetch("digits.wasm")).catch((error) => {
  fail(`The network cannot be loaded: ${error.message}`);
  throw error;
});
const network = instance.exports;

/** Numbers in the network's memory, until it is called again: the memory may move when it grows. */
const numbers = (Type, address, length) => new Type(network.memory.buffer, address, length);
const image = (address, width, height) => new ImageData(
  new Uint8ClampedArray(numbers(Uint8ClampedArray, address, width * height * 4)), width, height);

/** Reads what is drawn, and shows it. */
function read() {
  const side = network.side();
  const { data } = ink.getImageData(0, 0, side, side);
  numbers(Uint8ClampedArray, network.canvas(), data.length).set(data);
  const hasInk = network.read();
  one("#hint").hidden = hasInk;
  document.body.dataset.ink = hasInk ? "yes" : "no";
  if (!hasInk) return blank();

  const probabilities = [...numbers(Float32Array, network.probabilities(), 10)];
  const best = probabilities.indexOf(Math.max(...probabilities));
  one("#answer").textContent = best;
  rows.forEach(({ row, bar, number }, digit) => {
    const p = probabilities[digit];
    row.classList.toggle("best", digit === best);
    row.dataset.probability = p;
    bar.style.width = `${100 * p}%`;
    number.textContent = `${(100 * p).toFixed(2)} %`;
  });

  const seen = new ImageData(28, 28);
  numbers(Float32Array, network.image(), 28 * 28).forEach((grey, index) => { seen.data[4 * index + 3] = 255 * grey; });
  one("#image").getContext("2d").putImageData(seen, 0, 0);

  figures.forEach(({ picture, most }, layer) => {
    const [width, height] = [network.width(layer), network.height(layer)];
    if (picture.width !== width || picture.height !== height) Object.assign(picture, { width, height });
    picture.getContext("2d").putImageData(image(network.picture(layer), width, height), 0, 0);
    most.textContent = ` · 0 to ${network.most(layer).toFixed(2)}`;
  });
}

/** Shows that nothing is drawn. */
function blank() {
  one("#answer").textContent = "–";
  for (const { row, bar, number } of rows) {
    row.classList.remove("best");
    delete row.dataset.probability;
    bar.style.width = 0;
    number.textContent = "–";
  }
  one("#image").getContext("2d").clearRect(0, 0, 28, 28);
  figures.forEach(({ picture, most }, layer) => {
    // As wide and high as the maps will be, so that the page does not jump.
    const [columns, cells] = [[8, 28], [8, 14], [16, 14], [16, 7]][layer];
    Object.assign(picture, { width: columns * (cells + 1) - 1, height: 4 * (cells + 1) - 1 });
    most.textContent = "";
  });
}

/** Times predictions for long enough for the browser's clock, which is coarse on purpose. */
function time() {
  const start = performance.now();
  let [count, elapsed] = [0, 0];
  while (elapsed < 20) {
    network.repeat(8);
    count += 8;
    elapsed = performance.now() - start;
  }
  one("#time").textContent = (1000 * elapsed / count).toFixed(0);
}

// At most once a frame, however many events there are.
let waiting = false;
function changed() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    read();
  });
}

/** Where an event is on the paper. */
function place(event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
}

Object.assign(ink, { lineWidth: 18, lineCap: "round", lineJoin: "round" });
let pen = null; // The pointer that draws, and where it is: further fingers do nothing.

function line(to) {
  ink.beginPath();
  ink.moveTo(...pen.at);
  ink.lineTo(...to);
  ink.stroke();
  pen.at = to;
  changed();
}

canvas.addEventListener("pointerdown", (event) => {
  if (pen || event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  status.textContent = "";
  pen = { id: event.pointerId, at: place(event) };
  line(pen.at);
});
canvas.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pen?.id) return;
  for (const part of event.getCoalescedEvents?.() ?? []) line(place(part));
  line(place(event));
});
for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, (event) => {
    if (event.pointerId !== pen?.id) return;
    pen = null;
    read();
    time();
  });
}

function clear() {
  ink.clearRect(0, 0, canvas.width, canvas.height);
  status.textContent = "";
  read();
}

/** The test set of MNIST, fetched when it is first asked for: an array of images, of which each has 784 bytes, and labels. */
const testSet = (() => {
  const file = async (name, header) => {
    const response = await fetch(name);
    if (!response.ok) throw new Error(`${name}: ${response.statusText}`);
    const bytes = response.body.pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(bytes).arrayBuffer()).subarray(header);
  };
  let files;
  return () => files ??= Promise.all([file("t10k-images-idx3-ubyte.gz", 16), file("t10k-labels-idx1-ubyte.gz", 8)]);
})();

/** The image of each digit that was shown last. */
const shown = Array(10).fill(-1);

/** Puts the next test image of a digit on the paper. */
async function sample(digit) {
  const [images, labels] = await testSet();
  let index = labels.indexOf(digit, shown[digit] + 1);
  if (index < 0) index = labels.indexOf(digit);
  shown[digit] = index;
  const small = new OffscreenCanvas(28, 28);
  const data = new ImageData(28, 28);
  images.subarray(784 * index, 784 * (index + 1)).forEach((grey, pixel) => { data.data[4 * pixel + 3] = grey; });
  small.getContext("2d").putImageData(data, 0, 0);
  ink.clearRect(0, 0, canvas.width, canvas.height);
  ink.imageSmoothingEnabled = false;
  ink.drawImage(small, 0, 0, canvas.width, canvas.height);
  status.textContent = `Test image ${index}, a ${digit}`;
  read();
  time();
}

const show = (digit) => sample(digit).catch((error) => fail(`The test set cannot be read: ${error.message}`));
for (let digit = 0; digit < 10; digit++) {
  const button = add(one(".samples"), "button", digit);
  button.type = "button";
  button.setAttribute("aria-label", `A ${digit} of the test set`);
  button.addEventListener("click", () => show(digit));
}
one("#clear").addEventListener("click", clear);
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Escape") clear();
  else if (/^[0-9]$/.test(event.key)) show(Number(event.key));
});
clear();
document.body.dataset.ready = "";
