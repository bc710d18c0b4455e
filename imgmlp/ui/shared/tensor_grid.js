// A table whose cells are coloured by their numbers; the numbers themselves are read by pointer or screen reader.
const table = element.querySelector("table"), readout = element.querySelector(".readout");
const BLUE = [33, 102, 172], WHITE = [255, 255, 255], ORANGE = [217, 95, 2], BLACK = [0, 0, 0];

const mix = (from, to, share) => `rgb(${from.map((part, i) => Math.round(part + (to[i] - part) * Math.min(1, share)))})`;
const colour = (value, { diverging, full }) =>
  diverging ? mix(WHITE, value < 0 ? BLUE : ORANGE, Math.abs(value) / full) : mix(BLACK, WHITE, value / full);

const show = () => {
  const grid = props.value;
  readout.textContent = grid?.title ?? "";
  if (!grid) return table.replaceChildren();
  const height = `${100 / grid.rows.length}%`;
  const head = `<tr style="height:0"><td></td>${grid.rows[0].map((_, column) => `<th scope="col">${column}</th>`).join("")}</tr>`;
  const body = grid.rows.map((row, y) =>
    `<tr style="height:${height}"><th scope="row">${y}</th>${row.map((value) => `<td style="background:${colour(value, grid)}">${value}</td>`).join("")}</tr>`);
  table.innerHTML = head + body.join("");
  table.setAttribute("aria-label", grid.title);
};

table.addEventListener("pointerover", (event) => {
  const cell = event.target.closest("td[style]");
  if (cell) readout.textContent = `[${cell.parentElement.rowIndex - 1}, ${cell.cellIndex - 1}] = ${cell.textContent}`;
});
table.addEventListener("pointerleave", () => { readout.textContent = props.value?.title ?? ""; });

watch("value", show);
show();
