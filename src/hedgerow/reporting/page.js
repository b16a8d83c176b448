// Crosshair and values under it, lines that can be switched off, a choice of run. The page is
// complete without any of it. Text enters the page through textContent only.
(() => {
  "use strict";
  const root = document.documentElement;
  const tip = document.getElementById("tip");
  const pad = (n) => String(n).padStart(2, "0");

  const clock = (seconds) => {
    const d = new Date(seconds * 1000);
    return `${d.getUTCFullYear()}-${pad(d.getUTCMonth() + 1)}-${pad(d.getUTCDate())} ` +
      `${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())} UTC`;
  };
  const grouped = (value, decimals) => {
    const [whole, part] = Math.abs(value).toFixed(decimals).split(".");
    const sign = value < 0 && Number(value.toFixed(decimals)) !== 0 ? "-" : "";
    return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? "." + part : "");
  };
  const nearest = (times, wanted) => {
    let low = 0, high = times.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (times[middle] < wanted) low = middle; else high = middle;
    }
    return wanted - times[low] <= times[high] - wanted ? low : high;
  };
  const row = (left, right, style) => {
    const line = document.createElement("div");
    for (const text of [left, right]) {
      const part = document.createElement("span");
      part.textContent = text;
      line.append(part);
    }
    if (style) line.className = style;
    return line;
  };
  const hide = () => { tip.hidden = true; root.classList.remove("crossing"); };

  for (const figure of document.querySelectorAll("figure.chart")) {
    const plot = figure.querySelector(".plot");
    const keys = [...figure.querySelectorAll(".key")];
    const data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    const suffix = figure.dataset.suffix || "";
    let at = 0;

    const show = (seconds, x, y) => {
      at = Math.min(Math.max(seconds, 0), data.length);
      root.style.setProperty("--at", `${(at / data.length) * 100}%`);
      root.classList.add("crossing");
      const rows = [];
      let stamp = at;
      data.groups.forEach((group, g) => {
        if (!group.t.length) return;
        const i = nearest(group.t, at);
        stamp = group.t[i];
        group.v.forEach((values, n) => {
          const key = keys.find((k) => k.dataset.line === `${g}-${n}`);
          if (!key || key.getAttribute("aria-pressed") === "false" || !key.offsetParent) return;
          // null is unknown; false is known to have no number, and the key says why.
          const text = values[i] === null ? "unknown"
            : values[i] === false ? key.dataset.absent
            : grouped(values[i], data.decimals) + suffix;
          rows.push(row(key.textContent, text));
        });
      });
      tip.replaceChildren(row(clock(data.start + stamp), "", "time"), ...rows);
      tip.hidden = false;
      const box = tip.getBoundingClientRect();
      const left = x + 16 + box.width > window.innerWidth ? x - 16 - box.width : x + 16;
      tip.style.left = `${Math.max(4, left)}px`;
      tip.style.top = `${Math.max(4, Math.min(y + 12, window.innerHeight - box.height - 4))}px`;
    };
    const along = (event) => {
      const box = plot.getBoundingClientRect();
      show(((event.clientX - box.left) / box.width) * data.length, event.clientX, event.clientY);
    };
    plot.addEventListener("pointermove", along);
    plot.addEventListener("pointerdown", along);
    plot.addEventListener("pointerleave", hide);
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { hide(); return; }
      const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const times = data.groups.length ? data.groups[0].t : [];
      if (!way || !times.length) return;
      event.preventDefault();
      const i = nearest(times, at) + way * (event.shiftKey ? 20 : 1);
      const next = times[Math.min(Math.max(i, 0), times.length - 1)];
      const box = plot.getBoundingClientRect();
      show(next, box.left + (next / data.length) * box.width, box.top);
    });
    for (const key of keys) {
      key.addEventListener("click", () => {
        const on = key.getAttribute("aria-pressed") === "false";
        key.setAttribute("aria-pressed", String(on));
        figure.querySelector(`svg [data-line="${key.dataset.line}"]`).classList.toggle("off", !on);
      });
    }
  }

  for (const choice of document.querySelectorAll(".switch")) {
    choice.hidden = false;
    const buttons = [...choice.querySelectorAll("button")];
    for (const button of buttons) {
      button.addEventListener("click", () => {
        root.dataset.show = button.dataset.show;
        for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      });
    }
  }
  root.dataset.ready = String(document.querySelectorAll("figure.chart").length);
})();
