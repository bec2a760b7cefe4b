// Opens pages in a headless browser and checks what only a browser tells: nothing is asked of the
// network, no script fails, charts are drawn, every control works by keyboard, and axe-core finds
// nothing, in light and dark, wide and narrow, and for print.
//
//   node check.mjs CHROMIUM PAGE... [--shots DIR]
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, resolve } from "node:path";
import { chromium } from "playwright-core";

const args = process.argv.slice(2);
const at = args.indexOf("--shots");
const shots = at < 0 ? null : args.splice(at, 2)[1];
const [executablePath, ...pages] = args;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const problems = [];
let checks = 0;

function expect(holds, what) {
  checks += 1;
  if (!holds) problems.push(what);
}

const browser = await chromium.launch({ executablePath, args: flags });
for (const file of pages) {
  const url = "file://" + resolve(file);
  for (const [name, colorScheme, width] of
    [["light", "light", 1200], ["dark", "dark", 1200], ["phone", "light", 390]]) {
    const where = `${basename(file)}, ${name}`;
    // axe-core is run beside the page's own policy, which allows no other script.
    const context = await browser.newContext({
      bypassCSP: true, colorScheme, viewport: { width, height: 900 },
    });
    const page = await context.newPage();
    page.on("request", (request) => {
      const own = [url, "data:"].some((start) => request.url().startsWith(start));
      expect(own, `${where}: asks for ${request.url()}`);
    });
    page.on("console", (said) => expect(said.type() !== "error", `${where}: ${said.text()}`));
    page.on("pageerror", (error) => expect(false, `${where}: ${error.message}`));
    await page.goto(url);
    await drawn(page, where, width);
    if (name === "light") await byKeyboard(page, where);
    // What is folded is looked at as well.
    await page.evaluate(() => {
      for (const one of document.querySelectorAll("details")) one.open = true;
    });
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    for (const one of found.violations) {
      expect(false, `${where}: ${one.id}: ${one.help}: ${one.nodes[0].html.slice(0, 160)}`);
    }
    if (shots) {
      mkdirSync(shots, { recursive: true });
      const path = `${shots}/${basename(file, ".html")}-${name}.png`;
      await page.screenshot({ path, fullPage: true });
    }
    await context.close();
  }
}
await browser.close();

// Every visible chart has text and lines inside its own frame, and the page is no wider than its
// window.
async function drawn(page, where, width) {
  const charts = await page.evaluate(() => {
    const seen = [...document.querySelectorAll("svg.chart")];
    const shown = seen.filter((chart) => chart.checkVisibility());
    return shown.map((chart) => {
      const frame = chart.getBoundingClientRect();
      const texts = [...chart.querySelectorAll("text")].map((one) => one.getBoundingClientRect());
      const out = texts.filter((one) => one.left < frame.left - 2 || one.right > frame.right + 2);
      const over = texts.filter((one, nth) => texts.slice(nth + 1).some((other) =>
        one.left < other.right - 1 && other.left < one.right - 1 &&
        one.top < other.bottom - 4 && other.top < one.bottom - 4));
      const lines = [...chart.querySelectorAll("path")].filter((one) => one.getAttribute("d"));
      return [frame.width, frame.height, lines.length, out.length, over.length];
    });
  });
  const intervals = await page.locator("svg.interval").count();
  expect(charts.length + intervals > 0, `${where}: has no chart`);
  charts.forEach(([wide, high, lines, out, over], nth) => {
    expect(wide > 200 && high > 10 && lines > 0, `${where}: chart ${nth} is empty`);
    expect(out === 0, `${where}: chart ${nth} has ${out} texts outside`);
    expect(over === 0, `${where}: chart ${nth} has ${over} texts over others`);
  });
  const all = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(all <= width, `${where}: is ${all} pixels wide`);
}

// Tab reaches every control that is shown, and the zoom does what its buttons say.
async function byKeyboard(page, where) {
  const wanted = await page.evaluate(() => {
    const controls = [...document.querySelectorAll("a, button, select, summary, [tabindex]")];
    const shown = controls.filter((one) => one.checkVisibility());
    shown.forEach((one, nth) => { one.dataset.nth = nth; });
    return shown.length;
  });
  const reached = new Set();
  for (let step = 0; step < wanted * 2 && reached.size < wanted; step += 1) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement.dataset.nth));
  }
  reached.delete(undefined);
  expect(reached.size === wanted, `${where}: Tab reaches ${reached.size} of ${wanted} controls`);
  if (!await page.locator(".zoom").count()) return;
  const view = () => page.locator(".chart.wide .plot").first().getAttribute("viewBox");
  const whole = await view();
  await page.locator("[data-zoom=in]").focus();
  await page.keyboard.press("Enter");
  const half = await view();
  expect(half !== whole, `${where}: the zoom changes nothing`);
  expect(await page.locator(".zoom output").textContent() !== "", `${where}: says no time`);
  await page.locator("[data-zoom=on]").press("Enter");
  expect(await view() !== half, `${where}: the zoom does not move`);
  const select = page.locator(".zoom select");
  if (await select.count()) {
    await select.selectOption({ index: 1 });
    const value = await select.inputValue();
    const [from, to] = value.split(" ").map(Number);
    const shown = (await view()).split(" ").map(Number);
    expect(Math.abs(shown[0] - from) < 70 && shown[2] <= Math.max(to - from, 60),
      `${where}: shows ${shown} for ${value}`);
  }
  await page.locator("[data-zoom=all]").press("Enter");
  expect(await view() === whole, `${where}: the zoom does not end`);
}

for (const problem of problems) console.error(problem);
console.log(`${pages.length} pages, ${checks} checks, ${problems.length} problems`);
process.exit(problems.length ? 1 : 0);
