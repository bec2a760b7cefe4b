"use strict";
// Zooms all charts over time together. Without this script they show the whole run.
(() => {
  const box = document.querySelector(".zoom");
  const charts = document.getElementById("time-charts");
  if (!box || !charts || !charts.querySelector(".plot")) return;
  const all = 6000, least = 60;
  const select = box.querySelector("select"), said = box.querySelector("output");
  const axes = [...charts.querySelectorAll("g.time")];
  const end = Number(charts.firstElementChild.dataset.end);
  const whole = axes.map((axis) => axis.innerHTML);
  let from = 0, to = all;
  const seconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60,
    120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400, 604800];
  const text = (at) => {
    let rest = Math.round(at * 1000), shown = "";
    for (const [unit, size] of [["d", 864e5], ["h", 36e5], ["m", 6e4], ["s", 1e3], ["ms", 1]]) {
      const count = Math.floor(rest / size);
      rest -= count * size;
      if (count) shown += count + unit;
    }
    return shown || "0";
  };
  const mark = (axis, at, x) => {
    const y = Number(axis.dataset.y);
    const add = (name, values, said) => {
      const one = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const key in values) one.setAttribute(key, values[key]);
      if (said) one.textContent = said;
      axis.append(one);
    };
    add("path", { class: "mark", d: `M${x} ${y}v4` });
    add("text", { class: "tick", x, y: y + 16, "text-anchor": "middle" }, text(at));
  };
  const draw = () => {
    for (const plot of charts.querySelectorAll(".plot")) {
      const height = plot.viewBox.baseVal.height;
      plot.setAttribute("viewBox", `${from} 0 ${to - from} ${height}`);
    }
    for (const note of charts.querySelectorAll("[data-at]")) {
      const axis = note.ownerSVGElement.querySelector("g.time");
      const left = Number(axis.dataset.x), width = Number(axis.dataset.width);
      const x = left + (Number(note.dataset.at) - from) * width / (to - from);
      const last = left + width - Number(note.dataset.length);
      note.setAttribute("x", Math.round(Math.max(left, Math.min(x, last))));
    }
    axes.forEach((axis, nth) => {
      if (to - from === all) { axis.innerHTML = whole[nth]; return; }
      axis.replaceChildren();
      const left = Number(axis.dataset.x), width = Number(axis.dataset.width);
      const start = from / all * end, length = (to - from) / all * end;
      const step = seconds.find((one) => length / one <= width / 80) || seconds.at(-1);
      for (let at = Math.ceil(start / step) * step; at <= start + length; at += step) {
        mark(axis, at, Math.round(left + (at - start) / length * width));
      }
    });
    const at = (part) => text(part / all * end);
    said.textContent = to - from === all ? "" : `${at(from)} to ${at(to)}`;
    const chosen = `${from} ${to}`;
    if (select && select.value !== chosen && to - from === all) select.value = "0 6000";
  };
  const show = (start, length) => {
    length = Math.round(Math.max(least, Math.min(length, all)));
    from = Math.round(Math.max(0, Math.min(start, all - length)));
    to = from + length;
    draw();
  };
  const acts = {
    in: () => show(from + (to - from) / 4, (to - from) / 2),
    out: () => show(from - (to - from) / 2, (to - from) * 2),
    back: () => show(from - (to - from) / 2, to - from),
    on: () => show(from + (to - from) / 2, to - from),
    all: () => show(0, all),
  };
  box.addEventListener("click", (event) => {
    const act = acts[event.target.dataset.zoom];
    if (act) act();
  });
  if (select) select.addEventListener("change", () => {
    const [start, stop] = select.value.split(" ").map(Number);
    show(start, stop - start);
  });
  // A mouse marks the part to look at.
  let pressed = null;
  const place = (event) => {
    const plot = event.target.closest(".plot");
    if (!plot) return null;
    const box = plot.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    return from + share * (to - from);
  };
  charts.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse") pressed = place(event);
  });
  charts.addEventListener("pointerup", (event) => {
    const other = pressed === null ? null : place(event);
    if (other !== null && Math.abs(other - pressed) > (to - from) / 50) {
      show(Math.min(pressed, other), Math.abs(other - pressed));
    }
    pressed = null;
  });
  box.hidden = false;
  // Nothing is hidden on paper but the configurations.
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("main section:not(#setup) details:not([open])")) {
      one.open = true;
      one.dataset.printed = "";
    }
  });
  addEventListener("afterprint", () => {
    for (const one of document.querySelectorAll("details[data-printed]")) {
      one.open = false;
      delete one.dataset.printed;
    }
  });
})();
