// The table is drawn anew only when it has changed, so that the focus stays where it is.
import { element, isPlainClick } from "./dom.js"

const drawn = new WeakMap()

// So many rows are looked through by eye; more are searched and sorted.
const SHORT = 30

const content = (cell, row, column) => cell.href
  ? element("a", { href: cell.href, "aria-label": `${cell.text}: ${cell.title}`, title: cell.title, "data-place": `${row},${column}` }, cell.text)
  : cell.text

const table = ({ label, header, rows, figures_from }) => {
  const kind = (column) => (column >= figures_from ? "number" : null)
  const heading = (text) => (rows.length > SHORT ? element("button", { type: "button", title: `Sort by ${text}` }, text) : text)
  return element("table", { "aria-label": label },
    element("thead", {}, element("tr", {}, ...header.map((text, column) => element("th", { scope: "col", class: kind(column) }, heading(text))))),
    element("tbody", {}, ...rows.map((cells, row) => element("tr", {}, ...cells.map((cell, column) =>
      element(column ? "td" : "th", { scope: column ? null : "row", class: kind(column) }, content(cell, row, column)))))))
}

const search = (label, count) => element("label", { class: "search" }, "Search",
  element("input", { type: "search", "aria-label": `Search: ${label}` }), element("span", { role: "status" }, `${count} rows`))

function showFound(host, words) {
  const rows = [...host.querySelectorAll("tbody tr")]
  rows.forEach((row) => { row.hidden = !row.cells[0].textContent.toLowerCase().includes(words.trim().toLowerCase()) })
  host.querySelector("[role=status]").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`
}

const sortKey = (row, column) => {
  const text = row.cells[column].textContent
  return { row, text, number: parseFloat(text.replace(/^[<>]/, "").replaceAll(",", "")) }
}

// Lowest first, highest first when asked again; what has no figure stays at the end.
function sortBy(head) {
  const down = head.getAttribute("aria-sort") === "ascending"
  head.closest("tr").querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"))
  head.setAttribute("aria-sort", down ? "descending" : "ascending")
  const order = (a, b) => a.number - b.number || a.text.localeCompare(b.text, undefined, { numeric: true })
  const body = head.closest("table").tBodies[0]
  body.append(...[...body.rows].map((row) => sortKey(row, head.cellIndex)).sort((a, b) =>
    Number.isNaN(a.number) - Number.isNaN(b.number) || (down ? order(b, a) : order(a, b))).map(({ row }) => row))
}

export default function ({ parentElement, data, setTriggerValue }) {
  const host = parentElement.querySelector(".host")
  const now = JSON.stringify(data)
  if (drawn.get(host) !== now) {
    const scroller = element("div", { class: "scroller", role: "group", tabindex: 0, "aria-label": data.label }, table(data))
    host.replaceChildren(...(data.rows.length > SHORT ? [search(data.label, data.rows.length)] : []), scroller)
    scroller.classList.toggle("long", data.rows.length > SHORT)
    drawn.set(host, now)
  }
  host.oninput = (event) => showFound(host, event.target.value)
  host.onclick = (event) => {
    const sorting = event.target.closest("thead button")
    if (sorting) sortBy(sorting.closest("th"))
    const link = event.target.closest("a")
    if (!link || !isPlainClick(event)) return
    event.preventDefault()
    setTriggerValue("opened", link.dataset.place.split(",").map(Number))
  }
}
