// Makes the report handier: filters, sorting, a choice of theme, links to copy. Everything that
// the page says is there without it.
"use strict";

(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Before anything is drawn: show the controls, and keep the chosen theme from flashing.
  root.dataset.js = "";
  const stored = remember("theme");
  if (stored === "light" || stored === "dark") root.dataset.theme = stored;

  document.addEventListener("DOMContentLoaded", () => {
    all("[data-theme-toggle]").forEach(themeToggle);
    all("[data-filterable]").forEach(filterable);
    all("table[data-sortable]").forEach(sortable);
    all("[data-copy]").forEach(copyButton);
    all("[data-copy-text]").forEach(copyTextButton);
    all("[data-age]").forEach(age);
    all(".scroll").forEach(scrollable);
    followLinks();
    openForPrint();
    markSection();
    reveal(here());
  });

  // A browser may refuse storage to a file from disk. Then a choice lasts as long as the page.
  function remember(key, value) {
    try {
      if (value !== undefined) localStorage.setItem(`racklens-${key}`, value);
      return localStorage.getItem(`racklens-${key}`);
    } catch {
      return null;
    }
  }

  function themeToggle(button) {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
    const tell = () => {
      button.textContent = isDark() ? "Light theme" : "Dark theme";
    };
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      remember("theme", root.dataset.theme);
      tell();
    });
    system.addEventListener("change", tell);
    tell();
  }

  // How a section is told what to show: `section.show({ severity: "high" })`.
  const sections = new Map();

  // Hides the items of a section that its controls do not ask for, and tells how many are left.
  function filterable(section) {
    const controls = all("[data-filter]", section);
    const count = section.querySelector("[data-count]");
    if (!count) return;
    // What a control may name in part stands in an element of its own.
    const parts = new Set(controls.filter((it) => it.hasAttribute("data-part")).map((it) => it.dataset.filter));
    const part = (element, name) => element.querySelector(`[data-${name}]`)?.textContent.toLowerCase();
    const clear = section.querySelector("[data-reset]");
    const nothing = section.querySelector("[data-nothing]");
    const groups = all("[data-group]", section);
    const items = all("[data-item]", section).map((element) => ({
      element,
      text: element.textContent.toLowerCase(),
      parts: Object.fromEntries([...parts].map((name) => [name, part(element, name)])),
    }));

    // What a control asks for; empty when it asks for nothing.
    const wish = (control) =>
      control.type === "checkbox" ? (control.checked ? "yes" : "") : control.value.trim().toLowerCase();

    const fits = (item, wishes) =>
      wishes.every(([name, value]) =>
        name === "text"
          ? value.split(/\s+/).every((word) => item.text.includes(word))
          : parts.has(name)
            ? (item.parts[name] ?? "").includes(value)
            : item.element.dataset[name] === value,
      );

    const apply = () => {
      const wishes = controls.map((it) => [it.dataset.filter, wish(it)]).filter(([, value]) => value);
      let shown = 0;
      for (const item of items) {
        const fit = fits(item, wishes);
        item.element.hidden = !fit;
        if (fit) shown += 1;
      }
      for (const group of groups) group.hidden = !group.querySelector("[data-item]:not([hidden])");
      clear.hidden = wishes.length === 0;
      nothing.hidden = shown > 0;
      const of = items.length.toLocaleString("en");
      const what = count.dataset.count;
      count.textContent = wishes.length ? `${shown.toLocaleString("en")} of ${of} ${what} shown` : `${of} ${what}`;
    };

    const show = (wanted) => {
      for (const control of controls) {
        const value = wanted[control.dataset.filter] ?? "";
        if (control.type === "checkbox") control.checked = value === "yes";
        else control.value = value;
      }
      apply();
    };

    for (const control of controls) control.addEventListener("input", apply);
    clear.addEventListener("click", () => {
      show({});
      controls[0].focus();
    });
    sections.set(section.dataset.filterable, { show });
    // A browser that comes back to the page fills the controls in again.
    apply();
  }

  // Gives the columns of a table buttons that sort it by them.
  function sortable(table) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

    // A time sorts by its machine form, a word with an order of its own by its key.
    const key = (row, column) => {
      const cell = row.cells[column];
      const time = cell.querySelector("time");
      return cell.dataset.key ?? (time ? time.dateTime : cell.textContent.trim().replaceAll(",", ""));
    };

    const sort = (head) => {
      const column = heads.indexOf(head);
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].map((row) => [key(row, column), row]);
      rows.sort(([a], [b]) => {
        // What is not known stays at the end, whichever way the column is sorted.
        if (a === "" || b === "") return (a === "") - (b === "");
        return down ? order.compare(b, a) : order.compare(a, b);
      });
      body.append(...rows.map(([, row]) => row));
    };

    for (const head of heads.filter((it) => it.hasAttribute("data-sort"))) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(head));
    }
  }

  function copyButton(button) {
    const said = button.parentElement.querySelector("[role=status]");
    button.addEventListener("click", async () => {
      const link = new URL(`#${button.dataset.copy}`, location.href).href;
      // The address bar holds the link too, should the clipboard be out of reach.
      history.replaceState(null, "", `#${button.dataset.copy}`);
      try {
        await navigator.clipboard.writeText(link);
        said.textContent = "Copied";
      } catch {
        said.textContent = "The address bar has it";
      }
    });
  }

  function copyTextButton(button) {
    const said = button.parentElement.querySelector("[role=status]");
    const text = document.getElementById(button.dataset.copyText);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(`${text.textContent}\n`);
        said.textContent = "Copied";
      } catch {
        // Out of reach: the reader need only press the keys.
        getSelection().selectAllChildren(text);
        said.textContent = "Selected, ready to copy";
      }
    });
  }

  // How long ago something was: a report from last month is no report on today.
  function age(time) {
    const days = (Date.now() - Date.parse(time.dateTime)) / 86_400_000;
    const steps = [[365, "year"], [30, "month"], [1, "day"], [1 / 24, "hour"], [1 / 1440, "minute"]];
    const [step, unit] = steps.find(([step]) => days >= step) ?? [0, ""];
    if (!step) return;
    const ago = new Intl.RelativeTimeFormat("en").format(-Math.floor(days / step), unit);
    const note = document.createElement("span");
    note.className = "age";
    note.textContent = ` ${ago}`;
    time.after(note);
  }

  // Lets the keyboard into what scrolls sideways, while it does.
  function scrollable(box) {
    const name = box.querySelector("caption")?.textContent ?? "Table";
    new ResizeObserver(() => {
      const given = Object.entries({ tabindex: "0", role: "region", "aria-label": name });
      if (box.scrollWidth > box.clientWidth) for (const [key, value] of given) box.setAttribute(key, value);
      else for (const [key] of given) box.removeAttribute(key);
    }).observe(box);
  }

  const here = () => location.hash.slice(1);

  // Makes sure that the target of a link can be seen: not filtered out, not folded.
  function reveal(id) {
    const target = id && document.getElementById(id);
    if (!target) return;
    const section = target.closest("[data-filterable]");
    if (section && target.closest("[hidden]")) sections.get(section.dataset.filterable)?.show({});
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      fold.open = true;
    }
    if (id === here()) target.scrollIntoView();
  }

  // Counters lead to the first finding that they count; with the script they filter instead.
  function followLinks() {
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      if (!link) return;
      const section = sections.get(link.dataset.show);
      if (section) {
        event.preventDefault();
        section.show(Object.fromEntries(new URLSearchParams(link.dataset.with)));
        location.hash = link.dataset.show;
      } else {
        reveal(link.getAttribute("href").slice(1));
      }
    });
    addEventListener("hashchange", () => reveal(here()));
  }

  // Paper cannot unfold. The style sheet does this too, where a browser understands it.
  function openForPrint() {
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = all("details:not([open])");
      for (const fold of opened) fold.open = true;
    });
    addEventListener("afterprint", () => {
      for (const fold of opened) fold.open = false;
    });
  }

  // Marks the section that is being read in the list of sections.
  function markSection() {
    const links = new Map(all(".sections a").map((it) => [it.getAttribute("href").slice(1), it]));
    const watch = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          const link = links.get(target.id);
          if (isIntersecting) link?.setAttribute("aria-current", "true");
          else link?.removeAttribute("aria-current");
        }
      },
      { rootMargin: "-25% 0px -74.9% 0px" },
    );
    for (const section of all("main > section")) watch.observe(section);
  }
})();
