// The page works without this script. It adds filters, sorting, the slider, and a list of all results.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const html = document.documentElement;
html.classList.add("on");

// element makes an element with properties and children. Texts are never parsed.
function element(name, properties = {}, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
}

// The results, by columns.
async function results() {
  const bytes = Uint8Array.from(atob($("#data").textContent.trim()), (c) => c.charCodeAt(0));
  $("#data").remove();
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = await new Response(stream).json();
  data.in = data.names.filter((_, i) => i % 2 === 0);
  data.out = data.names.filter((_, i) => i % 2 === 1);
  return data;
}

for (const pre of $$(".command pre")) {
  const button = element("button", { type: "button", textContent: "copy" });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      button.textContent = "copied";
      setTimeout(() => (button.textContent = "copy"), 1500);
    } catch {
      getSelection().selectAllChildren(pre); // for the user to copy
    }
  });
  pre.after(button);
}

const explore = $(".explore");
if (explore) start(await results());

function start(data) {
  const size = data.in.length;
  const { texts, values } = data;
  const text = (column, i) => texts[data[column][i]];
  const marks = { flagged: 1, repaired: 2, warned: 4, earlier: 8 };
  const lower = data.in.map((name, i) => (name + "\n" + text("what", i)).toLowerCase());
  const wording = { unreached: "not reached" };
  const names = {}; // of measures
  const units = {};
  for (const one of $$("[data-key]")) {
    names[one.dataset.key] = $("b", one).textContent;
    units[one.dataset.key] = $("i", one).textContent;
  }

  // What the address says. ranges: measure -> [from, to].
  let state;
  const plain = ["q", "status", "flag", "cause", "domain", "sort", "mode", "base"];
  function read() {
    const address = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    state = { ranges: {} };
    for (const name of plain) state[name] = address.get(name) ?? "";
    for (const [name, value] of address) {
      const [from, to] = value.split("~").map(Number);
      if (name in values && from <= to) state.ranges[name] = [from, to];
    }
    if (!["side", "switch"].includes(state.mode)) state.mode = "slider";
  }
  function write() {
    const address = new URLSearchParams();
    for (const name of plain) if (state[name] && !(name === "mode" && state[name] === "slider")) address.set(name, state[name]);
    for (const [name, [from, to]] of Object.entries(state.ranges)) address.set(name, from + "~" + to);
    const hash = "#" + address;
    if (hash !== location.hash && !(hash === "#" && !location.hash.includes("="))) history.replaceState(null, "", hash);
  }

  // Filters.
  const form = $(".filters");
  for (const [name, column] of [["status", "status"], ["domain", "domain"]]) {
    const used = [...new Set(data[column])].map((i) => texts[i]).filter(Boolean).sort();
    form[name].append(...used.map((value) => element("option", { value, textContent: wording[value] ?? value })));
    if (!used.length) form[name].parentElement.hidden = true;
  }
  let matching = [];
  function match() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const index = (value) => (value ? texts.indexOf(value) : -2);
    const status = index(state.status), domain = index(state.domain);
    const cause = state.cause ? data.causes.indexOf(state.cause) : -2;
    const flag = marks[state.flag] ?? 0;
    const ranges = Object.entries(state.ranges).map(([name, [from, to]]) => [values[name], from, to, last(name, to)]);
    matching = [];
    for (let i = 0; i < size; i++) {
      if (status !== -2 && data.status[i] !== status) continue;
      if (domain !== -2 && data.domain[i] !== domain) continue;
      if (cause !== -2 && data.cause[i] !== cause) continue;
      if (flag && !(data.flags[i] & flag)) continue;
      if (!ranges.every(([column, from, to, closed]) => column[i] >= from && (column[i] < to || (closed && column[i] === to)))) continue;
      if (!words.every((word) => lower[i].includes(word))) continue;
      matching.push(i);
    }
    sort();
  }
  const ends = {}; // measure -> upper end of its plot, which belongs to the last bar
  const last = (name, to) => to === ends[name];
  function sort() {
    const down = state.sort.startsWith("-");
    const key = state.sort.replace("-", "");
    if (key === "name") {
      const order = new Intl.Collator("en", { numeric: true });
      matching.sort((a, b) => order.compare(data.in[a], data.in[b]) || a - b);
    } else if (key in values) {
      const column = values[key];
      const rank = (i) => (column[i] < 0 ? Infinity : down ? -column[i] : column[i]); // what is not known comes last
      matching.sort((a, b) => rank(a) - rank(b) || a - b);
    }
  }

  // Chips show the filters that no control shows.
  const count = (n) => n.toLocaleString("en");
  function chips() {
    $(".matches .number").textContent = matching.length === size ? `${count(size)} results` : `${count(matching.length)} of ${count(size)} results`;
    const list = [];
    const chip = (label, clear) => {
      const button = element("button", { type: "button", textContent: label + " ×", title: "Remove this filter" });
      button.addEventListener("click", () => { clear(); update(); });
      list.push(button);
    };
    if (state.cause) chip("one cause of failure", () => (state.cause = ""));
    for (const [name, [from, to]] of Object.entries(state.ranges)) chip(`${names[name]} ${from} to ${to}`, () => delete state.ranges[name]);
    if (matching.length !== size) chip("all filters", () => Object.assign(state, { q: "", status: "", flag: "", cause: "", domain: "", ranges: {} }));
    $(".chips").replaceChildren(...list);
  }

  // Plots.
  const plots = $$(".plot").map((plot) => {
    const hits = $$(".hit", plot), fronts = $$(".front", plot);
    const key = plot.dataset.key, column = values[key];
    const edges = hits.map((hit) => Number(hit.dataset.from));
    const top = Number(hits.at(-1).dataset.to);
    ends[key] = top;
    const bar = (v) => { let i = edges.length - 1; while (i > 0 && v < edges[i]) i--; return i; };
    const bars = Int8Array.from(column, (v) => (v < 0 ? -1 : bar(v)));
    const all = new Array(hits.length).fill(0);
    for (const b of bars) if (b >= 0) all[b]++;
    const most = Math.max(...all);
    const svg = $("svg", plot);
    svg.setAttribute("role", "group");
    let at = 0, anchor = 0;
    const focus = (i) => {
      hits[at].setAttribute("tabindex", "-1");
      at = Math.max(0, Math.min(hits.length - 1, i));
      hits[at].setAttribute("tabindex", "0");
    };
    const choose = (i, extend) => {
      const range = state.ranges[key];
      const one = range && range[0] === edges[i] && range[1] === (edges[i + 1] ?? top);
      if (extend && range) {
        const [a, b] = [Math.min(anchor, i), Math.max(anchor, i)];
        state.ranges[key] = [edges[a], edges[b + 1] ?? top];
      } else if (one) {
        delete state.ranges[key];
      } else {
        anchor = i;
        state.ranges[key] = [edges[i], edges[i + 1] ?? top];
      }
      update();
    };
    hits.forEach((hit, i) => {
      hit.setAttribute("role", "button");
      hit.setAttribute("tabindex", i ? "-1" : "0");
      hit.setAttribute("aria-label", `${names[key]} ${$("title", hit).textContent}`);
      hit.addEventListener("click", (e) => { focus(i); choose(i, e.shiftKey); });
      hit.addEventListener("keydown", (e) => {
        const step = { ArrowLeft: -1, ArrowRight: 1, Home: -hits.length, End: hits.length }[e.key];
        if (step) { focus(at + step); hits[at].focus(); e.preventDefault(); }
        if (e.key === "Enter" || e.key === " ") { choose(i, e.shiftKey); e.preventDefault(); }
      });
    });
    return () => {
      const now = new Array(hits.length).fill(0);
      for (const i of matching) if (bars[i] >= 0) now[bars[i]]++;
      const range = state.ranges[key];
      hits.forEach((hit, i) => {
        const high = now[i] ? Math.max(1.5, (72 * now[i]) / most) : 0;
        fronts[i].setAttribute("height", high);
        fronts[i].setAttribute("y", 72 - high);
        hit.setAttribute("aria-pressed", String(Boolean(range && edges[i] >= range[0] && edges[i] < range[1])));
      });
    };
  });

  // The list makes only the rows that can be seen.
  const list = $(".list"), body = $(".body", list);
  const figure = (v) => (v < 0 || v === undefined ? "" : v >= 100 ? v.toFixed(0) : v >= 1 ? v.toFixed(1) : String(Number(v.toPrecision(2))));
  const high = Math.max(30, $(".r", list).offsetHeight);
  function row(at) {
    const i = matching[at];
    const cell = (className, ...content) => { const c = element("span", { className }, ...content); c.setAttribute("role", "cell"); return c; };
    const status = text("status", i);
    const name = element("button", { type: "button", textContent: data.in[i], title: data.in[i] });
    name.addEventListener("click", () => details(i));
    const r = element("div", { className: "r" }, cell("s " + status, wording[status] ?? status), cell("i", name), cell("w", text("what", i)),
      ...["ms", "change", "amplitude", "mp"].map((key) => cell(key === "amplitude" && data.flags[i] & 1 ? "f flagged" : "f", figure(values[key]?.[i]))));
    r.setAttribute("role", "row");
    r.setAttribute("aria-rowindex", at + 2);
    r.style.top = at * high + "px";
    return r;
  }
  let drawn = "";
  function draw() {
    const from = Math.max(0, Math.floor(list.scrollTop / high) - 10);
    const to = Math.min(matching.length, Math.ceil((list.scrollTop + list.clientHeight) / high) + 10);
    const key = from + " " + to;
    if (key === drawn) return;
    drawn = key;
    const focused = document.activeElement?.closest?.(".r")?.getAttribute("aria-rowindex");
    body.replaceChildren(...Array.from({ length: Math.max(0, to - from) }, (_, i) => row(from + i)));
    if (focused) $(`[aria-rowindex="${focused}"] button`, body)?.focus({ preventScroll: true });
  }
  list.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  addEventListener("resize", () => { drawn = ""; draw(); });

  const dialog = $(".details");
  function details(i) {
    const table = element("table", { className: "facts" });
    const add = (name, value) => {
      if (value === "" || value === undefined) return;
      table.append(element("tr", {}, element("th", { textContent: name, scope: "row" }), element("td", { textContent: value })));
    };
    add("input", data.in[i]);
    add("output", data.out[i]);
    add("status", wording[text("status", i)] ?? text("status", i));
    add("stage", text("class", i));
    add("message", text("what", i));
    add("domain", text("domain", i));
    add("marks", Object.keys(marks).filter((name) => data.flags[i] & marks[name]).join(", "));
    for (const key in values) add(names[key], values[key][i] < 0 ? "" : `${values[key][i]} ${units[key]}`);
    $("div", dialog).replaceChildren(table);
    dialog.showModal();
  }
  dialog.addEventListener("click", (e) => { if (e.target === dialog) dialog.close(); });

  // Pictures. The slider is made for those that can be seen soon.
  const grid = $(".cards");
  const cards = new Map($$(".card").map((card) => [Number(card.dataset.row), card]));
  const inOrder = [...cards.values()];
  function unmake(card) {
    const pair = $(".pair", card);
    const made = $("image-compare", pair) ?? $(":scope > button", pair);
    if (!made) return;
    const images = $$("img", made);
    images.forEach((img) => img.removeAttribute("slot"));
    pair.append(...images);
    made.remove();
    pair.classList.remove("swapped");
    const order = [".before", ".other", ".after"];
    pair.append(...order.map((name) => $(name, pair)).filter(Boolean));
  }
  function make(card) {
    const pair = $(".pair", card);
    const other = state.base === "other" && $("img.other", pair);
    const before = other || $("img.before", pair), after = $("img.after", pair);
    if (!before || !after || $("image-compare, button", pair) || state.mode === "side") return;
    const name = $("h3", card).textContent.trim();
    if (state.mode === "slider") {
      before.slot = "image-1";
      after.slot = "image-2";
      const slider = document.createElement("image-compare");
      slider.setAttribute("label-text", `How much of ${before.alt} is shown beside ${after.alt}, in per cent`);
      slider.append(before, after);
      pair.append(slider);
      return;
    }
    const label = element("span", { textContent: other ? "other report" : "source" });
    const button = element("button", { type: "button" }, label);
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", `Show the result of ${name}`);
    button.addEventListener("click", () => {
      const swapped = pair.classList.toggle("swapped");
      button.setAttribute("aria-pressed", String(swapped));
      label.textContent = swapped ? "result" : other ? "other report" : "source";
    });
    pair.append(button);
  }
  const seen = new IntersectionObserver((entries) => {
    for (const e of entries) if (e.isIntersecting) make(e.target);
  }, { rootMargin: "600px" });
  let arranged = "";
  function pictures() {
    if (!grid) return;
    const order = matching.filter((i) => cards.has(i)).map((i) => cards.get(i));
    if (matching.length === size) order.push(...inOrder.filter((card) => Number(card.dataset.row) < 0));
    const look = state.mode + state.base + order.map((card) => card.dataset.row);
    if (look === arranged) return;
    arranged = look;
    seen.disconnect();
    inOrder.forEach(unmake);
    grid.className = `cards ${state.mode}${state.base === "other" ? " from-other" : ""}`;
    grid.replaceChildren(...order);
    order.forEach((card) => seen.observe(card));
    $(".nothing").hidden = order.length > 0;
  }

  function update() {
    match();
    write();
    chips();
    plots.forEach((redraw) => redraw());
    body.style.height = matching.length * high + "px";
    list.setAttribute("aria-rowcount", matching.length + 1);
    drawn = "";
    draw();
    pictures();
  }
  function show() {
    read();
    for (const name of ["q", "status", "flag", "domain", "sort"]) {
      form[name].value = state[name];
      if (form[name].value !== state[name]) form[name].value = state[name] = "";
    }
    for (const radio of $$(".choice input")) radio.checked = radio.value === (state[radio.name] || "source");
    update();
  }
  form.addEventListener("submit", (e) => e.preventDefault());
  form.addEventListener("input", (e) => { state[e.target.name] = e.target.value; if (e.target.name === "sort") list.scrollTop = 0; update(); });
  for (const radio of $$(".choice input")) radio.addEventListener("change", () => { state[radio.name] = radio.value; update(); });
  addEventListener("hashchange", () => { if (location.hash.includes("=")) { show(); explore.scrollIntoView(); } });
  show();
}
