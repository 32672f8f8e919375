// The few things that links and forms cannot do. No page needs it to be read.
"use strict";
(() => {
  const kept = localStorage.getItem("theme");
  if (kept) document.documentElement.dataset.theme = kept;
  const dark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };

  // Another page of this site has chosen: beside a notebook, JupyterLab has.
  addEventListener("storage", (event) => {
    if (event.key !== "theme" || !event.newValue) return;
    document.documentElement.dataset.theme = event.newValue;
    charts();
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if ("copy" in button.dataset) {
      await navigator.clipboard.writeText(button.parentElement.querySelector("pre").textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    } else if ("themeSwitch" in button.dataset) {
      const chosen = dark() ? "light" : "dark";
      localStorage.setItem("theme", chosen);
      document.documentElement.dataset.theme = chosen;
      charts();
    } else if ("insert" in button.dataset) {
      // JupyterLab, around this page, puts it into the notebook.
      const code = button.dataset.insert || button.parentElement.querySelector("pre").textContent;
      parent.postMessage({ studiolo: "code", code }, location.origin);
    } else if ("open" in button.dataset) {
      const title = document.querySelector("h1")?.textContent ?? document.title;
      parent.postMessage({ studiolo: "open", title, path: location.pathname + location.search }, location.origin);
    } else if ("latest" in button.dataset) {
      const log = document.querySelector("[data-follow]");
      log.scrollTop = log.scrollHeight;
    }
  });

  // What cannot be undone is asked once more.
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.ask ?? event.target.dataset.ask;
    if (question && !confirm(question)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  // A form that is refused stays as it was filled in, with the service's words beside it.
  document.addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter;
    const method = button?.getAttribute("formmethod") ?? form.method;
    if (event.defaultPrevented || method !== "post") return;
    event.preventDefault();
    if (form.ariaBusy) return;
    form.ariaBusy = "true";
    if (form.dataset.history) remember(form);
    const late = setTimeout(() => told(form, words(`${LATE} What was sent waits for it.`)), PATIENCE);
    let said;
    try {
      const answer = await fetch(button?.getAttribute("formaction") ?? form.action, {
        method: "POST", body: new URLSearchParams(new FormData(form, button)), headers: { "x-studiolo-form": "1" },
      });
      const next = answer.headers.get("x-studiolo-go");
      if (next) return location.assign(next);
      const text = await answer.text();
      const page = new DOMParser().parseFromString(text, "text/html"), main = page.getElementById("main");
      if (answer.ok && main) {
        document.getElementById("main").replaceChildren(...main.childNodes);
        htmx.process(document.getElementById("main"));
        earlier();
        return charts();
      }
      // Signed out, meanwhile or by this.
      if (answer.ok || answer.status === 401) return location.reload();
      said = page.querySelector(".refusal") ?? words(text);
    } catch {
      said = words("Studiolo does not answer. What is filled in here stays: send it again when it runs.");
    } finally {
      clearTimeout(late);
    }
    form.ariaBusy = null;
    told(form, said);
  });

  // What was tried can be tried again: this browser keeps the last ten of each thing.
  const keptAs = (form) => `tried ${new URL(form.action).pathname}`;
  const tried = (form) => JSON.parse(localStorage.getItem(keptAs(form)) ?? "[]");
  function remember(form) {
    const now = Object.fromEntries(new FormData(form)), text = JSON.stringify(now);
    if (text.length > 100_000) return;
    const rest = tried(form).filter((each) => JSON.stringify(each) !== text);
    try {
      localStorage.setItem(keptAs(form), JSON.stringify([now, ...rest].slice(0, 10)));
    } catch {
      // A browser keeps only so much: what is tried comes first.
    }
  }
  function earlier() {
    for (const form of document.querySelectorAll("form[data-history]")) {
      const all = tried(form);
      if (!all.length || form.nextElementSibling?.matches(".earlier")) continue;
      const list = document.createElement("details");
      list.className = "earlier";
      list.append(Object.assign(document.createElement("summary"), { textContent: "Tried before" }));
      for (const each of all) {
        const again = Object.assign(document.createElement("button"), { type: "button" });
        again.textContent = each[form.dataset.history].slice(0, 200) || "nothing";
        again.addEventListener("click", () => {
          for (const field of form.elements) {
            if (field.type === "checkbox") field.checked = field.name in each;
            else if (field.name in each) field.value = each[field.name];
          }
          form.elements[form.dataset.history].focus();
        });
        list.append(again);
      }
      form.after(list);
    }
  }

  // After a crash what is asked waits until a server runs again.
  const PATIENCE = 6000, LATE = "Studiolo has not answered for some seconds.";
  function words(text) {
    const block = document.createElement("div");
    block.className = "refusal";
    block.innerHTML = '<p class="said" role="alert"></p>';
    block.firstElementChild.textContent = text;
    return block;
  }
  function told(form, said) {
    const place = form.matches(".fields") ? form : form.closest("main") ? document.querySelector("main .head") : form;
    if (place.nextElementSibling?.matches(".refusal")) place.nextElementSibling.remove();
    place.after(said);
    said.scrollIntoView({ block: "nearest" });
  }

  // What a page looks for again and does not get is said, until it is there again.
  const lost = (text) => {
    const main = document.querySelector("main");
    const line = main.querySelector(".lost") ?? main.insertBefore(document.createElement("p"), main.firstChild);
    line.className = "lost said";
    line.role = "alert";
    if (line.textContent !== text) line.textContent = text;
  };
  let late;
  document.addEventListener("htmx:before:request", () => {
    clearTimeout(late);
    late = setTimeout(() => lost(`${LATE} This is what was; the page looks again by itself.`), PATIENCE);
  });
  document.addEventListener("htmx:before:response", () => clearTimeout(late));
  document.addEventListener("htmx:error", () => {
    clearTimeout(late);
    lost("Studiolo does not answer. This is what was; the page looks again by itself.");
  });
  document.addEventListener("htmx:response:error", (event) => {
    const { ctx } = event.detail;
    if (!ctx.select) return;
    ctx.swap = "none";
    const page = new DOMParser().parseFromString(ctx.text, "text/html");
    lost(page.querySelector(".said")?.textContent ?? "This is not there any more.");
  });
  document.addEventListener("htmx:before:swap", () => document.querySelector(".lost")?.remove());

  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
      const find = document.querySelector("[data-find]");
      if (find) {
        event.preventDefault();
        find.focus();
      }
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
      event.target.form.requestSubmit();
    }
  });

  // A filter of what is already on the page: a tree's leaves.
  document.addEventListener("input", (event) => {
    const list = event.target.dataset?.filters && document.getElementById(event.target.dataset.filters);
    if (!list) return;
    const wanted = event.target.value.toLowerCase();
    for (const leaf of list.querySelectorAll("[data-name]")) leaf.hidden = !leaf.dataset.name.includes(wanted);
    for (const branch of list.querySelectorAll("details"))
      branch.hidden = !branch.querySelector("[data-name]:not([hidden])") && wanted !== "";
  });

  // A file goes as it is, not in a form.
  document.addEventListener("change", async (event) => {
    const input = event.target;
    if (input.type !== "file" || !input.dataset.upload) return;
    const told = document.getElementById(input.dataset.told);
    for (const file of input.files) {
      told.textContent = `Sending ${file.name} …`;
      const answer = await fetch(input.dataset.upload + encodeURIComponent(file.name), {
        method: "POST", body: file, headers: { "content-type": file.type || "application/octet-stream" },
      });
      if (!answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        told.textContent = page.querySelector(".said")?.textContent ?? "It could not be sent.";
        return;
      }
    }
    location.reload();
  });

  // A log is followed at its end, and no more when one looks further up.
  const atEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  let follows = true;
  document.addEventListener("htmx:before:swap", () => {
    const log = document.querySelector("[data-follow]");
    if (log) follows = atEnd(log);
  });
  document.addEventListener("htmx:after:swap", () => {
    const log = document.querySelector("[data-follow]");
    if (log) {
      while (log.childElementCount > 5000) log.firstElementChild.remove();
      if (follows) log.scrollTop = log.scrollHeight;
    }
    charts();
  });

  const COLORS = { light: ["#8a4f1d", "#2f6f6a", "#6a4c93", "#a8324a"], dark: ["#e0a264", "#6fc1b9", "#b79be0", "#e58097"] };
  const figure = (value) => value === null ? "" : value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6)
    ? value.toExponential(1) : String(Number(value.toPrecision(6)));
  function charts() {
    if (typeof uPlot === "undefined") return;
    const theme = dark() ? "dark" : "light";
    const axis = { stroke: dark() ? "#b8ad9b" : "#6b5f4f", grid: { stroke: dark() ? "#322d25" : "#e8e0d2", width: 1 } };
    for (const place of document.querySelectorAll("[data-chart]")) {
      const said = JSON.parse(place.dataset.chart);
      place.querySelector(".uplot")?.remove();
      new uPlot({
        width: Math.max(240, place.clientWidth), height: 220, cursor: { y: false },
        scales: { x: { time: said.time, ...(said.log ? { distr: 3 } : {}), ...(said.range ? { range: said.range } : said.words ? { range: [-0.5, said.words.length - 0.5] } : {}) } },
        axes: [said.words ? { ...axis, splits: () => said.words.map((_, i) => i), values: () => said.words }
          : said.log ? { ...axis, values: (_, at) => at.map((each) => (each === null ? "" : each.toExponential(0))) } : said.time ? axis : { ...axis, values: (_, at) => at.map(figure) }, { ...axis, size: 64, values: (_, at) => at.map(figure) }],
        // The first so many series are points, the others lines.
        series: [{}, ...said.names.map((label, i) => ({
          label, stroke: COLORS[theme][i % 4], width: 2,
          ...(i < (said.points ?? 0) ? { paths: () => null, points: { show: true, size: 8 } } : { points: { show: said.data[0].length < 40 && !said.points } }),
        }))],
      }, said.data, place);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    // Where a row of links is wider than the window, the one that is shown is in sight.
    for (const link of document.querySelectorAll("nav [aria-current]"))
      link.scrollIntoView({ block: "nearest", inline: "center" });
    const log = document.querySelector("[data-follow]");
    if (log) log.scrollTop = log.scrollHeight;
    earlier();
    charts();
  });
  addEventListener("resize", charts);
})();
