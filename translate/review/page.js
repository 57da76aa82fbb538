"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const serve = data.serve; // null in a file: {base, csrf}
  let segments = data.segments;
  let version = data.version;
  let byKey = new Map(segments.map((s) => [s.key, s]));
  const nodes = new Map(); // key -> article
  const painted = new Set(); // keys whose article is filled
  const drafts = new Map(); // key -> {text, base}: what is being typed
  const state = { view: "unified", order: "document", filters: new Set(), query: "", current: null, single: true };
  const box = $("segments");

  // Small helpers ---------------------------------------------------------------------------------

  const el = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "class") node.className = value;
      else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const plural = (n, one, many) => `${n} ${n === 1 ? one : many}`;

  // Characters that would not be seen, or would turn the line around, are shown by their code.
  const SUSPECT = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;
  const PICTURE = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f]/u;
  const inEmoji = (text, at, length) => {
    const code = text.codePointAt(at);
    if (code === 0x200d) {
      const before = Array.from(text.slice(Math.max(0, at - 2), at)).pop() || "";
      const after = String.fromCodePoint(text.codePointAt(at + length) || 32);
      return PICTURE.test(before) && PICTURE.test(after);
    }
    return code >= 0xe0020 && code < 0xe0080 && text.slice(Math.max(0, at - 14), at).includes("\u{1f3f4}");
  };
  const put = (parent, text) => {
    let done = 0;
    for (const match of text.matchAll(SUSPECT)) {
      if (inEmoji(text, match.index, match[0].length)) continue;
      parent.append(text.slice(done, match.index));
      const code = "U+" + match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
      parent.append(el("span", { class: "zw", title: "invisible character " + code }, code));
      done = match.index + match[0].length;
    }
    parent.append(text.slice(done));
    return parent;
  };
  const bdi = (text) => put(el("bdi", { dir: "auto" }), text);

  // A text under layers of marks. Offsets count characters (code points), as in the data -------------

  const paint = (text, layers) => {
    const chars = Array.from(text);
    const cuts = new Set([0, chars.length]);
    for (const layer of layers) {
      if (layer.start < layer.end) { cuts.add(Math.min(layer.start, chars.length)); cuts.add(Math.min(layer.end, chars.length)); }
    }
    const order = [...cuts].sort((a, b) => a - b);
    const root = el("bdi", { dir: "auto" });
    let edit = null; // the open <ins> or <del>
    for (let k = 0; k + 1 < order.length; k++) {
      const [start, end] = [order[k], order[k + 1]];
      const over = layers.filter((layer) => layer.start <= start && end <= layer.end && layer.start < layer.end);
      const change = over.find((layer) => layer.tag);
      if (change !== (edit && edit.layer)) {
        edit = null;
        if (change) {
          const node = el(change.tag, { class: change.class, title: change.title });
          root.append(node);
          edit = { layer: change, node };
        }
      }
      const parent = edit ? edit.node : root;
      const marks = over.filter((layer) => !layer.tag);
      const piece = chars.slice(start, end).join("");
      if (!marks.length) { put(parent, piece); continue; }
      const title = marks.map((layer) => layer.title).filter(Boolean).join("; ");
      const span = el("span", { class: marks.map((layer) => layer.class).join(" "), title: title || null });
      const links = marks.flatMap((layer) => (layer.link === undefined ? [] : [layer.link]));
      if (links.length) span.dataset.links = links.join(" ");
      parent.append(put(span, piece));
    }
    return root;
  };

  // A mark covers words, not the blank after them.
  const core = (chars, start, end) => {
    while (end > start && !chars[end - 1].trim()) end--;
    return end;
  };
  const editLayers = (segment, side) => (segment.edits || []).flatMap(([kind, a0, a1, b0, b1, move]) => {
    const title = move ? `moved (${move})` : null;
    if (side === "before" && (kind === "delete" || kind === "moved-away")) {
      return [{ start: a0, end: core(Array.from(segment.hypothesis), a0, a1), tag: "del", class: move ? "move" : "", title }];
    }
    if (side === "after" && (kind === "insert" || kind === "moved-here")) {
      return [{ start: b0, end: core(Array.from(segment.human), b0, b1), tag: "ins", class: move ? "move" : "", title }];
    }
    return [];
  });
  const termLayers = (segment, side) => segment.terms.flatMap((term) => {
    const range = side === "english" ? term.source : term.target;
    if (!range) return [];
    const kept = term.verdict === "kept";
    return [{ start: range[0], end: range[1], class: kept ? "term" : "term lost", title: `${term.term}: ${term.label}` }];
  });
  const linkLayers = (segment, side) => (segment.links || []).map(([a0, a1, b0, b1], link) => (
    side === "english" ? { start: a0, end: a1, class: "w", link } : { start: b0, end: b1, class: "w", link }
  ));
  // Deletions and insertions in one run. Ranges of the hypothesis move along with its pieces.
  const unified = (segment, woven) => {
    const before = Array.from(segment.hypothesis), after = Array.from(segment.human);
    let text = "", length = 0;
    const layers = [], pieces = [];
    const add = (part, tag, move, from, side) => {
      const size = core(part, 0, part.length);
      if (tag && size) layers.push({ start: length, end: length + size, tag, class: move ? "move" : "", title: move ? `moved (${move})` : null });
      pieces.push([side, from, from + part.length, length]);
      text += part.join(""); length += part.length;
    };
    for (const [kind, a0, a1, b0, b1, move] of segment.edits) {
      if (kind === "equal") {
        pieces.push(["before", a0, a1, length]);
        add(after.slice(b0, b1), null, 0, b0, "after");
      } else if (b0 === b1) add(before.slice(a0, a1), "del", move, a0, "before");
      else add(after.slice(b0, b1), "ins", move, b0, "after");
    }
    const project = (side, layer) => pieces.flatMap(([of, start, end, at]) => {
      const low = Math.max(layer.start, start), high = Math.min(layer.end, end);
      return of === side && low < high ? [{ ...layer, start: at + low - start, end: at + high - start }] : [];
    });
    if (segment.human === segment.current) layers.push(...termLayers(segment, "target").flatMap((l) => project("after", l)));
    if (woven) layers.push(...linkLayers(segment, "target").flatMap((l) => project("before", l)));
    return paint(text, layers);
  };

  // A segment --------------------------------------------------------------------------------------

  const pane = (name, label, lang, body, kind) => el(
    "section", { class: `pane ${name} k-${kind}`, "aria-label": label },
    el("h3", {}, label), el("p", { lang }, body)
  );
  const nothing = (text) => el("span", { class: "none" }, text);

  const panes = (segment, woven) => {
    const row = el("div", { class: "panes" });
    const english = segment.english === null
      ? nothing("No English beside it.")
      : paint(segment.english, [...termLayers(segment, "english"), ...(woven ? linkLayers(segment, "english") : [])]);
    row.append(pane("en", "English", "en", english, segment.kind));
    const changed = segment.hypothesis !== null && segment.human !== null && segment.hypothesis !== segment.human;
    const own = (text) => (text === segment.current ? termLayers(segment, "target") : []);
    const links = woven ? linkLayers(segment, "target") : [];
    const before = data.labels[segment.origin] || "Machine";
    if (state.view === "side") {
      const first = segment.hypothesis === null ? nothing("Not known.") : paint(segment.hypothesis, [...editLayers(segment, "before"), ...(changed ? [] : own(segment.hypothesis)), ...links]);
      row.append(pane("machine", before, "pt-BR", first, segment.kind));
      const text = segment.human !== null ? segment.human : segment.hypothesis === null ? segment.current : null;
      const second = text === null ? nothing(segment.approved ? "As it is." : "") : paint(text, [...editLayers(segment, "after"), ...own(text)]);
      row.append(pane("human", segment.reference !== null ? "Human version" : "Portuguese", "pt-BR", second, segment.kind));
    } else if (changed) {
      row.append(pane("human", "Changes", "pt-BR", unified(segment, woven), segment.kind));
    } else {
      const text = segment.human !== null ? segment.human : segment.current;
      row.append(pane("human", "Portuguese", "pt-BR", paint(text, [...own(text), ...(text === segment.hypothesis ? links : [])]), segment.kind));
    }
    return row;
  };

  const offers = (segment) => segment.offers.map((offer) => {
    if (!offer.intact) {
      return el("section", { class: "offer", "aria-label": "Conflict" }, el("h3", {}, "A conflict comment that was edited by hand: resolve it in the file."));
    }
    const shown = { english: offer.new_english, hypothesis: offer.old_english, human: offer.new_english, current: "", edits: offer.edits, terms: [] };
    const list = el("dl", {},
      el("dt", {}, "English"), el("dd", { lang: "en" }, offer.old_english === offer.new_english ? bdi(offer.new_english) : unified(shown, false)),
      el("dt", {}, "Machine"), el("dd", { lang: "pt-BR" }, bdi(offer.hypothesis)));
    const buttons = serve && el("div", { class: "buttons" },
      el("button", { type: "button", class: "first", onclick: () => resolve(segment.key, "mine") }, "Keep the text"),
      el("button", { type: "button", onclick: () => resolve(segment.key, "machine") }, "Take the machine’s"),
      el("button", { type: "button", onclick: () => edit(segment.key) }, "Edit"));
    return el("section", { class: "offer", "aria-label": "Conflict" },
      el("h3", {}, "The English changed after a human worked on this text"), list, buttons);
  });

  const fuzzy = (segment) => {
    if (!segment.fuzzy.length) return null;
    const list = el("dl", {});
    for (const match of segment.fuzzy) {
      list.append(el("dt", {}, `${Math.floor(match.score)} %`), el("dd", {}, bdi(match.english), "\n", bdi(match.portuguese), el("span", { class: "muted" }, match.human ? "  human" : "  machine")));
    }
    return el("details", { class: "more" }, el("summary", {}, plural(segment.fuzzy.length, "similar text in the memory", "similar texts in the memory")), list);
  };

  const fill = (key, woven = false) => {
    const segment = byKey.get(key), node = nodes.get(key);
    if (!segment || !node) return;
    const id = "h-" + key;
    node.setAttribute("aria-labelledby", id);
    const meta = el("header", { class: "meta" },
      el("h2", { id }, el("span", { class: "num" }, el("span", { class: "sr" }, "Segment "), String(segment.index + 1)), " ", el("span", {}, `${segment.label}, line ${segment.line}`)));
    if (segment.approved) meta.append(el("span", { class: "state" }, "✓ approved"));
    else if (segment.edited) meta.append(el("span", { class: "state" }, "edited"));
    for (const problem of segment.problems) {
      if (segment.approved && !segment.offers.length) break;
      meta.append(put(el("span", { class: problem.startsWith("conflict") ? "chip clash" : "chip" }), problem));
    }
    if (segment.figures.length) meta.append(el("span", { class: "figures" }, segment.figures.join(" · ")));
    if (segment.together) meta.append(el("span", {}, `with the next ${segment.together}`));
    if (serve && !drafts.has(key)) {
      meta.append(el("span", { class: "actions" },
        el("button", { type: "button", class: "do-edit", onclick: () => edit(key) }, "Edit"),
        el("button", { type: "button", class: "do-approve", disabled: segment.offers.length > 0 || segment.english === null, "aria-pressed": String(segment.approved), onclick: () => approve(key) }, segment.approved ? "Approved" : "Approve")));
    }
    const parts = [meta, panes(segment, woven), ...offers(segment), fuzzy(segment)];
    if (segment.reference !== null && segment.edited) {
      parts.push(el("p", { class: "more muted" }, "The file says: ", bdi(segment.current)));
    }
    if (drafts.has(key)) parts.push(editor(segment));
    const held = node.contains(document.activeElement) && !drafts.has(key) ? document.activeElement.className : null;
    node.replaceChildren(...parts.filter(Boolean));
    node.dataset.woven = woven ? "1" : "";
    painted.add(key);
    watcher.unobserve(node);
    if (held !== null && document.activeElement === document.body) (held.startsWith("do-") && node.querySelector("." + held) || node).focus({ preventScroll: true });
  };

  // Words of both languages that belong together, shown when a word is pointed at or walked to ----------

  const weave = (node) => {
    const segment = byKey.get(node.dataset.key);
    if (node.dataset.woven || !segment || !segment.links || !segment.links.length || drafts.has(segment.key)) return;
    fill(segment.key, true);
  };
  const glow = (node, links) => {
    for (const word of node.querySelectorAll(".w")) {
      word.classList.toggle("on", (word.dataset.links || "").split(" ").some((link) => links.includes(link)));
    }
  };
  box.addEventListener("pointerover", (event) => {
    const node = event.target.closest(".seg");
    if (!node) return;
    weave(node);
    const word = event.target.closest(".w") || (event.isTrusted && document.elementFromPoint(event.clientX, event.clientY)?.closest(".w"));
    glow(node, word ? (word.dataset.links || "").split(" ") : []);
  });
  box.addEventListener("pointerout", (event) => {
    const node = event.target.closest(".seg");
    if (node && !node.contains(event.relatedTarget)) glow(node, []);
  });
  const walk = (step) => {
    const node = nodes.get(state.current);
    if (!node) return;
    weave(node);
    const words = [...node.querySelectorAll(".en .w")];
    if (!words.length) { say("No alignment is known for this segment."); return; }
    const at = words.findIndex((word) => word.classList.contains("here"));
    const next = words[Math.min(words.length - 1, Math.max(0, at + step))];
    if (at >= 0) words[at].classList.remove("here");
    next.classList.add("here");
    const links = (next.dataset.links || "").split(" ");
    glow(node, links);
    const target = [...node.querySelectorAll(".pane:not(.en) .w.on")].map((word) => word.textContent).join(" ");
    say(`${next.textContent}: ${target}`);
  };

  // The list ---------------------------------------------------------------------------------------

  const FILTERS = {
    problems: ["To look at", (s) => s.problem], conflicts: ["Conflicts", (s) => s.offers.length > 0], flags: ["Flags", (s) => s.flags.length > 0],
    terms: ["Terms", (s) => s.lost], markup: ["Markup", (s) => s.markup], edited: ["Edited", (s) => s.edited || s.reference !== null],
    unsure: ["Unsure", (s) => s.doubtful],
    open: ["Not approved", (s) => !s.approved],
  };
  const GROUP = 40;
  const haystacks = new Map();
  const haystack = (segment) => {
    if (!haystacks.has(segment)) haystacks.set(segment, fold([segment.english, segment.current, segment.hypothesis, segment.human].filter(Boolean).join("\n")));
    return haystacks.get(segment);
  };
  let visible = [];
  const wanted = (segment) => {
    const kinds = [...state.filters];
    if (kinds.length && !kinds.some((name) => FILTERS[name][1](segment))) return false;
    return !state.query || haystack(segment).includes(state.query);
  };
  const arrange = () => {
    const sorted = [...segments];
    if (state.order === "effort") sorted.sort((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1] || a.index - b.index);
    // Whole groups are skipped while they are out of sight: the browser watches a hundred things, not thousands.
    const groups = [];
    for (let k = 0; k < sorted.length; k += GROUP) {
      groups.push(el("div", { class: "group", role: "none" }, ...sorted.slice(k, k + GROUP).map((s) => nodes.get(s.key))));
    }
    box.replaceChildren(...groups);
    sieve();
  };
  const sieve = () => {
    const matching = new Set(segments.filter(wanted).map((s) => s.key));
    visible = [];
    for (const group of box.children) {
      const before = visible.length;
      for (const node of group.children) {
        const shown = matching.has(node.dataset.key) || drafts.has(node.dataset.key);
        if (node.hidden === shown) node.hidden = !shown;
        if (shown) visible.push(node.dataset.key);
      }
      const size = visible.length - before;
      if (group.hidden === size > 0) group.hidden = size === 0;
      group.style.containIntrinsicBlockSize = `auto ${size * 8}rem`;
    }
    const size = String(visible.length);
    visible.forEach((key, k) => {
      const node = nodes.get(key), place = String(k + 1);
      if (node.ariaPosInSet !== place) node.ariaPosInSet = place;
      if (node.ariaSetSize !== size) node.ariaSetSize = size;
    });
    $("empty").hidden = visible.length > 0;
    const text = visible.length === segments.length ? "" : `${visible.length} of ${plural(segments.length, "segment", "segments")} shown`;
    $("shown").textContent = text;
    if (visible.length && !visible.includes(state.current)) select(visible[0], false);
    counts();
  };
  const counts = () => {
    for (const button of $("filters").children) {
      const n = segments.filter(FILTERS[button.dataset.filter][1]).length;
      button.querySelector(".n").textContent = n;
      button.hidden = n === 0 && !state.filters.has(button.dataset.filter) || (button.dataset.filter === "open" && !serve && !segments.some((s) => s.approved));
    }
    const done = segments.filter((s) => s.approved).length;
    const parts = [plural(segments.length, "segment", "segments")];
    if (done || serve) parts.push(`${done} approved`);
    if (data.totals) parts.push(data.totals);
    if (data.against) parts.unshift(`against ${data.against}`);
    $("headline").textContent = parts.join(" · ");
  };
  const select = (key, focus = true) => {
    const old = nodes.get(state.current);
    if (old) { old.classList.remove("current"); old.tabIndex = -1; glow(old, []); }
    state.current = key;
    const node = nodes.get(key);
    if (!node) return;
    if (!painted.has(key)) fill(key);
    node.classList.add("current");
    node.tabIndex = 0;
    if (focus) {
      node.focus({ preventScroll: true });
      const bar = document.querySelector(".bar"), room = node.getBoundingClientRect();
      const top = getComputedStyle(bar).position === "sticky" ? bar.offsetHeight : 0;
      if (room.top < top + 8 || room.bottom > innerHeight - 24) scrollTo({ top: scrollY + room.top - top - 24 });
    }
  };
  const move = (step, test = () => true) => {
    let k = visible.indexOf(state.current) + step;
    while (k >= 0 && k < visible.length && !test(byKey.get(visible[k]))) k += step;
    if (k >= 0 && k < visible.length) select(visible[k]);
    else say(step > 0 ? "Nothing further down." : "Nothing further up.");
  };
  const say = (text) => { $("saved").textContent = text; };

  const shell = (segment) => {
    const node = el("article", { class: "seg", id: "s-" + segment.key, tabindex: "-1", "data-key": segment.key });
    nodes.set(segment.key, node);
    watcher.observe(node);
    return node;
  };
  // What comes near the window is filled at once, the rest when there is nothing else to do.
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const key = entry.target.dataset.key;
      if (entry.isIntersecting && !painted.has(key)) fill(key);
    }
  }, { rootMargin: "1200px" });
  let waiting = 0;
  const later = window.requestIdleCallback ? (f) => requestIdleCallback(f, { timeout: 300 }) : (f) => setTimeout(() => f({ timeRemaining: () => 8 }), 30);
  const fillRest = (deadline) => {
    const until = performance.now() + Math.min(8, Math.max(3, deadline.timeRemaining()));
    while (waiting < segments.length && performance.now() < until) {
      const key = segments[waiting++].key;
      if (!painted.has(key)) fill(key);
    }
    if (waiting < segments.length) later(fillRest);
    else box.setAttribute("aria-busy", "false");
  };
  const repaint = () => { painted.clear(); waiting = 0; for (const key of near()) fill(key); later(fillRest); };
  const near = () => visible.filter((key) => {
    const room = nodes.get(key).getBoundingClientRect();
    return room.bottom > -600 && room.top < innerHeight + 600;
  });
  addEventListener("beforeprint", () => { for (const segment of segments) if (!painted.has(segment.key)) fill(segment.key); });

  // Editing (served pages only) ---------------------------------------------------------------------

  const send = async (path, body) => {
    const response = await fetch(serve.base + path, {
      method: "POST", headers: { "Content-Type": "application/json", "X-CSRF-Token": serve.csrf },
      body: JSON.stringify({ ...body, since: version }), cache: "no-store", credentials: "omit", redirect: "error",
    });
    let answer = {};
    try { answer = await response.json(); } catch { answer = { error: "The server gave no readable answer." }; }
    return { status: response.status, answer };
  };
  const LOST = "The review’s server does not answer: nothing was saved. Is `translate-issue review --serve` still running?";
  const act = async (path, body) => {
    say("Saving …");
    try {
      const { status, answer } = await send(path, body);
      if (answer.version) absorb(answer);
      say(status === 200 ? answer.said || "Saved." : answer.error || "Not saved.");
      return { status, answer };
    } catch { say(LOST); return { status: 0, answer: { error: LOST } }; }
  };
  // Takes over what the server knows to be different from what this page shows.
  const absorb = (answer) => {
    version = answer.version;
    if (answer.totals !== undefined) data.totals = answer.totals;
    const changed = answer.segments || [];
    const structure = answer.keys && (answer.keys.length !== segments.length || answer.keys.some((key, k) => segments[k].key !== key));
    for (const segment of changed) byKey.set(segment.key, segment);
    if (structure || changed.length) {
      const keys = answer.keys || segments.map((s) => s.key);
      for (const key of [...byKey.keys()]) if (!keys.includes(key)) { byKey.delete(key); nodes.get(key)?.remove(); nodes.delete(key); painted.delete(key); }
      segments = keys.map((key) => byKey.get(key));
      for (const segment of segments) if (!nodes.has(segment.key)) shell(segment);
      for (const segment of changed) if (painted.has(segment.key)) touch(segment.key);
      if (structure) { arrange(); repaint(); } else counts();
    }
    $("undo").hidden = !answer.undo;
    if (answer.undo) $("undo").title = `Undo: ${answer.undo} (u)`;
  };
  // An open editor stays as it is: what is being typed belongs to the translator.
  const touch = (key) => {
    const area = nodes.get(key)?.querySelector("textarea");
    if (area) {
      const note = nodes.get(key).querySelector(".error");
      if (note && drafts.get(key).base !== byKey.get(key).hash) note.textContent = "This text has changed in the file meanwhile; saving will ask you what to do.";
    } else fill(key);
  };
  const editor = (segment) => {
    const draft = drafts.get(segment.key);
    const id = "t-" + segment.key;
    const area = el("textarea", { id, lang: "pt-BR", dir: "auto", spellcheck: "true", "aria-describedby": "e-" + segment.key });
    area.value = draft.text;
    area.addEventListener("input", () => { draft.text = area.value; });
    return el("div", { class: "editor" },
      el("label", { for: id }, "Portuguese, in Markdown"), area,
      el("p", { class: "error", id: "e-" + segment.key, role: "alert" }, draft.error || ""),
      el("div", { class: "buttons" },
        el("button", { type: "button", class: "first do-save", onclick: () => save(segment.key, false) }, "Save"),
        el("button", { type: "button", class: "do-save-approve", disabled: segment.english === null, onclick: () => save(segment.key, true) }, segment.offers.length ? "Save and resolve" : "Save and approve"),
        el("button", { type: "button", onclick: () => cancel(segment.key) }, "Cancel")));
  };
  const edit = (key) => {
    const segment = byKey.get(key);
    if (!serve || !segment) return;
    if (!drafts.has(key)) drafts.set(key, { text: segment.markdown, base: segment.hash });
    select(key);
    fill(key);
    const area = nodes.get(key).querySelector("textarea");
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  };
  const cancel = (key) => { drafts.delete(key); fill(key); select(key); say(""); };
  const save = async (key, approved) => {
    const draft = drafts.get(key);
    if (!draft || draft.busy) return;
    draft.busy = true;
    const { status, answer } = await act("edit", { key, base: draft.base, text: draft.text, approve: approved });
    draft.busy = false;
    if (status === 200) { drafts.delete(key); fill(key); select(key); if (approved) move(1, (s) => !s.approved); }
    else if (status === 409) clash(key, answer, approved);
    else { draft.error = answer.error; const note = nodes.get(key)?.querySelector(".error"); if (note) note.textContent = answer.error; }
  };
  const approve = async (key) => {
    const segment = byKey.get(key);
    if (!serve || !segment || segment.offers.length || segment.english === null) return;
    const { status, answer } = await act("approve", { key, base: segment.hash, approved: !segment.approved });
    if (status === 200 && byKey.get(key)?.approved) move(1, (s) => !s.approved);
    else if (status === 409) say(answer.error);
  };
  const resolve = async (key, take) => {
    const segment = byKey.get(key);
    if (!segment) return;
    const { status, answer } = await act("resolve", { key, base: segment.hash, take });
    if (status === 409) say(answer.error);
    else if (status === 200) select(key);
  };
  const undo = async () => { if (serve && !$("undo").hidden) { const { answer } = await act("undo", {}); if (answer.key && nodes.has(answer.key)) select(answer.key); } };
  const clash = (key, answer, approved) => {
    const theirs = answer.current, dialog = $("clash");
    $("clash-why").textContent = answer.error;
    $("clash-theirs").replaceChildren(theirs ? bdi(theirs.markdown) : nothing("The segment is no longer in the file."));
    $("clash-yours").replaceChildren(bdi(drafts.get(key).text));
    $("clash-mine").hidden = !theirs;
    $("clash-keep").onclick = () => { dialog.close(); drafts.delete(key); if (nodes.has(key)) { fill(key); select(key); } say("Kept the file’s text."); };
    $("clash-mine").onclick = () => { dialog.close(); drafts.get(key).base = theirs.hash; save(key, approved); };
    $("clash-back").onclick = () => { dialog.close(); if (theirs) drafts.get(key).base = theirs.hash; edit(key); };
    dialog.showModal();
  };
  const poll = async () => {
    if (document.hidden) return;
    try {
      const response = await fetch(serve.base + "state?since=" + version, { cache: "no-store", credentials: "omit", redirect: "error" });
      if (!response.ok) { if (response.status === 409) say((await response.json()).error); return; }
      const answer = await response.json();
      if (answer.version !== version) { absorb(answer); say("The file changed; this page shows it as it is now."); }
    } catch { say(LOST); }
  };

  // Keys ---------------------------------------------------------------------------------------------

  const KEYS = [
    ["j / k", "next, previous segment", { j: () => move(1), k: () => move(-1) }],
    ["n / p", "next, previous segment to look at", { n: () => move(1, (s) => s.problem), p: () => move(-1, (s) => s.problem) }],
    ["← / →", "walk along the words: what they became lights up", null],
    ["v", "unified or side by side", { v: () => setView(state.view === "side" ? "unified" : "side") }],
    ["o", "document order or by effort", { o: () => setOrder(state.order === "effort" ? "document" : "effort") }],
    ["/", "search", { "/": () => $("query").focus() }],
    ["?", "this help", { "?": () => $("help").showModal() }],
  ];
  if (serve) {
    KEYS.splice(2, 0,
      ["e", "edit", { e: () => edit(state.current) }],
      ["a", "approve, or take the approval back", { a: () => approve(state.current) }],
      ["m / x", "conflict: keep the text (m), take the machine’s (x)", { m: () => choose("mine"), x: () => choose("machine") }],
      ["u", "undo", { u: undo }],
      ["Ctrl+Enter", "save (with Shift: and approve)", null], ["Esc", "leave the editor", null]);
  }
  const choose = (take) => { const s = byKey.get(state.current); if (s && s.offers.some((offer) => offer.intact)) resolve(s.key, take); };
  const actions = Object.assign({}, ...KEYS.map(([, , keys]) => keys || {}));
  document.addEventListener("keydown", (event) => {
    if (event.target instanceof HTMLTextAreaElement) {
      const key = event.target.closest(".seg").dataset.key;
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); save(key, event.shiftKey); }
      else if (event.key === "Escape") {
        event.preventDefault();
        if (drafts.get(key).text === byKey.get(key).markdown || confirm("Leave without saving this text?")) cancel(key);
      }
      return;
    }
    if (event.target === $("query")) { if (event.key === "Escape") { $("query").value = ""; search(); select(state.current); } else if (event.key === "Enter") select(state.current); return; }
    if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && event.target.closest(".seg")) { event.preventDefault(); walk(event.key === "ArrowRight" ? 1 : -1); return; }
    if (!state.single && event.key !== "?") return;
    if (Object.hasOwn(actions, event.key)) { event.preventDefault(); actions[event.key](); }
  });
  box.addEventListener("click", (event) => {
    const node = event.target.closest(".seg");
    if (node && node.dataset.key !== state.current) select(node.dataset.key, false);
  });
  box.addEventListener("focusin", (event) => {
    const node = event.target.closest(".seg");
    if (node && node.dataset.key !== state.current) select(node.dataset.key, false);
  });
  box.addEventListener("dblclick", (event) => {
    const node = event.target.closest(".seg");
    if (serve && node && event.target.closest(".pane:not(.en)")) edit(node.dataset.key);
  });

  // The bar ------------------------------------------------------------------------------------------

  const remember = () => { try { sessionStorage.setItem("review", JSON.stringify({ view: state.view, order: state.order, single: state.single })); } catch { /* a file: page may have no storage */ } };
  const press = (name, value) => { for (const b of document.querySelectorAll(`[data-${name}]`)) if (b.tagName === "BUTTON") b.setAttribute("aria-pressed", String(b.dataset[name] === value)); };
  const setView = (view) => {
    state.view = view;
    document.body.dataset.view = view;
    press("view", view);
    document.querySelector(".h-human").textContent = view === "side" ? (data.against && segments.some((s) => s.reference !== null) ? "Human version" : "Portuguese") : "Portuguese";
    document.querySelector(".h-machine").textContent = data.labels[segments.find((s) => s.origin)?.origin] || "Machine";
    repaint();
    remember();
  };
  const setOrder = (order) => { state.order = order; press("order", order); arrange(); repaint(); select(visible[0], false); scrollTo({ top: 0 }); remember(); };
  const search = () => { state.query = fold($("query").value.trim()); sieve(); };

  $("name").append(bdi(data.name));
  document.title = `${data.name} · review`;
  for (const note of data.notes) $("notes").append(put(el("p", { class: "note" }), note));
  for (const [name, [label]] of Object.entries(FILTERS)) {
    const button = el("button", { type: "button", "data-filter": name, "aria-pressed": "false" }, label, el("span", { class: "n" }));
    button.addEventListener("click", () => {
      state.filters.has(name) ? state.filters.delete(name) : state.filters.add(name);
      button.setAttribute("aria-pressed", String(state.filters.has(name)));
      sieve();
    });
    $("filters").append(button);
  }
  for (const button of document.querySelectorAll("button[data-view]")) button.addEventListener("click", () => setView(button.dataset.view));
  for (const button of document.querySelectorAll("button[data-order]")) button.addEventListener("click", () => setOrder(button.dataset.order));
  let timer = 0;
  $("query").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 80); });
  $("clear").addEventListener("click", () => { state.filters.clear(); $("query").value = ""; state.query = ""; for (const b of $("filters").children) b.setAttribute("aria-pressed", "false"); sieve(); });
  $("help-open").addEventListener("click", () => $("help").showModal());
  for (const [key, what] of KEYS) $("keys").append(el("tr", {}, el("td", {}, el("kbd", {}, key)), el("td", {}, what)));
  $("single").addEventListener("change", () => { state.single = $("single").checked; remember(); });
  $("undo").addEventListener("click", undo);
  let kept = {};
  try { kept = JSON.parse(sessionStorage.getItem("review")) || {}; } catch { /* the same */ }
  if (kept.single === false) { state.single = false; $("single").checked = false; }
  state.order = kept.order || data.order;
  press("order", state.order);
  for (const segment of segments) shell(segment);
  arrange();
  setView(kept.view || "unified");
  if (serve) {
    $("undo").hidden = !data.undo;
    setInterval(poll, 4000);
    addEventListener("focus", poll);
    addEventListener("beforeunload", (event) => {
      if ([...drafts].some(([key, draft]) => byKey.has(key) && draft.text !== byKey.get(key).markdown)) event.preventDefault();
    });
  }
  document.documentElement.dataset.ready = "1";
})();
