// Tests the page of examples/web, which it serves, and leaves pictures of it: node .ci/web.mjs FOLDER

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";

import { KEYS, readable, withBrowser } from "./browser.mjs";
import { strokes } from "./strokes.mjs";

const [folder] = process.argv.slice(2);
const DIGITS = 30;
const file = (name, header) => gunzipSync(readFileSync(`models/data/t10k-${name}-ubyte.gz`)).subarray(header);
const [images, labels] = [file("images-idx3", 16), file("labels-idx1", 8)];

await withServer(async (address) => {
  await withBrowser(async (browser) => {
    for (const scheme of ["light", "dark"]) {
      await browser.prefer(scheme);
      await browser.open(address);
      await until(browser, () => document.body.dataset.ready !== undefined);
      assert.deepEqual(await state(browser), { answer: "–", probabilities: [], ink: "no" });
      await (scheme === "light" ? drawing(browser) : samples(browser));
      await readable(browser, scheme, [
        ["h1", "color", "body", "backgroundColor"],
        ["header p", "color", "body", "backgroundColor"],
        ["dt", "color", "dl div", "backgroundColor"],
        ["td", "color", "section", "backgroundColor"],
        ["figcaption", "color", "section", "backgroundColor"],
        ["#status", "color", "section", "backgroundColor"],
        ["button", "color", "button", "backgroundColor"],
        ["kbd", "color", "button", "backgroundColor"],
      ]);
      await browser.picture(resolve(folder, `${scheme}.png`));
    }
    // As on a telephone.
    await browser.size(390, 844);
    assert.ok(await browser.run(() => document.documentElement.scrollWidth <= innerWidth), "wider than the screen");
    await browser.picture(resolve(folder, "narrow.png"));
    assert.deepEqual(await browser.complaints(), []);
  });
});

/** Serves the page on a free port. */
async function withServer(test) {
  const server = spawn("examples/web/serve", ["0"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const address = await new Promise((found, failed) => {
      let text = "";
      server.stdout.on("data", (data) => {
        text += data;
        const match = /http:\/\/127\.0\.0\.1:\d+\//.exec(text);
        if (match) found(match[0]);
      });
      server.on("error", failed);
      server.on("exit", () => failed(new Error(`the server ended: ${text}`)));
    });
    await test(address);
  } finally {
    server.kill();
  }
}

async function until(browser, condition, ...args) {
  for (let tries = 0; tries < 200; tries++) {
    if (await browser.run(condition, ...args)) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`not in ten seconds: ${condition}\n${await browser.complaints()}`);
}

function state(browser) {
  return browser.run(() => ({
    answer: document.querySelector("#answer").textContent,
    probabilities: [...document.querySelectorAll("tr[data-probability]")].map((row) => Number(row.dataset.probability)),
    ink: document.body.dataset.ink,
  }));
}

/** The probabilities are some, and the answer is the largest. */
function consistent({ answer, probabilities }) {
  assert.equal(probabilities.length, 10);
  assert.ok(probabilities.every((p) => p >= 0 && p <= 1), probabilities.join());
  const sum = probabilities.reduce((sum, p) => sum + p);
  assert.ok(Math.abs(sum - 1) < 1e-5, `the sum is ${sum}`);
  assert.equal(Number(answer), probabilities.indexOf(Math.max(...probabilities)));
}

/** The colours in a layer's picture, and how many numbers are not dark. */
function colours(browser, layer) {
  return browser.run((layer) => {
    const canvas = document.querySelectorAll(".grid canvas")[layer];
    const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const pixels = Array.from({ length: width * height }, (_, index) => [...data.subarray(4 * index, 4 * index + 4)].join());
    return { size: [width, height], cells: pixels.filter((pixel) => pixel.endsWith("255")).length, kinds: new Set(pixels).size,
      hasLightest: pixels.includes("253,231,37,255") };
  }, layer);
}

/** Draws test digits with mouse, finger and pen. */
async function drawing(browser) {
  const wrong = [];
  for (let index = 0; index < DIGITS; index++) {
    await browser.press(KEYS.escape);
    assert.equal((await state(browser)).ink, "no");
    const pixels = images.subarray(784 * index, 784 * (index + 1));
    const box = await browser.run(() => {
      const { left, top, width } = document.querySelector("#canvas").getBoundingClientRect();
      return { left, top, scale: width / 28 };
    });
    const lines = strokes(pixels, 28).map((stroke) =>
      stroke.map(([x, y]) => [Math.round(box.left + x * box.scale), Math.round(box.top + y * box.scale)]));
    await browser.draw(lines, ["mouse", "touch", "pen"][index % 3]);
    await until(browser, () => document.body.dataset.ink === "yes");
    const found = await state(browser);
    consistent(found);
    if (Number(found.answer) !== labels[index]) wrong.push(`${index}, a ${labels[index]}, as ${found.answer}`);
  }
  console.log(`${DIGITS - wrong.length} of ${DIGITS} drawn digits were read right; wrong: ${wrong.join("; ") || "none"}`);
  assert.ok(wrong.length <= DIGITS / 10, wrong.join("; "));

  const cells = [[231, 115, 32 * 784], [119, 59, 32 * 196], [239, 59, 64 * 196], [127, 31, 64 * 49]];
  for (const [layer, [width, height, count]] of cells.entries()) {
    const found = await colours(browser, layer);
    assert.deepEqual([...found.size, found.cells], [width, height, count]);
    assert.ok(found.hasLightest && found.kinds > 50, JSON.stringify(found));
  }
  const time = Number(await browser.run(() => document.querySelector("#time").textContent));
  assert.ok(time > 0, `${time}`);
  console.log(`${time} µs a prediction`);
}

/** By keys and buttons alone: test images, as the page has them. */
async function samples(browser) {
  let right = 0;
  for (const digit of "0123456789") {
    await browser.press(digit);
    const label = `, a ${digit}`;
    await until(browser, (label) => document.querySelector("#status").textContent.endsWith(label), label);
    const found = await state(browser);
    consistent(found);
    right += found.answer === digit;
  }
  assert.ok(right >= 9, `${right} of 10 test images were read right`);
  await browser.click("#clear");
  assert.deepEqual(await state(browser), { answer: "–", probabilities: [], ink: "no" });
  await browser.click(".samples button:nth-of-type(9)");
  await until(browser, () => document.body.dataset.ink === "yes");
}
