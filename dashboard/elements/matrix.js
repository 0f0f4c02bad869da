// A confusion matrix of real buttons: one tab stop, arrow keys to move, Enter, Space or a click to choose.
import { element } from "./dom.js"
import { newPicture, PICTURE_MARGIN, savePicture } from "./picture.js"

const MOVES = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  Home: [0, -Infinity], End: [0, Infinity], PageUp: [-Infinity, 0], PageDown: [Infinity, 0],
}

// So many classes fit on a phone in cells that are easily touched.
const ROOMY = 12

const heading = (scope, kind, name, short) =>
  element("th", { scope, class: kind, title: name }, element("span", {}, short))

function build(data) {
  const head = element("tr", {}, element("td", { class: "corner" }, element("span", {}, "true \\ predicted")),
    ...data.names.map((name, k) => heading("col", "column", name, data.short[k])))
  const rows = data.names.map((name, row) => element("tr", {}, heading("row", "row", name, data.short[row]),
    ...data.names.map((_, column) => element("td", {},
      element("button", { type: "button", "data-row": row, "data-column": column })))))
  const table = element("table", { class: data.names.length > ROOMY ? "matrix dense" : "matrix", "data-names": JSON.stringify(data.names) },
    element("caption", {}, element("span")),
    element("thead", {}, head), element("tbody", {}, ...rows))
  table.style.setProperty("--classes", data.names.length)
  return table
}

const button = (table, row, column) =>
  table.querySelector(`button[data-row="${row}"][data-column="${column}"]`)

function update(table, data) {
  table.querySelector("caption span").textContent = `${data.caption} ${data.hint}`
  data.cells.forEach((cell) => {
    const target = button(table, cell.row, cell.column)
    const chosen = data.chosen !== null && data.chosen[0] === cell.row && data.chosen[1] === cell.column
    target.textContent = cell.text
    target.setAttribute("aria-label", cell.name)
    target.setAttribute("aria-pressed", String(chosen))
    target.title = cell.name
    target.style.background = `light-dark(${cell.light[0]}, ${cell.dark[0]})`
    target.style.color = `light-dark(${cell.light[1]}, ${cell.dark[1]})`
    target.classList.toggle("diagonal", cell.row === cell.column)
  })
}

function rove(table, row, column) {
  table.querySelectorAll('button[tabindex="0"]').forEach((other) => { other.tabIndex = -1 })
  const target = button(table, row, column)
  target.tabIndex = 0
  return target
}

const CELL = 52
const [ROW_NAMES, COLUMN_NAMES] = [84, 84]

function drawPicture(host, table, data) {
  const across = data.names.length * CELL
  const context = newPicture(host, data.caption, ROW_NAMES + across + PICTURE_MARGIN, COLUMN_NAMES + across + PICTURE_MARGIN)
  const middle = (k) => (k + 0.5) * CELL
  data.short.forEach((name, k) => {
    context.textAlign = "end"
    context.fillText(name, ROW_NAMES - 8, COLUMN_NAMES + middle(k))
    context.save()
    context.translate(ROW_NAMES + middle(k), COLUMN_NAMES - 8)
    context.rotate(-Math.PI / 2)
    context.textAlign = "start"
    context.fillText(name, 0, 0)
    context.restore()
  })
  context.textAlign = "center"
  data.cells.forEach(({ row, column, text }) => {
    const style = getComputedStyle(button(table, row, column))
    context.fillStyle = style.backgroundColor
    context.fillRect(ROW_NAMES + column * CELL, COLUMN_NAMES + row * CELL, CELL - 2, CELL - 2)
    context.fillStyle = style.color
    context.fillText(text, ROW_NAMES + middle(column) - 1, COLUMN_NAMES + middle(row) - 1)
  })
  return context
}

const place = (target) => [Number(target.dataset.row), Number(target.dataset.column)]

export default function (component) {
  const { parentElement, data, setTriggerValue } = component
  const host = parentElement.querySelector(".host")
  let table = host.querySelector("table")
  // Kept from one update to the next of the same classes, so that the focus stays where it is.
  if (table?.dataset.names !== JSON.stringify(data.names)) {
    table = build(data)
    host.replaceChildren(element("div", { class: "scroller" }, table),
      element("button", { type: "button", class: "picture", "aria-label": "Save image of the matrix" }, "Save image"))
    table.querySelectorAll("button").forEach((cell) => { cell.tabIndex = -1 })
    rove(table, ...(data.chosen ?? [0, 0]))
  }
  update(table, data)
  host.querySelector(".picture").onclick = () => savePicture(drawPicture(host, table, data), data.picture)
  const last = data.names.length - 1
  const clamp = (value) => Math.min(last, Math.max(0, value))

  table.onclick = (event) => {
    const target = event.target.closest("button")
    if (!target) return
    rove(table, ...place(target))
    setTriggerValue("chosen", place(target))
  }
  table.onkeydown = (event) => {
    const target = event.target.closest("button")
    const move = MOVES[event.key]
    if (!target || !move) return
    event.preventDefault()
    const [row, column] = place(target)
    rove(table, clamp(row + move[0]), clamp(column + move[1])).focus()
  }
}
