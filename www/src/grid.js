// A table that draws only the rows in view, so that a million of them scroll as ten do.

import { isNumber, typeText, valueText } from "./format.js";

const ROW = 26;
const SPARE_ROWS = 12;
// Browsers stop laying out at some 16 to 33 million pixels; above this, scrolling is scaled.
const MAX_HEIGHT = 8_000_000;
// How near the end of what is loaded the view may come before more is asked for.
const MORE_BEFORE = 200;
const SAMPLE_ROWS = 100;
const [MIN_WIDTH, MAX_WIDTH, MAX_TEXT] = [56, 420, 300];

export class Grid {
  #scroller;
  #head;
  #body;
  #columns = [];
  #rows = [];
  #widths = [];
  #drawn = new Map();
  #at = { row: 0, column: 0 };
  #frame = 0;
  #onMore;
  #onOpen;

  /**
   * @param {HTMLElement} parent
   * @param {{ onMore: () => void, onOpen: (column: object, value: unknown) => void }} callbacks
   *   `onMore` when the view comes near the end, `onOpen` when a cell is opened
   */
  constructor(parent, { onMore, onOpen }) {
    this.#onMore = onMore;
    this.#onOpen = onOpen;
    this.#scroller = element("div", "grid");
    this.#scroller.tabIndex = 0;
    this.#scroller.setAttribute("role", "grid");
    this.#scroller.setAttribute("aria-label", "Rows");
    this.#head = element("div", "grid-head");
    this.#head.setAttribute("role", "row");
    this.#body = element("div", "grid-body");
    this.#scroller.append(this.#head, this.#body);
    this.#scroller.hidden = true;
    parent.append(this.#scroller);
    this.#scroller.addEventListener("scroll", () => this.#schedule());
    this.#scroller.addEventListener("keydown", (event) => this.#key(event));
    this.#body.addEventListener("mousedown", (event) => this.#click(event));
    this.#body.addEventListener("dblclick", () => this.#open());
    new ResizeObserver(() => this.#schedule()).observe(this.#scroller);
  }

  get columns() {
    return this.#columns;
  }

  /** All rows that are loaded. */
  get rows() {
    return this.#rows;
  }

  /** Shows a new result, without rows yet. */
  show(columns) {
    this.#columns = columns;
    this.#rows = [];
    this.#widths = [];
    this.#at = { row: 0, column: 0 };
    this.#scroller.hidden = false;
    this.#scroller.scrollTo(0, 0);
    this.#scroller.setAttribute("aria-colcount", columns.length + 1);
    this.#clear();
    this.#drawHead();
  }

  hide() {
    this.#scroller.hidden = true;
    this.#columns = [];
    this.#rows = [];
    this.#clear();
  }

  /** Adds rows behind those that are there. */
  append(rows) {
    const first = this.#rows.length === 0;
    for (const row of rows) this.#rows.push(row);
    if (first) this.#measure();
    this.#widths[0] = indexWidth(this.#rows.length);
    this.#layOut();
    this.#scroller.setAttribute("aria-rowcount", this.#rows.length + 1);
  }

  #clear() {
    for (const row of this.#drawn.values()) row.remove();
    this.#drawn.clear();
    this.#body.style.height = "0";
  }

  #drawHead() {
    const cells = [element("div", "index", "#")];
    this.#columns.forEach((column, i) => {
      const cell = element("div", isNumber(column) ? "number" : "");
      cell.setAttribute("role", "columnheader");
      cell.title = `${column.name} ${typeText(column)}${column.nullable ? "" : " NOT NULL"}`;
      const handle = element("span", "handle");
      handle.addEventListener("pointerdown", (event) => this.#resize(event, i + 1));
      cell.append(element("b", "", column.name), element("small", "", typeText(column)), handle);
      cells.push(cell);
    });
    this.#head.replaceChildren(...cells);
    this.#measure();
    this.#widths[0] = indexWidth(0);
    this.#layOut();
  }

  // Widths by the headings and the first rows.
  #measure() {
    const pen = document.createElement("canvas").getContext("2d");
    const style = getComputedStyle(this.#scroller);
    pen.font = `${style.fontSize} ${style.fontFamily}`;
    const charWidth = pen.measureText("0").width;
    pen.font = `600 ${style.fontSize} ${getComputedStyle(this.#head).fontFamily}`;
    this.#widths = [indexWidth(this.#rows.length)];
    this.#columns.forEach((column, i) => {
      // A NUMBER's first rows say little about how many digits come later.
      const least = isNumber(column) ? 10 : 4;
      const heading = pen.measureText(column.name).width / charWidth;
      let longest = Math.max(heading, typeText(column).length, least);
      for (const row of this.#rows.slice(0, SAMPLE_ROWS)) {
        if (row[i] !== null) longest = Math.max(longest, valueText(row[i]).length);
      }
      const width = Math.ceil(longest * charWidth) + 24;
      this.#widths.push(Math.min(Math.max(width, MIN_WIDTH), MAX_WIDTH));
    });
  }

  #layOut() {
    const template = this.#widths.map((width) => `${width}px`).join(" ");
    // The last column takes what is left, so that lines go to the edge.
    this.#scroller.style.setProperty("--columns", template);
    this.#head.style.gridTemplateColumns = template;
    const total = this.#widths.reduce((sum, width) => sum + width, 0);
    this.#body.style.width = `${total}px`;
    this.#body.style.height = `${Math.min(this.#rows.length * ROW, MAX_HEIGHT)}px`;
    for (const row of this.#drawn.values()) row.style.gridTemplateColumns = template;
    this.#schedule();
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  // The pixel, on a scale of ROW per row, at the top of the view; and where that pixel is drawn.
  #top() {
    const view = this.#scroller.clientHeight - this.#head.offsetHeight;
    const full = this.#rows.length * ROW;
    const drawn = Math.min(full, MAX_HEIGHT);
    const scroll = Math.min(this.#scroller.scrollTop, Math.max(drawn - view, 0));
    const scale = drawn > view ? (full - view) / (drawn - view) : 1;
    return { view, scroll, top: scroll * scale, scale };
  }

  #draw() {
    if (this.#scroller.hidden) return;
    const { view, scroll, top } = this.#top();
    const first = Math.max(Math.floor(top / ROW) - SPARE_ROWS, 0);
    const last = Math.min(Math.ceil((top + view) / ROW) + SPARE_ROWS, this.#rows.length);
    for (const [index, row] of this.#drawn) {
      if (index < first || index >= last) {
        row.remove();
        this.#drawn.delete(index);
      }
    }
    for (let index = first; index < last; index++) {
      let row = this.#drawn.get(index);
      if (!row) {
        row = this.#makeRow(index);
        this.#drawn.set(index, row);
        this.#body.append(row);
      }
      row.style.top = `${Math.round(scroll + index * ROW - top)}px`;
    }
    if (this.#rows.length > 0 && top + view > (this.#rows.length - MORE_BEFORE) * ROW) {
      this.#onMore();
    }
  }

  #makeRow(index) {
    const row = element("div", "grid-row");
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", index + 2);
    row.style.gridTemplateColumns = this.#head.style.gridTemplateColumns;
    row.append(element("div", "index", (index + 1).toLocaleString("en-US")));
    this.#rows[index].forEach((value, i) => {
      const cell = element("div", isNumber(this.#columns[i]) ? "number" : "");
      cell.setAttribute("role", "gridcell");
      if (value === null) {
        cell.classList.add("null");
        cell.textContent = "NULL";
      } else {
        const text = valueText(value);
        cell.textContent = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
      }
      if (index === this.#at.row && i === this.#at.column) cell.classList.add("at");
      row.append(cell);
    });
    return row;
  }

  #click(event) {
    const cell = event.target.closest(".grid-row > div");
    if (!cell) return;
    const row = cell.parentElement;
    const index = Number(row.getAttribute("aria-rowindex")) - 2;
    const column = Array.prototype.indexOf.call(row.children, cell) - 1;
    if (column >= 0) this.#select(index, column);
  }

  #select(row, column) {
    if (this.#rows.length === 0) return;
    const cellOf = () => this.#drawn.get(this.#at.row)?.children[this.#at.column + 1];
    cellOf()?.classList.remove("at");
    this.#at = {
      row: Math.min(Math.max(row, 0), this.#rows.length - 1),
      column: Math.min(Math.max(column, 0), this.#columns.length - 1),
    };
    this.#reveal();
    cellOf()?.classList.add("at");
  }

  #reveal() {
    const { view, top, scale } = this.#top();
    const y = this.#at.row * ROW;
    if (y < top) this.#scroller.scrollTop = y / scale;
    else if (y + ROW > top + view) this.#scroller.scrollTop = Math.ceil((y + ROW - view) / scale);
    const widths = this.#widths.slice(0, this.#at.column + 1);
    const left = widths.reduce((sum, width) => sum + width, 0);
    const right = left + this.#widths[this.#at.column + 1];
    const { scrollLeft, clientWidth } = this.#scroller;
    if (left - this.#widths[0] < scrollLeft) this.#scroller.scrollLeft = left - this.#widths[0];
    else if (right > scrollLeft + clientWidth) this.#scroller.scrollLeft = right - clientWidth;
    this.#draw();
  }

  #key(event) {
    const { row, column } = this.#at;
    const page = Math.max(Math.floor(this.#scroller.clientHeight / ROW) - 2, 1);
    const moves = {
      ArrowDown: [row + 1, column],
      ArrowUp: [row - 1, column],
      ArrowRight: [row, column + 1],
      ArrowLeft: [row, column - 1],
      PageDown: [row + page, column],
      PageUp: [row - page, column],
      Home: event.ctrlKey ? [0, 0] : [row, 0],
      End: event.ctrlKey ? [this.#rows.length - 1, column] : [row, this.#columns.length - 1],
    };
    if (event.key in moves) this.#select(...moves[event.key]);
    else if (event.key === "Enter") this.#open();
    else if (event.key === "c" && (event.ctrlKey || event.metaKey)) this.#copyCell();
    else return;
    event.preventDefault();
  }

  #open() {
    const value = this.#rows[this.#at.row]?.[this.#at.column];
    if (value !== undefined) this.#onOpen(this.#columns[this.#at.column], value);
  }

  #copyCell() {
    const value = this.#rows[this.#at.row]?.[this.#at.column];
    if (value !== undefined) navigator.clipboard?.writeText(value === null ? "" : valueText(value));
  }

  #resize(event, column) {
    event.preventDefault();
    const handle = event.target;
    const start = event.clientX;
    const width = this.#widths[column];
    handle.setPointerCapture(event.pointerId);
    const move = ({ clientX }) => {
      this.#widths[column] = Math.max(width + clientX - start, 36);
      this.#layOut();
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", () => handle.removeEventListener("pointermove", move), {
      once: true,
    });
  }
}

function indexWidth(rows) {
  return Math.max(String(rows).length * 9 + 22, 46);
}

function element(name, className = "", text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
