// Headless Chromium by WebDriver (https://www.w3.org/TR/webdriver2/): just what tests of pages need, without packages.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
export const KEYS = { enter: "\uE007", escape: "\uE00C", tab: "\uE004", down: "\uE015", up: "\uE013" };

/** Runs `test` with a browser of its own. */
export async function withBrowser(test) {
  const profile = mkdtempSync(join(tmpdir(), "browser-"));
  const driver = spawn("chromedriver", ["--port=0"], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = await new Promise((resolve, reject) => {
      let text = "";
      driver.stdout.on("data", (data) => {
        text += data;
        const found = /started successfully on port (\d+)/.exec(text);
        if (found) resolve(found[1]);
      });
      driver.on("error", reject);
      driver.on("exit", () => reject(new Error(`chromedriver ended: ${text}`)));
    });
    const base = `http://127.0.0.1:${port}/session`;
    // Without these, Chromium looks for its maker's servers.
    const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
      "--disable-background-networking", "--disable-component-update", "--window-size=1500,1100",
      `--user-data-dir=${profile}`];
    const options = { "goog:chromeOptions": { args }, "goog:loggingPrefs": { browser: "ALL" } };
    const { sessionId } = await send("POST", base, { capabilities: { alwaysMatch: options } });
    try {
      await test(new Browser(`${base}/${sessionId}`));
    } finally {
      // Ends the browser, which still writes to its profile.
      await send("DELETE", `${base}/${sessionId}`);
    }
  } finally {
    driver.kill();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

async function send(method, address, body) {
  const response = await fetch(address, { method, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
  return value;
}

class Browser {
  constructor(address) {
    this.address = address;
  }

  open(page) {
    return send("POST", `${this.address}/url`, { url: page });
  }

  /** What a function gives in the page. */
  run(script, ...args) {
    const code = `return (${script}).apply(null, arguments)`;
    return send("POST", `${this.address}/execute/sync`, { script: code, args });
  }

  /** Presses keys, wherever the focus is. */
  async press(keys) {
    const actions = [...keys].flatMap((value) => ["keyDown", "keyUp"].map((type) => ({ type, value })));
    await send("POST", `${this.address}/actions`, { actions: [{ type: "key", id: "keys", actions }] });
  }

  /** Draws lines, each a list of places in the window, with a "mouse", "touch" or "pen". */
  async draw(lines, pointerType) {
    const move = ([x, y]) => ({ type: "pointerMove", duration: 0, x, y });
    const actions = lines.flatMap(([first, ...rest]) =>
      [move(first), { type: "pointerDown", button: 0 }, ...rest.map(move), { type: "pointerUp", button: 0 }]);
    const pointer = { type: "pointer", id: pointerType, parameters: { pointerType }, actions };
    await send("POST", `${this.address}/actions`, { actions: [pointer] });
  }

  async click(selector) {
    const element = await send("POST", `${this.address}/element`, { using: "css selector", value: selector });
    await send("POST", `${this.address}/element/${element[ELEMENT]}/click`, {});
  }

  /** Lets the page think that its reader prefers dark or light. */
  prefer(scheme) {
    const params = { features: [{ name: "prefers-color-scheme", value: scheme }] };
    return send("POST", `${this.address}/goog/cdp/execute`, { cmd: "Emulation.setEmulatedMedia", params });
  }

  /** Lets the page think that its window has this size. */
  size(width, height) {
    const params = { width, height, deviceScaleFactor: 1, mobile: true };
    return send("POST", `${this.address}/goog/cdp/execute`, { cmd: "Emulation.setDeviceMetricsOverride", params });
  }

  async picture(path) {
    writeFileSync(path, Buffer.from(await send("GET", `${this.address}/screenshot`), "base64"));
  }

  /** What the page has complained of since it was asked last. */
  async complaints() {
    const log = await send("POST", `${this.address}/se/log`, { type: "browser" });
    return log.map((entry) => entry.message);
  }
}

/** Text stands out from what is behind it as WCAG 2 asks of normal text. Each pair is a text and its property, what is
 * behind it and its property; the first pair's back is the page's. */
export async function readable(browser, scheme, pairs) {
  const colours = await browser.run((pairs) => {
    const colour = (selector, property) => getComputedStyle(document.querySelector(selector))[property];
    return pairs.map(([text, one, back, other]) => [text, colour(text, one), colour(back, other)]);
  }, pairs);
  const light = (colour) => {
    const channels = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255);
    const linear = channels.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  for (const [text, colour, back] of colours) {
    const [least, most] = [light(colour), light(back)].sort((a, b) => a - b);
    const contrast = (most + 0.05) / (least + 0.05);
    assert.ok(contrast >= 4.5, `${text} in ${scheme}: ${colour} on ${back} has a contrast of ${contrast.toFixed(2)}`);
  }
  const back = light(colours[0][2]);
  assert.ok(scheme === "dark" ? back < 0.1 : back > 0.9, `the page is not ${scheme}`);
}
