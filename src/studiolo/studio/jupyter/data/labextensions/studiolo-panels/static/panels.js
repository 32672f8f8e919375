// The console's pages beside a notebook: a federated extension of JupyterLab, written by hand. What it needs of
// JupyterLab's packages, JupyterLab lends it.
"use strict";
(() => {
  const AT = "/studiolo";
  const drawn = (paths) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16" fill="none">` +
    `<g class="jp-icon3" stroke="#616161" stroke-width="2" stroke-linejoin="round" stroke-linecap="round">${paths}</g></svg>`;
  const PANELS = [
    ["data", "Data", "/catalog", '<ellipse cx="12" cy="5" rx="8" ry="3"/><path d="M4 5v14c0 1.7 3.6 3 8 3s8-1.3 8-3V5M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3"/>'],
    ["clusters", "Clusters", "/clusters", '<rect x="9" y="2" width="6" height="6"/><rect x="2" y="16" width="6" height="6"/><rect x="16" y="16" width="6" height="6"/><path d="M12 8v4M5 16v-4h14v4"/>'],
    ["sessions", "Sessions", "/sessions", '<rect x="2" y="4" width="20" height="16" rx="2"/><path d="M6 9l4 3-4 3M12 16h5"/>'],
    ["jobs", "Jobs", "/training", '<path d="M3 20h18M6 16v-5M11 16V5M16 16v-8M21 16v-3"/>'],
    ["endpoints", "Endpoints", "/endpoints", '<path d="M12 22V12M7 17l5-5 5 5M4 9a8 8 0 0 1 16 0"/>'],
  ];

  async function plugins(shared) {
    const lent = async (name) => (await Object.values(shared[name])[0].get())();
    const names = ["application", "apputils", "launcher", "notebook", "ui-components"];
    const [application, apputils, launching, notebooks, ui] = await Promise.all(names.map((each) => lent(`@jupyterlab/${each}`)));
    const Frame = ui.IFrame ?? apputils.IFrame;
    return [{
      id: "studiolo-panels:plugin",
      autoStart: true,
      requires: [application.ILabShell],
      optional: [launching.ILauncher, notebooks.INotebookTracker, apputils.IThemeManager],
      activate(app, shell, launcher, tracker, themes) {
        const frames = new Set();
        const framed = (id, title, path, icon) => {
          const frame = new Frame({ sandbox: ["allow-same-origin", "allow-scripts", "allow-forms", "allow-popups", "allow-downloads", "allow-modals"] });
          frame.id = `studiolo-${id}`;
          frame.title.icon = icon;
          frame.title.caption = title;
          frame.title.closable = true;
          const shown = frame.node.querySelector("iframe");
          shown.title = title;
          frames.add(shown);
          frame.disposed.connect(() => frames.delete(shown));
          frame.url = AT + path;
          return frame;
        };
        let tabs = 0;
        const open = (title, path, icon) => {
          const frame = framed(`tab-${tabs++}`, title, path, icon);
          frame.title.label = title;
          shell.add(frame, "main");
          shell.activateById(frame.id);
        };

        // Pages read the theme that was chosen from here, and hear of a change by the event of the storage.
        const tell = () => {
          const light = !themes?.theme || themes.isLight(themes.theme);
          localStorage.setItem("theme", light ? "light" : "dark");
        };
        themes?.themeChanged.connect(tell);
        app.restored.then(tell);

        for (const [id, title, path, paths] of PANELS) {
          const icon = new ui.LabIcon({ name: `studiolo:${id}`, svgstr: drawn(paths) });
          const panel = framed(id, title, path, icon);
          panel.node.style.minWidth = "340px";
          shell.add(panel, "left", { rank: 600 + PANELS.findIndex((each) => each[0] === id) });
          const command = `studiolo:open-${id}`;
          app.commands.addCommand(command, { label: title, caption: `${title}, in a tab`, icon, execute: () => open(title, path, icon) });
          launcher?.add({ command, category: "Studiolo", rank: PANELS.findIndex((each) => each[0] === id) });
        }

        // A notebook goes to S3 as it is now, then to the form of a job.
        const jobs = { title: "Notebook jobs", path: "/notebook-jobs" };
        const run = async (panel) => {
          const name = encodeURIComponent(panel.context.path.split("/").pop());
          const answer = await fetch(`${AT}/notebook-jobs/upload?name=${name}`, { method: "POST", body: JSON.stringify(panel.context.model.toJSON()) });
          if (!answer.ok) {
            apputils.Notification.error("The notebook could not be put into S3: the role may not, or Studiolo does not answer.");
            return;
          }
          const { notebook } = await answer.json();
          open(jobs.title, `${jobs.path}?notebook=${encodeURIComponent(notebook)}`, undefined);
        };
        tracker?.widgetAdded.connect((_, panel) => {
          const button = new ui.ToolbarButton({ label: "Run as a job", tooltip: "Run this notebook in the background, with parameters", onClick: () => run(panel) });
          panel.toolbar.insertItem(10, "studiolo-job", button);
        });

        // A cell of a Glue session shows how far Spark is with it, and leads to Spark's own pages.
        const watched = new Map();
        const watch = (cell) => {
          const line = document.createElement("div"), bar = document.createElement("progress"), link = document.createElement("a");
          line.style.cssText = "display:flex;gap:12px;align-items:center;padding:2px 8px 4px 72px";
          bar.style.cssText = "flex:1;height:6px";
          bar.ariaLabel = "Spark’s progress";
          link.textContent = "Spark UI";
          link.target = "_blank";
          link.style.color = "var(--jp-content-link-color)";
          line.append(bar, link);
          const code = cell.model.sharedModel.getSource().trim();
          const look = async () => {
            const answer = await fetch(`${AT}/running`).catch(() => null);
            const ours = answer?.ok && (await answer.json()).find((each) => each.code.trim() === code);
            if (!ours || !watched.has(cell)) return;
            if (ours.progress > 0) bar.value = ours.progress;
            link.href = `${AT}/sessions/${encodeURIComponent(ours.session)}/spark`;
            if (!line.isConnected) cell.node.append(line);
          };
          watched.set(cell, { line, timer: setInterval(look, 1500) });
        };
        const unwatch = (cell) => {
          const found = watched.get(cell);
          if (!found) return;
          clearInterval(found.timer);
          found.line.remove();
          watched.delete(cell);
        };
        notebooks.NotebookActions.executionScheduled?.connect((_, { notebook, cell }) => {
          const panel = tracker?.find((each) => each.content === notebook);
          if (!/^Glue/.test(panel?.sessionContext.kernelDisplayName ?? "") || cell.model.type !== "code") return;
          unwatch(cell);
          watch(cell);
          cell.disposed.connect(() => unwatch(cell));
        });
        notebooks.NotebookActions.executed?.connect((_, { cell }) => unwatch(cell));

        const insert = (code) => {
          const panel = tracker?.currentWidget;
          if (!panel) {
            apputils.Notification.warning("Open a notebook first: the code goes below its cell.");
            return;
          }
          const active = panel.content.activeCell;
          if (!active || active.model.type !== "code" || active.model.sharedModel.getSource().trim()) {
            notebooks.NotebookActions.insertBelow(panel.content);
            if (panel.content.activeCell.model.type !== "code") notebooks.NotebookActions.changeCellType(panel.content, "code");
          }
          panel.content.activeCell.model.sharedModel.setSource(code);
          shell.activateById(panel.id);
        };
        // Two things only, asked for by a page of ours in a frame of ours: a cell, which is not run, and a tab.
        addEventListener("message", (event) => {
          if (event.origin !== location.origin || ![...frames].some((each) => each.contentWindow === event.source)) return;
          const said = event.data;
          if (said?.studiolo === "code" && typeof said.code === "string") insert(said.code);
          if (said?.studiolo === "open" && typeof said.path === "string" && said.path.startsWith(`${AT}/`))
            open(String(said.title || "Studiolo"), said.path.slice(AT.length));
        });
      },
    }];
  }

  let shared;
  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["studiolo-panels"] = {
    init(scope) { shared = scope; },
    async get(module) {
      if (module === "./style") return () => ({});
      const made = await plugins(shared);
      return () => ({ __esModule: true, default: made });
    },
  };
})();
