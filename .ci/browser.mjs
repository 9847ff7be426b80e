// Headless Chromium by WebDriver (https://www.w3.org/TR/webdriver2/): just what tests of pages need, without packages.

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

  async click(selector) {
    const element = await send("POST", `${this.address}/element`, { using: "css selector", value: selector });
    await send("POST", `${this.address}/element/${element[ELEMENT]}/click`, {});
  }

  /** Lets the page think that its reader prefers dark or light. */
  prefer(scheme) {
    const params = { features: [{ name: "prefers-color-scheme", value: scheme }] };
    return send("POST", `${this.address}/goog/cdp/execute`, { cmd: "Emulation.setEmulatedMedia", params });
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
