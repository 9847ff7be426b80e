// `report.mjs input FILE` writes the first test image of MNIST, a seven, as an .npy file; `report.mjs test FOLDER` tests
// the pages of MNIST, made of it, and of ResNet-50.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";

import { KEYS, readable, withBrowser } from "./browser.mjs";

/** What `readable` compares. */
const PAIRS = [
  ["h1", "color", "body", "backgroundColor"],
  ["header p", "color", "body", "backgroundColor"],
  ["th", "color", "th", "backgroundColor"],
  ["#layers tbody td button", "color", "body", "backgroundColor"],
  ["#details dt", "color", "#details", "backgroundColor"],
  ["figcaption", "color", "figure", "backgroundColor"],
  [".field .whole", "stroke", ".field .input", "fill"],
  ["#decisions li.declined", "color", "body", "backgroundColor"],
  ['[aria-pressed="true"]', "color", '[aria-pressed="true"]', "backgroundColor"],
  ["#graph-written .name", "fill", "#graph-written .box:not(.selected) .body", "fill"],
  ["#graph-written .box text:last-child", "fill", "#graph-written .box:not(.selected) .body", "fill"],
  ["#graph-written .box.selected text:last-child", "fill", "#graph-written .box.selected .body", "fill"],
  ["#graph-written .shape", "fill", "body", "backgroundColor"],
  ["#memory .step", "fill", "body", "backgroundColor"],
];

const [command, path] = process.argv.slice(2);

if (command === "input") {
  const pixels = gunzipSync(readFileSync("models/data/t10k-images-idx3-ubyte.gz")).subarray(16, 16 + 784);
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (28, 28), }".padEnd(117) + "\n";
  const numbers = Float32Array.from(pixels, (pixel) => pixel / 255);
  writeFileSync(path, Buffer.concat([Buffer.from("\x93NUMPY\x01\x00\x76\x00" + header, "latin1"), Buffer.from(numbers.buffer)]));
} else {
  await withBrowser(async (browser) => {
    const page = (name) => browser.open(pathToFileURL(resolve(path, `${name}.html`)).href);
    for (const scheme of ["light", "dark"]) {
      await browser.prefer(scheme);
      await page("mnist");
      await mnist(browser);
      await readable(browser, scheme, PAIRS);
      await browser.picture(resolve(path, `mnist-${scheme}.png`));
      await page("resnet50");
      await resnet(browser);
      await browser.picture(resolve(path, `resnet50-${scheme}.png`));
    }
    assert.deepEqual(await browser.complaints(), []);
  });
  console.log("the pages behave");
}

/** The layers that are selected in the table, and the boxes of the graph that shows, with whether each can be seen. */
function selection() {
  const seen = (element) => {
    const [inner, outer] = [element, element.closest(".scroll")].map((one) => one.getBoundingClientRect());
    return inner.top >= outer.top && inner.bottom <= outer.bottom && inner.left >= outer.left && inner.right <= outer.right;
  };
  const all = (selector) => [...document.querySelectorAll(selector)];
  return {
    rows: all("#layers tr.selected").map((row) => row.dataset.layers),
    rowsSeen: all("#layers tr.selected td:first-child button").every(seen),
    boxes: all(".graph-view:not([hidden]) .box.selected").map((box) => box.dataset.layers),
    boxesSeen: all(".graph-view:not([hidden]) .box.selected").some(seen),
    title: document.querySelector("#details h2").textContent,
    address: location.hash,
  };
}

async function mnist(browser) {
  // Nothing comes from elsewhere.
  const addresses = await browser.run(() =>
    [...document.querySelectorAll("[src], [href]")].map((one) => one.getAttribute("src") ?? one.getAttribute("href")));
  assert.ok(addresses.length > 5 && addresses.every((address) => address.startsWith("data:")), addresses.join());

  // By keys alone: search for a layer and select it.
  await browser.press("/conv2");
  assert.equal(await browser.run(() => document.querySelector("#status").textContent), "1 of 7 layers");
  await browser.press(KEYS.enter);
  let found = await browser.run(selection);
  assert.deepEqual(found, { rows: ["conv2"], rowsSeen: true, boxes: ["conv2"], boxesSeen: true, title: "conv2", address: "#conv2" });
  const details = await browser.run(() => document.querySelector("#details").innerText);
  for (const words of ["18,496", "3,612,672", "Winograd 4×4", "fuse_pooling", "14×14×64"]) {
    assert.ok(details.includes(words), `no ${words} in ${details}`);
  }

  // As fused, the same layer is a part of a box.
  await browser.press(KEYS.escape + KEYS.tab);
  await browser.press("g");
  found = await browser.run(selection);
  assert.deepEqual(found.boxes, ["conv2 max_pool2d_2"]);
  assert.ok(found.boxesSeen);
  await browser.press("gj");
  assert.deepEqual((await browser.run(selection)).rows, ["max_pool2d_2"]);
  await browser.press("k");
  assert.deepEqual((await browser.run(selection)).rows, ["conv2"]);

  // What its middle cell sees, by hand: 8×8 pixels from the twelfth on, 2 for each cell.
  let seen = await browser.run(field);
  assert.deepEqual(seen.rectangle, { x: 11, y: 11, width: 8, height: 8 });
  assert.ok(seen.caption.startsWith("conv2 cell 7, 7 of 14×14 sees 8×8 pixels; of input, 28×28: rows 11 to 18"), seen.caption);
  // On the page it is as much of the input as the numbers say.
  assert.ok(Math.abs(seen.share - 8 / 28) < 0.01, `${seen.share}`);
  await browser.run(() => document.querySelector("#details .field svg").focus());
  await browser.press(KEYS.up + KEYS.up);
  seen = await browser.run(field);
  assert.deepEqual([seen.rectangle.x, seen.rectangle.y], [11, 7]);
  // The pointer, in the middle of the picture, is as near to this cell as to the one before.
  await browser.click("#details .field svg");
  assert.ok([9, 11].includes((await browser.run(field)).rectangle.y));

  // By the mouse, in the graph and in the memory; by Enter on a box that has the focus.
  await browser.click('#graph-written .box[data-layers="fc1"]');
  found = await browser.run(selection);
  assert.deepEqual([found.rows, found.title], [["fc1"], "fc1"]);
  await browser.run(() => document.querySelector('#graph-written .box[data-layers="conv1"]').focus());
  await browser.press(KEYS.enter);
  assert.deepEqual((await browser.run(selection)).rows, ["conv1"]);
  await browser.click('#memory .buffer[data-layers="conv2 max_pool2d_2"]:not(.scratch) text');
  assert.deepEqual((await browser.run(selection)).rows, ["conv2", "max_pool2d_2"]);

  // What the network sees: 32 maps of 28×28 in one picture, and a seven at the end.
  await browser.click('#layers tr[data-layers="fc2"] button');
  const numbers = await browser.run(() =>
    [...document.querySelectorAll("#details .numbers > div")].map((one) => one.textContent));
  assert.equal(numbers.length, 20);
  assert.ok(Number(numbers[15]) > 0.99, numbers.join(" "));
  const [width, height] = await browser.run(() => {
    const picture = document.querySelector('#maps figure[data-layers="conv1"] img');
    return [picture.naturalWidth, picture.naturalHeight];
  });
  const tiles = ((width + 1) / 29) * ((height + 1) / 29);
  assert.ok(Number.isInteger(tiles) && tiles >= 32 && tiles < 42, `${width} ${height}`);
  await browser.press("/conv2" + KEYS.enter);
}

/** The receptive field that is drawn: its rectangle in pixels of the input, and as a share of the input's width. */
function field() {
  const part = (name) => document.querySelector(`#details .field .${name}`);
  const number = (name) => Number(part("whole").getAttribute(name));
  return {
    rectangle: { x: number("x"), y: number("y"), width: number("width"), height: number("height") },
    share: part("whole").getBoundingClientRect().width / part("input").getBoundingClientRect().width,
    caption: document.querySelector("#details .field figcaption").textContent,
    table: document.querySelector("#layers tr.selected").children[5].textContent,
  };
}

async function resnet(browser) {
  await browser.press("/layer3.2.conv2" + KEYS.enter);
  let found = await browser.run(selection);
  assert.deepEqual([found.rows, found.boxes], [["layer3.2.conv2"], ["layer3.2.conv2"]]);
  assert.ok(found.rowsSeen && found.boxesSeen);
  // Selected in the graph, a layer that the search hides is shown in the table again.
  await browser.run(() => {
    const box = document.querySelector('#graph-written .box[data-layers="layer4.2.bn3"]');
    box.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  });
  found = await browser.run(selection);
  assert.deepEqual([found.rows, found.rowsSeen, found.boxesSeen], [["layer4.2.bn3"], true, true]);
  // The field is larger than the input: its rectangle is what the table says, and the rest is padding.
  const { rectangle, table, caption } = await browser.run(field);
  assert.equal(`${rectangle.height}×${rectangle.width}`, table);
  assert.ok(rectangle.x < 0 && caption.includes(`sees ${table} pixels, padding included; of input, 224×224`), caption);
  await browser.click("#show-fused");
  found = await browser.run(selection);
  assert.deepEqual(found.boxes, ["layer4.2.conv3 layer4.2.bn3 layer4.2.add_1 layer4.2.relu_3"]);
  assert.ok(found.boxesSeen);
}
